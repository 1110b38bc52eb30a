internal import Glibc

/// A TCP socket of 127.0.0.1 with a port that the system has chosen.
struct LoopbackSocket {
    let descriptor: Int32
    let address: sockaddr_in

    var port: UInt16 { UInt16(bigEndian: address.sin_port) }

    /// - Parameter backlog: nil: it does not listen.
    init(backlog: Int32?) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = Self.addressLength
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(descriptor, pointer, length) == 0 else { return Int32(-1) }
                if let backlog, listen(descriptor, backlog) != 0 { return -1 }
                return getsockname(descriptor, pointer, &length)
            }
        }
        guard status == 0 else {
            let number = errno
            Glibc.close(descriptor)
            throw RawConnection.Failure.system("bind", number)
        }
        self.descriptor = descriptor
        self.address = address
    }

    static let addressLength = socklen_t(MemoryLayout<sockaddr_in>.size)
}
