internal import Glibc

/// A port of this machine whose queue of connections is full: further ones are neither taken nor refused.
public final class FullPort {
    private let listener: LoopbackSocket
    private let fillers: [Int32]

    public init() throws {
        listener = try LoopbackSocket(backlog: 0)
        var address = listener.address
        // A queue of length 0 takes one.
        fillers = (0..<4).map { _ in
            let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(filler, $0, LoopbackSocket.addressLength)
                }
            }
            return filler
        }
    }

    deinit {
        for filler in fillers { close(filler) }
        close(listener.descriptor)
    }

    public var origin: String { "http://127.0.0.1:\(listener.port)" }
}
