public import EventLoop
public import HTTPTypes
public import Outbound

/// An HTTP client on a loop of its own, for tests: real sockets, as a user's client has them.
public final class TestClient: Sendable {
    public let reactor: Reactor
    private let multi: MultiHandle

    /// A whole response.
    public struct Answer: Sendable {
        public let status: Int
        public let headerFields: HTTPFields
        public let body: [UInt8]

        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// - Parameter caFile: PEM file of the certificates that it trusts; nil: the system's.
    public init(caFile: String? = nil) async throws {
        let reactor = try Reactor(name: "client")
        self.reactor = reactor
        multi = try await reactor.perform {
            try MultiHandle(
                reactor: reactor,
                settings: OutboundSettings(idleConnections: 4, caFile: caFile, userAgent: "test-client"))
        }
    }

    /// Closes all connections and ends the thread.
    public func stop() async {
        await reactor.perform { self.multi.close() }
        reactor.stop()
    }

    /// Runs `body` on the client's loop, where transfers may be used.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable (MultiHandle) async throws -> Result
    ) async throws -> Result {
        let multi = multi
        return try await Task(executorPreference: reactor) { try await body(multi) }.value
    }

    /// One request and its whole response.
    public func send(_ request: UpstreamRequest) async throws -> Answer {
        try await run { multi in
            let transfer = try Transfer(request, on: multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            let body = try await transfer.readAll(limit: 1 << 30)
            return Answer(status: head.status, headerFields: head.headerFields, body: body)
        }
    }
}
