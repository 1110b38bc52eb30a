import Foundation
import Glibc

/// The built executable as a process of its own, in an empty directory. Every wait is bounded.
final class ChildProcess {
    enum Failure: Error { case timeout, ended(String), noExecutable(String) }

    /// What one of its descriptors gives.
    final class Output {
        private let pipe = Pipe()
        private var pending: [UInt8] = []
        private var isAtEnd = false

        fileprivate func attach() -> Pipe { pipe }
        private var descriptor: Int32 { pipe.fileHandleForReading.fileDescriptor }

        /// The next line, without its end.
        func line() throws -> String {
            while true {
                if let end = pending.firstIndex(of: 0x0A) {
                    defer { pending.removeFirst(end + 1) }
                    return String(decoding: pending[..<end], as: UTF8.self)
                }
                guard !isAtEnd else { throw Failure.ended(String(decoding: pending, as: UTF8.self)) }
                try readMore()
            }
        }

        /// All that is left, once the process has closed it.
        func rest() throws -> String {
            while !isAtEnd { try readMore() }
            defer { pending = [] }
            return String(decoding: pending, as: UTF8.self)
        }

        /// Makes further writes fail.
        func close() {
            try? pipe.fileHandleForReading.close()
        }

        /// Sets how much it holds that is not read, in bytes.
        func resize(to capacity: Int32) {
            // F_SETPIPE_SZ of fcntl(2).
            _ = fcntl(descriptor, 1031, capacity)
        }

        private func readMore() throws {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 30_000) > 0 else { throw Failure.timeout }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &bytes, bytes.count)
            if count <= 0 { isAtEnd = true }
            pending += bytes.prefix(max(0, count))
        }
    }

    let output = Output()
    let diagnostics = Output()
    let directory: URL
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - environment: beside what a process needs to run at all.
    ///   - environmentFile: content of `.env` in its working directory.
    ///   - startsClosed: whether it is started without the standard descriptors.
    init(
        _ arguments: [String], _ environment: [String: String] = [:], environmentFile: String? = nil,
        startsClosed: Bool = false
    ) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        if let environmentFile {
            try Data(environmentFile.utf8).write(to: directory.appendingPathComponent(".env"))
        }
        let executable = try Self.executable()
        process.executableURL = startsClosed ? URL(fileURLWithPath: "/bin/sh") : executable
        let redirection = [#"exec "$@" <&- >&- 2>&-"#, "sh", executable.path]
        process.arguments = (startsClosed ? ["-c"] + redirection : []) + arguments
        let inherited = ProcessInfo.processInfo.environment.filter { ["PATH", "LD_LIBRARY_PATH"].contains($0.key) }
        process.environment = inherited.merging(environment) { $1 }
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.attach()
        process.standardError = diagnostics.attach()
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    /// What its descriptor is.
    func target(of descriptor: Int) throws -> String {
        let link = "/proc/\(process.processIdentifier)/fd/\(descriptor)"
        return try FileManager.default.destinationOfSymbolicLink(atPath: link)
    }

    /// What everyone on the machine can read of how it was started.
    func commandLine() throws -> String {
        try String(contentsOfFile: "/proc/\(process.processIdentifier)/cmdline", encoding: .utf8)
    }

    /// CPU time that it has used so far, its own and the kernel's for it: fields 14 and 15 of proc_pid_stat(5).
    func processorTime() throws -> Duration {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text.drop { $0 != ")" }.split(separator: " ").dropFirst()
        let ticks = fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +)
        return .milliseconds(ticks * 1_000 / max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(at: directory)
    }

    /// SIGTERM.
    func terminate() {
        process.terminate()
    }

    /// Waits for the end, which closes both descriptors.
    /// - Returns: what it had still to say, and its exit status; 128 and the number for a signal.
    func end() throws -> (output: String, diagnostics: String, status: Int32) {
        let rest = try output.rest()
        let (diagnostics, status) = try endUnheard()
        return (rest, diagnostics, status)
    }

    /// The same without reading its standard output.
    func endUnheard() throws -> (diagnostics: String, status: Int32) {
        let diagnostics = try diagnostics.rest()
        guard ended.wait(timeout: .now() + 30) == .success else { throw Failure.timeout }
        let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
        return (diagnostics, signal + process.terminationStatus)
    }

    /// Beside the test's own executable, where the build puts both.
    private static func executable() throws -> URL {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let arguments = ([own] + CommandLine.arguments).map { URL(fileURLWithPath: $0) }
        for url in arguments {
            let candidate = url.deletingLastPathComponent().appendingPathComponent("inference-gateway")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
        }
        throw Failure.noExecutable(own)
    }
}

extension ChildProcess {
    /// A gateway that serves, in front of `upstream`.
    static func gateway(
        upstream: String, _ environment: [String: String] = [:]
    ) throws -> (process: ChildProcess, port: UInt16) {
        let settings = ["UPSTREAM_BASE_URL": upstream, "PORT": "0"].merging(environment) { $1 }
        let process = try ChildProcess(["serve"], settings)
        return (process, try process.readyPort())
    }

    /// Reads up to the log line that tells the port.
    func readyPort() throws -> UInt16 {
        while true {
            let line = try LogObject(try output.line())
            guard line["message"] as? String == "listening" else { continue }
            guard let port = line["port"] as? Int, let port = UInt16(exactly: port), port > 0 else {
                throw Failure.ended("no port")
            }
            return port
        }
    }
}

/// One line of the log.
struct LogObject {
    private let members: [String: Any]

    init(_ line: String) throws {
        members = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }

    subscript(name: String) -> Any? { members[name] }
}
