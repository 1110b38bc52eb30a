import EventLoop
import HTTPTypes
import Inbound

/// An Inbound server on a reactor of its own, whose handler is a closure.
final class TestServer: RequestHandler, Sendable {
    typealias Handler = @Sendable (Exchange) async -> Void

    let reactor: Reactor
    let connections = ConnectionCount()
    private let admission: @Sendable (RequestHead) -> Admission
    private let handler: Handler
    private let started = Locked<(daemon: InboundDaemon, port: UInt16)?>(nil)

    private init(admission: @escaping @Sendable (RequestHead) -> Admission, handler: @escaping Handler) throws {
        reactor = try Reactor(name: "test")
        self.admission = admission
        self.handler = handler
    }

    /// Runs `body` with a server that is stopped afterwards, whatever happens.
    static func with(
        limits: InboundLimits = InboundLimits(headerTimeout: .seconds(600), writeTimeout: .seconds(600)),
        admission: @escaping @Sendable (RequestHead) -> Admission = { _ in .accept(endsWithClient: false) },
        handler: @escaping Handler,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let server = try TestServer(admission: admission, handler: handler)
        do {
            let listener = try ListenSockets(host: "127.0.0.1", port: 0, count: 1)
            try await server.run {
                let daemon = try InboundDaemon(
                    reactor: server.reactor,
                    listenSocket: listener.descriptors[0],
                    limits: limits,
                    count: server.connections,
                    handler: server
                )
                server.started.withLock { $0 = (daemon, listener.port) }
            }
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    var port: UInt16 { started.withLock { $0?.port } ?? 0 }

    var daemon: InboundDaemon? { started.withLock { $0?.daemon } }

    func connect(receiveBuffer: Int32? = nil) throws -> SocketClient {
        try SocketClient(port: port, receiveBuffer: receiveBuffer)
    }

    /// Runs `body` on the server's reactor.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await Task(executorPreference: reactor) { try await body() }.value
    }

    /// Waits until `condition`, asked on the reactor, holds.
    /// - Throws: `WaitFailure.timedOut`.
    func eventually(_ what: String, _ condition: @escaping @Sendable () -> Bool) async throws {
        let reactor = reactor
        try await run {
            let deadline = MonotonicInstant.now().advanced(by: .seconds(patience))
            while !condition() {
                guard MonotonicInstant.now() < deadline else {
                    throw WaitFailure.timedOut(waitingFor: what, seen: "false")
                }
                try await reactor.sleep(for: .milliseconds(1))
            }
        }
    }

    /// Keeps the reactor's thread busy with `body`, so that what it does seems to have come all at once.
    func whileBlocked(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await run { try body() }
    }

    private func stop() async {
        _ = try? await run { [self] in daemon?.stop() }
        reactor.stop()
    }

    // MARK: RequestHandler

    func admit(_ head: RequestHead) -> Admission {
        admission(head)
    }

    func handle(_ exchange: Exchange) async {
        await handler(exchange)
    }

    func refusal(_ fault: InboundFault, to head: RequestHead) -> Response {
        let status =
            switch fault {
            case .badFraming: 400
            case .lengthRequired: 411
            case .bodyTooLarge: 413
            case .unanswered: 500
            }
        return Response(status: status, body: Array("\(fault)".utf8))
    }
}
