import Glibc

/// A TCP server whose connections a test answers byte by byte. Every wait is bounded by `patience`.
final class SocketServer: Sendable {
    private let descriptor: Int32
    let port: UInt16

    /// Listens on a free port of this machine.
    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw WaitFailure.system(call: "socket", errno: errno) }
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 100) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard status else { throw WaitFailure.system(call: "bind", errno: errno) }
    }

    deinit {
        close(descriptor)
    }

    /// The next connection.
    func accept() async throws -> SocketClient {
        try await onThread {
            var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(patience * 1000)) > 0 else {
                throw WaitFailure.timedOut(waitingFor: "a connection", seen: "none")
            }
            let accepted = Glibc.accept(self.descriptor, nil, nil)
            guard accepted >= 0 else { throw WaitFailure.system(call: "accept", errno: errno) }
            return SocketClient(accepted: accepted)
        }
    }
}
