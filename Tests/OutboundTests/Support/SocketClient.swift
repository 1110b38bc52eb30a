import EventLoop
import Glibc

/// A TCP client that sends and reads raw bytes. Every wait is bounded by `patience`. One caller at a time.
final class SocketClient: Sendable {
    private let descriptor: Int32
    private let unread = Locked<[UInt8]>([])
    private let closed = Locked(false)

    /// Connects to this machine's port.
    /// - Parameter receiveBuffer: SO_RCVBUF in bytes, for clients that shall not take much.
    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw WaitFailure.system(call: "socket", errno: errno) }
        set(IPPROTO_TCP, TCP_NODELAY, Int32(1))
        if let receiveBuffer { set(Int(SOL_SOCKET), SO_RCVBUF, receiveBuffer) }
        set(Int(SOL_SOCKET), SO_SNDTIMEO, timeval(tv_sec: patience, tv_usec: 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let reason = errno
            close()
            throw WaitFailure.system(call: "connect", errno: reason)
        }
    }

    /// The near end of an accepted connection.
    init(accepted descriptor: Int32) {
        self.descriptor = descriptor
        set(IPPROTO_TCP, TCP_NODELAY, Int32(1))
        set(Int(SOL_SOCKET), SO_SNDTIMEO, timeval(tv_sec: patience, tv_usec: 0))
    }

    deinit {
        close()
    }

    // MARK: Sending

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await onThread { try self.sendNow(bytes) }
    }

    /// Sends on the calling thread. Small amounts never block.
    func sendNow(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw WaitFailure.system(call: "send", errno: errno) }
            sent += count
        }
    }

    /// Sends FIN: no more will be sent, but still read.
    func halfClose() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Sends RST.
    func reset() {
        set(Int(SOL_SOCKET), SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        close()
    }

    func close() {
        let first = closed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        if first { _ = Glibc.close(descriptor) }
    }

    private func set<Value: BitwiseCopyable>(_ level: Int, _ option: Int32, _ value: Value) {
        var value = value
        setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    // MARK: Reading

    /// Reads up to and including `mark`.
    func read(until mark: String) async throws -> String {
        let mark = Array(mark.utf8)
        let bytes = try await take("\(String(decoding: mark, as: UTF8.self).debugDescription)") { unread in
            var start = 0
            while start + mark.count <= unread.count {
                if unread[start..<(start + mark.count)].elementsEqual(mark) { return start + mark.count }
                start += 1
            }
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func read(count: Int) async throws -> [UInt8] {
        try await take("\(count) bytes") { $0.count >= count ? count : nil }
    }

    /// Reads until the server ends the connection, in whatever way.
    func readToEnd() async throws -> [UInt8] {
        try await onThread {
            while try self.receive("the end") {}
            return self.unread.withLock { unread in
                defer { unread = [] }
                return unread
            }
        }
    }

    /// Whether the server has ended the connection, after at most `milliseconds` of waiting for something to read.
    func ends(withinMilliseconds milliseconds: Int32) async throws -> Bool {
        try await onThread { try self.wait(milliseconds: milliseconds) && !self.receive("the end") }
    }

    private func take(_ goal: String, _ find: @escaping @Sendable ([UInt8]) -> Int?) async throws -> [UInt8] {
        try await onThread {
            while true {
                let found: [UInt8]? = self.unread.withLock { unread in
                    guard let count = find(unread) else { return nil }
                    defer { unread.removeFirst(count) }
                    return Array(unread[..<count])
                }
                if let found { return found }
                guard try self.receive(goal) else { throw WaitFailure.ended(waitingFor: goal, seen: self.seen) }
            }
        }
    }

    private var seen: String {
        unread.withLock { String(decoding: $0.prefix(300), as: UTF8.self).debugDescription }
    }

    private func wait(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) > 0
    }

    /// - Returns: false when the server has ended the connection.
    private func receive(_ goal: String) throws -> Bool {
        guard wait(milliseconds: Int32(patience * 1000)) else {
            throw WaitFailure.timedOut(waitingFor: goal, seen: seen)
        }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        unread.withLock { $0.append(contentsOf: buffer[..<count]) }
        return true
    }
}
