import Glibc
import Inbound
import TestSupport
import Testing

@Suite("Listening sockets", .timeLimit(.minutes(5)))
struct ListenSocketsTests {
    private func close(_ sockets: ListenSockets) {
        for descriptor in sockets.descriptors { _ = Glibc.close(descriptor) }
    }

    /// A listener of somebody else.
    private func foreignListener(reusePort: Bool) throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        if reusePort { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | listen(descriptor, 1) | getsockname(descriptor, address, &length)
            }
        }
        try #require(status == 0)
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    @Test("on port 0 share the one that the system chose", arguments: [1, 4])
    func anyPort(count: Int) throws {
        let sockets = try ListenSockets(host: "127.0.0.1", port: 0, count: count)
        defer { close(sockets) }
        #expect(sockets.port != 0)
        #expect(sockets.descriptors.count == count)
        // All of them listen, so the kernel takes connections for each.
        for _ in 0..<(4 * count) { _ = try RawConnection(port: sockets.port) }
    }

    @Test("are refused where another listens, also one that would share", arguments: [false, true])
    func taken(reusePort: Bool) throws {
        let other = try foreignListener(reusePort: reusePort)
        defer { _ = Glibc.close(other.descriptor) }
        for host in ["127.0.0.1", "0.0.0.0", "::"] {
            let error = #expect(throws: ListenError.self) {
                try ListenSockets(host: host, port: other.port, count: 2)
            }
            guard case .refused(_, let port, let errno)? = error else {
                Issue.record("\(host): \(String(describing: error))")
                continue
            }
            #expect(port == other.port && errno == EADDRINUSE)
        }
    }

    @Test("are refused where others of the same kind listen")
    func takenByOurs() throws {
        let first = try ListenSockets(host: "127.0.0.1", port: 0, count: 2)
        _ = #expect(throws: ListenError.self) { try ListenSockets(host: "127.0.0.1", port: first.port, count: 2) }
        close(first)
        close(try ListenSockets(host: "127.0.0.1", port: first.port, count: 2))
    }

    @Test("on :: are reached by IPv4 too")
    func dualStack() throws {
        let sockets = try ListenSockets(host: "::", port: 0, count: 2)
        defer { close(sockets) }
        for _ in 0..<4 { _ = try RawConnection(port: sockets.port) }
    }

    /// No name server is asked for a label that is too long.
    @Test(
        "by a name, or none that there is",
        arguments: [("localhost", true), (String(repeating: "a", count: 64) + ".invalid", false), ("", false)])
    func names(host: String, known: Bool) {
        let sockets = Result { try ListenSockets(host: host, port: 0, count: 1) }
        switch sockets {
        case .success(let sockets):
            #expect(known)
            close(sockets)
        case .failure(let error):
            #expect(!known)
            #expect(error is ListenError)
        }
    }

    @Test("are refused at an address that is not ours")
    func notOurs() {
        let error = #expect(throws: ListenError.self) { try ListenSockets(host: "192.0.2.1", port: 0, count: 1) }
        #expect(error?.description.hasPrefix("cannot listen on 192.0.2.1") == true)
    }
}
