internal import EventLoop
internal import Inbound

/// A scriptable OpenAI-style upstream: for the demo, the tests and the benchmark.
public struct MockServer: Sendable {
    public let port: UInt16
    public let recorder: MockRecorder
    private let loops: [MockLoop]

    private init(port: UInt16, recorder: MockRecorder, loops: [MockLoop]) {
        self.port = port
        self.recorder = recorder
        self.loops = loops
    }

    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - script: looked at first; nil leaves the choice to the request's model or `X-Mock-Script`.
    /// - Throws: `ListenError`, `SystemError`.
    public static func start(
        host: String = "127.0.0.1", port: UInt16 = 0, loops count: Int = 1,
        script: @escaping @Sendable (MockRequest) -> MockScript? = { _ in nil }
    ) async throws -> MockServer {
        let sockets = try ListenSockets(host: host, port: port, count: count)
        let recorder = MockRecorder()
        let connections = ConnectionCount()
        var loops: [MockLoop] = []
        for descriptor in sockets.descriptors {
            let loop = MockLoop(reactor: try Reactor(name: "mock-\(loops.count)"))
            try await loop.reactor.perform {
                loop.daemon = try InboundDaemon(
                    reactor: loop.reactor, listenSocket: descriptor,
                    limits: InboundLimits(connections: 100_000, bodyBytes: 1 << 30), count: connections,
                    handler: MockHandler(recorder: recorder, choose: script))
            }
            loops.append(loop)
        }
        return MockServer(port: sockets.port, recorder: recorder, loops: loops)
    }

    /// Breaks off what is open and ends the threads.
    public func stop() async {
        for loop in loops {
            await loop.reactor.perform {
                loop.daemon?.stop()
                loop.daemon = nil
            }
            loop.reactor.stop()
        }
    }

    /// For a gateway's `UPSTREAM_BASE_URL`.
    public var baseURL: String { "http://127.0.0.1:\(port)" }
}

/// One loop of a mock upstream.
///
/// `@unchecked Sendable` is sound: `daemon` is written on the reactor before the loop is shared, and used there only.
final class MockLoop: @unchecked Sendable {
    let reactor: Reactor
    var daemon: InboundDaemon?

    init(reactor: Reactor) {
        self.reactor = reactor
    }
}
