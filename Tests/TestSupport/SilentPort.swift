internal import Glibc

/// A port of this machine at which nobody listens, and nobody else will as long as this lives: connections to it are
/// refused.
public final class SilentPort {
    private let socket: LoopbackSocket

    public init() throws {
        socket = try LoopbackSocket(backlog: nil)
    }

    deinit { close(socket.descriptor) }

    public var number: UInt16 { socket.port }
    public var origin: String { "http://127.0.0.1:\(number)" }
}
