import EventLoop
import HTTPTypes
import TestSupport
import Testing

@testable import Inbound

/// A server whose every request is handled by a closure of the test.
final class TestServer: Sendable {
    let port: UInt16
    let reactor: Reactor
    let connections: ConnectionCount
    private let daemon: InboundDaemon

    private init(port: UInt16, reactor: Reactor, connections: ConnectionCount, daemon: InboundDaemon) {
        self.port = port
        self.reactor = reactor
        self.connections = connections
        self.daemon = daemon
    }

    /// A server for the time of `body`.
    /// - Parameter endsWithClient: for which paths a half-close cancels the request.
    @discardableResult
    static func run<Result>(
        limits: InboundLimits = InboundLimits(),
        endsWithClient: @escaping @Sendable (RequestHead) -> Bool = { $0.path.hasPrefix("/stream") },
        refuse: @escaping @Sendable (RequestHead) -> Response? = { _ in nil },
        handle: @escaping @Sendable (Exchange) async -> Void = { $0.respond(.echo($0)) },
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let sockets = try ListenSockets(host: "127.0.0.1", port: 0, count: 1)
        let reactor = try Reactor(name: "inbound")
        let connections = ConnectionCount()
        let handler = ClosureHandler(endsWithClient: endsWithClient, refuse: refuse, handle: handle)
        let daemon = try await reactor.perform {
            try InboundDaemon(
                reactor: reactor, listenSocket: sockets.descriptors[0], limits: limits, count: connections,
                handler: handler)
        }
        let server = TestServer(port: sockets.port, reactor: reactor, connections: connections, daemon: daemon)
        // The body blocks its thread, so it has one of its own.
        let client = try Reactor(name: "client")
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await withTaskExecutorPreference(client) { try await body(server) })
        } catch {
            result = .failure(error)
        }
        await server.stopDaemon()
        #expect(connections.value == 0)
        client.stop()
        reactor.stop()
        return try result.get()
    }

    func stopDaemon() async {
        await reactor.perform { self.daemon.stop() }
    }

    func perform<Result: Sendable>(_ body: @escaping @Sendable (InboundDaemon) -> Result) async -> Result {
        await reactor.perform { body(self.daemon) }
    }

    func idle(within limit: Duration) async -> Bool {
        await Task(executorPreference: reactor) { await self.daemon.idle(within: limit) }.value
    }

    func connect() throws -> RawConnection { try RawConnection(port: port) }

    /// What comes back for `request`, to the end of the connection.
    func exchange(_ request: String) throws -> String {
        let connection = try connect()
        try connection.send(request)
        return try connection.receiveToEnd()
    }
}

private struct ClosureHandler: RequestHandler {
    let endsWithClient: @Sendable (RequestHead) -> Bool
    let refuse: @Sendable (RequestHead) -> Response?
    let handle: @Sendable (Exchange) async -> Void

    func admit(_ head: RequestHead) -> Admission {
        if let response = refuse(head) { return .refuse(response) }
        return .accept(endsWithClient: endsWithClient(head))
    }

    func handle(_ exchange: Exchange) async { await handle(exchange) }

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

extension Response {
    static func text(_ text: String, status: Int = 200) -> Response {
        Response(status: status, headerFields: [.contentType: "text/plain"], body: Array(text.utf8))
    }

    /// Method, path and body of a request.
    static func echo(_ exchange: Exchange) -> Response {
        let body = String(decoding: exchange.takeBody(), as: UTF8.self)
        return .text("\(exchange.head.method.rawValue) \(exchange.head.path) [\(body)]")
    }
}

/// Waits until `condition`, of which nobody tells, holds.
func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}

extension Exchange {
    /// Waits until the task is cancelled.
    func untilCancelled() async {
        while !Task.isCancelled { try? await reactor.sleep(for: .seconds(3600)) }
    }

    /// Lets all that can go on without a client do so.
    func someTurns() async {
        for _ in 0..<20 { await reactor.perform {} }
    }
}
