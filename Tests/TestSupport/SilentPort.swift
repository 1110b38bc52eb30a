internal import Glibc

/// A port of this machine at which nobody listens, and nobody else will as long as this lives: connections to it are
/// refused.
public final class SilentPort {
    private let descriptor: Int32
    public let number: UInt16

    public init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        number = UInt16(bigEndian: address.sin_port)
        guard status == 0 else {
            close(descriptor)
            throw RawConnection.Failure.system("bind", errno)
        }
    }

    deinit { close(descriptor) }

    public var origin: String { "http://127.0.0.1:\(number)" }
}
