import EventLoop
import HTTPTypes
import Outbound
import TestSupport

/// A multi handle on a reactor of its own, for a test that calls upstreams.
final class Caller: Sendable {
    let reactor: Reactor
    let multi: MultiHandle

    private init(settings: OutboundSettings) async throws {
        let reactor = try Reactor(name: "caller")
        self.reactor = reactor
        do {
            multi = try await Task(executorPreference: reactor) {
                try MultiHandle(reactor: reactor, settings: settings)
            }.value
        } catch {
            reactor.stop()
            throw error
        }
    }

    static func with(
        settings: OutboundSettings = OutboundSettings(),
        _ body: (Caller) async throws -> Void
    ) async throws {
        let caller = try await Caller(settings: settings)
        do {
            try await body(caller)
        } catch {
            await caller.stop()
            throw error
        }
        await caller.stop()
    }

    private func stop() async {
        _ = try? await run { self.multi.close() }
        reactor.stop()
    }

    func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await Task(executorPreference: reactor) { try await body() }.value
    }

    /// Starts a transfer, which `Caller` closes when `body` is done with it.
    func start<Result: Sendable>(
        _ request: UpstreamRequest,
        _ body: @escaping @Sendable (Transfer) async throws -> Result
    ) async throws -> Result {
        try await run {
            let transfer = try Transfer(request, on: self.multi)
            defer { transfer.close() }
            return try await body(transfer)
        }
    }

    /// Makes a whole call.
    func call(_ request: UpstreamRequest, limit: Int = .max) async throws -> Answer {
        try await start(request) { transfer in
            let head = try await transfer.responseHead()
            return Answer(head: head, body: try await transfer.readAll(limit: limit))
        }
    }

    struct Answer: Sendable {
        let head: UpstreamResponseHead
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The failure of a whole call, nil when it succeeds.
    func failure(of request: UpstreamRequest, limit: Int = .max) async throws -> UpstreamFailure? {
        do {
            _ = try await call(request, limit: limit)
            return nil
        } catch let failure as UpstreamFailure {
            return failure
        }
    }
}

extension UpstreamRequest {
    static func get(
        _ port: UInt16,
        _ path: String = "/",
        fields: HTTPFields = [:],
        silence: Duration = .seconds(300)
    ) -> UpstreamRequest {
        UpstreamRequest(
            method: .get,
            url: "http://127.0.0.1:\(port)\(path)",
            headerFields: fields,
            connectTimeout: .seconds(300),
            silenceTimeout: silence
        )
    }

    static func post(_ port: UInt16, _ path: String = "/", fields: HTTPFields = [:], body: [UInt8]) -> UpstreamRequest {
        UpstreamRequest(
            method: .post,
            url: "http://127.0.0.1:\(port)\(path)",
            headerFields: fields,
            body: RequestBody(body),
            connectTimeout: .seconds(300),
            silenceTimeout: .seconds(300)
        )
    }
}

extension Transfer {
    /// The next part of the body as text; nil at its end.
    func readText() async throws -> String? {
        var part: [UInt8] = []
        return try await read(into: &part) ? String(decoding: part, as: UTF8.self) : nil
    }
}
