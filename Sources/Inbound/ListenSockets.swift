internal import EventLoop
import Glibc

/// Why no socket listens.
public enum ListenError: Error, CustomStringConvertible {
    /// The host is neither an address of this machine nor a name for one.
    case unresolved(host: String, reason: String)
    /// Another process holds the port, or this one may not have it.
    case refused(host: String, port: UInt16, errno: Int32)
    /// What was given for HTTPS is no certificate, no private key, or they do not belong together.
    case unusableCredentials

    public var description: String {
        switch self {
        case .unresolved(let host, let reason): "cannot listen on \(host): \(reason)"
        case .unusableCredentials: "the TLS certificate and its private key cannot be used together, or at all"
        case .refused(let host, let port, let errno):
            "cannot listen on \(host) port \(port): \(String(cString: strerror(errno)))"
        }
    }
}

/// Sockets that listen on one port, one for each event loop: the kernel spreads connections over them
/// (`SO_REUSEPORT`, socket(7)).
public struct ListenSockets: Sendable {
    public let descriptors: [Int32]
    /// The port in use, also where port 0 asked for any.
    public let port: UInt16

    /// Opens `count` sockets.
    ///
    /// `SO_REUSEPORT` alone would let a second instance share the port silently, so the port is first bound without
    /// it, which fails when anyone else listens there.
    /// - Parameter host: a numeric address or a name; `::` listens on IPv4 too.
    /// - Throws: `ListenError`.
    public init(host: String, port: UInt16, count: Int) throws(ListenError) {
        let address = try Self.resolve(host: host, port: port)
        if port != 0 {
            let probe = try Self.open(address, host: host, shared: false)
            close(probe)
        }
        var opened: [Int32] = []
        do throws(ListenError) {
            let first = try Self.open(address, host: host, shared: true)
            opened.append(first)
            let chosen = Self.port(of: first)
            let known = port == 0 ? try Self.resolve(host: host, port: chosen) : address
            while opened.count < count {
                opened.append(try Self.open(known, host: host, shared: true))
            }
            for descriptor in opened where listen(descriptor, 4096) != 0 {
                throw ListenError.refused(host: host, port: chosen, errno: errno)
            }
            self.descriptors = opened
            self.port = chosen
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
    }

    private struct Address {
        var storage = sockaddr_storage()
        var length: socklen_t
        var family: Int32
        var port: UInt16
    }

    private static func resolve(host: String, port: UInt16) throws(ListenError) -> Address {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0, let first = list, let source = first.pointee.ai_addr else {
            throw .unresolved(host: host, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(first) }
        var address = Address(length: first.pointee.ai_addrlen, family: first.pointee.ai_family, port: port)
        withUnsafeMutableBytes(of: &address.storage) { target in
            target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(first.pointee.ai_addrlen)))
        }
        return address
    }

    private static func open(_ address: Address, host: String, shared: Bool) throws(ListenError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw .refused(host: host, port: address.port, errno: errno) }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if shared { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        if address.family == AF_INET6 { set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        var storage = address.storage
        let status = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, address.length) }
        }
        // Where SO_REUSEADDR is set on both sides, only listen(2) tells of another listener.
        guard status == 0, shared || listen(descriptor, 1) == 0 else {
            let reason = errno
            close(descriptor)
            throw .refused(host: host, port: address.port, errno: reason)
        }
        return descriptor
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        SocketAddress(localOf: descriptor)?.port ?? 0
    }
}
