import HTTPTypes
import Inbound

/// An exchange that a test answers step by step from outside, while its handler waits.
final class HeldExchange: Sendable {
    let exchange: Exchange
    /// The request's body.
    let body: [UInt8]
    /// Told when the handler's task is cancelled.
    let cancellations: Mailbox<Void>
    private let gate = AsyncStream<Void>.makeStream()

    private init(_ exchange: Exchange, cancellations: Mailbox<Void>) {
        self.exchange = exchange
        self.cancellations = cancellations
        body = exchange.takeBody()
    }

    /// A handler that puts each exchange into `mailbox` and waits until it is let go or cancelled.
    static func handler(_ mailbox: Mailbox<HeldExchange>) -> TestServer.Handler {
        { exchange in
            let held = HeldExchange(exchange, cancellations: Mailbox())
            mailbox.put(held)
            await withTaskCancellationHandler {
                for await _ in held.gate.stream {}
            } onCancel: {
                held.cancellations.put()
            }
        }
    }

    /// Lets the handler return.
    func letGo() {
        gate.continuation.finish()
    }

    /// Runs `body` on the exchange's reactor.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (Exchange) async throws -> Result
    ) async throws -> Result {
        try await Task(executorPreference: exchange.reactor) { [exchange] in try await body(exchange) }.value
    }

    func respond(_ response: Response) async throws {
        try await run { $0.respond(response) }
        letGo()
    }

    func startStream(status: Int = 200, headerFields: HTTPFields = [:]) async throws -> ResponseStream {
        try await run { $0.startStream(status: status, headerFields: headerFields) }
    }

    func write(_ text: String, to stream: ResponseStream) async throws {
        try await run { _ in stream.write { $0.append(contentsOf: text.utf8) } }
    }

    func finish(_ stream: ResponseStream) async throws {
        try await run { _ in stream.finish() }
        letGo()
    }
}
