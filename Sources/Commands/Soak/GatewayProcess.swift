import EventLoop
import Glibc
import JSON

/// `serve` as a process of its own, so that what it uses can be measured. Its log goes to a file.
struct GatewayProcess: Sendable {
    let pid: pid_t
    let port: UInt16
    private let log: String

    enum Failure: Error, CustomStringConvertible {
        case spawn(Int32)
        case didNotStart(log: String)

        var description: String {
            switch self {
            case .spawn(let number): "the gateway's process cannot be made: errno \(number)"
            case .didNotStart(let log): "the gateway has not started:\n\(log)"
            }
        }
    }

    /// Starts it and waits until it accepts connections. On a reactor's thread.
    /// - Parameters:
    ///   - environment: all of it.
    ///   - log: path of the file, which is made anew.
    static func start(
        _ environment: [String: String], log: String, on reactor: Reactor
    ) async throws -> GatewayProcess {
        var environment = environment
        environment["ENV_FILE"] = "/dev/null"
        environment["LOG_FORMAT"] = "json"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(
                &actions, descriptor, log, O_WRONLY | O_CREAT | O_APPEND | (descriptor == STDOUT_FILENO ? O_TRUNC : 0),
                0o600)
        }
        let copy = { (text: String) -> UnsafeMutablePointer<CChar>? in strdup(text) }
        let arguments = ["inference-gateway", "serve"].map(copy) + [nil]
        let variables = environment.map { copy("\($0)=\($1)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid = pid_t()
        let status = posix_spawn(&pid, "/proc/self/exe", &actions, nil, arguments, variables)
        guard status == 0 else { throw Failure.spawn(status) }
        for _ in 0..<600 {
            try await reactor.sleep(for: .milliseconds(50))
            let text = ProcessFiles.text(of: log)
            if let port = listeningPort(text) { return GatewayProcess(pid: pid, port: port, log: log) }
            if waitpid(pid, nil, WNOHANG) == pid { break }
        }
        Glibc.kill(pid, SIGKILL)
        throw Failure.didNotStart(log: ProcessFiles.text(of: log))
    }

    private static func listeningPort(_ log: String) -> UInt16? {
        guard let line = log.split(separator: "\n").first(where: { $0.contains(#""message":"listening""#) }),
            let number = line.split(separator: #""port":"#, maxSplits: 1).last?.prefix(while: \.isNumber)
        else { return nil }
        return UInt16(number)
    }

    /// Sends SIGTERM.
    func terminate() {
        Glibc.kill(pid, SIGTERM)
    }

    /// Ends it, whatever it does.
    func kill() {
        Glibc.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    /// Waits for its end.
    /// - Returns: its exit status; -1 when a signal has ended it, or `limit` has passed, at which it is killed.
    func end(within limit: Duration, on reactor: Reactor) async throws -> Int32 {
        let deadline = MonotonicInstant.now().advanced(by: limit)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 {
            if MonotonicInstant.now() > deadline {
                kill()
                return -1
            }
            try await reactor.sleep(for: .milliseconds(20))
        }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }

    // MARK: What it uses

    /// Resident memory in KiB.
    var residentKiB: Int {
        let pages = ProcessFiles.text(of: "/proc/\(pid)/statm").split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1_024
    }

    /// Open descriptors.
    var descriptors: Int { ProcessFiles.entries(of: "/proc/\(pid)/fd") }

    /// Processor time so far, its own and the kernel's for it: fields 14 and 15 of proc_pid_stat(5).
    var processorMilliseconds: Int {
        let fields = ProcessFiles.text(of: "/proc/\(pid)/stat").drop { $0 != ")" }.split(separator: " ")
        let ticks = fields.dropFirst(12).prefix(2).compactMap { Int($0) }.reduce(0, +)
        return ticks * 1_000 / max(1, sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Log lines with this message.
    func logLines(_ message: String) -> Int {
        ProcessFiles.count(of: Array(#""message":"\#(message)""#.utf8), in: log)
    }
}

/// Reading of small files and directories.
enum ProcessFiles {
    /// Empty when it cannot be read.
    static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += part[..<count]
        }
    }

    /// How often `needle`, of which no beginning comes again within it but its first byte, occurs in a file of any size.
    static func count(of needle: [UInt8], in path: String) -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, let first = needle.first else { return 0 }
        defer { close(descriptor) }
        var count = 0
        var matched = 0
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let length = read(descriptor, &part, part.count)
            guard length > 0 else { return count }
            for byte in part[..<length] {
                matched = byte == needle[matched] ? matched + 1 : byte == first ? 1 : 0
                if matched == needle.count {
                    count += 1
                    matched = 0
                }
            }
        }
    }

    static func entries(of path: String) -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without `.` and `..`.
        return max(0, count - 2)
    }
}
