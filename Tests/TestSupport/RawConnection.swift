internal import Glibc

/// A TCP connection whose every byte the test decides. Calls block, for at most a minute each; the servers under test
/// have threads of their own.
public final class RawConnection {
    public enum Failure: Error { case system(String, Int32), timeout }

    private var descriptor: Int32

    public init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.system("connect", errno) }
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    public func send(_ text: String) throws {
        try send(Array(text.utf8))
    }

    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Failure.system("send", errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// The next bytes; none when the peer has closed its side or the connection is broken.
    public func receive(_ limit: Int = 1 << 16) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &bytes, limit, 0)
        if count < 0, errno == EAGAIN { throw Failure.timeout }
        return Array(bytes.prefix(max(0, count)))
    }

    /// Reads until `text` has come, or the connection ends.
    /// - Returns: all that was read.
    public func receive(until text: String) throws -> String {
        var all = ""
        while !all.contains(text) {
            let bytes = try receive()
            if bytes.isEmpty { break }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    public func receiveToEnd() throws -> String {
        var all: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    /// Ends the sending side only.
    public func halfClose() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    public func close() {
        Glibc.close(descriptor)
        descriptor = -1
    }

    /// Closes with a reset instead of a FIN.
    public func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    /// Makes the kernel hold little of what is not read. Before anything is sent.
    public func shrinkReceiveBuffer() {
        var size: Int32 = 4096
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// Raw HTTP requests.
public enum RawRequest {
    public static func post(
        _ body: String, _ fields: String = "", path: String = "/v1/chat/completions"
    ) -> String {
        "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }

    public static func get(_ path: String, _ fields: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n"
    }
}
