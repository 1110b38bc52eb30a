import EventLoop
import HTTPTypes
import Inbound

/// A request as the server saw it.
struct SeenRequest: Sendable, Equatable {
    let method: String
    let path: String
    let authorization: String?
    let streamFormat: String?
    let body: String
}

/// A server on this machine that answers by a script: the gateway, or Friendli's API, as a test needs it.
final class ScriptedServer: RequestHandler {
    enum Answer: Sendable {
        case whole(Int, String)
        /// 200 and an event stream.
        case stream(@Sendable (ResponseStream) async -> Void)
        /// 200 and an event stream that is left open, until the client goes away.
        case open(String)
        /// 200 and a byte now and then, until the client goes away.
        case drip
        /// Nothing, until the client goes away.
        case silence
    }

    typealias Script = @Sendable (SeenRequest) -> Answer

    private let script: Script
    private let requests = Locked<[SeenRequest]>([])

    private init(script: @escaping Script) {
        self.script = script
    }

    /// Serves `script` while `body` runs, which is given the server's address and the requests seen so far.
    static func run<Result: Sendable>(
        _ script: @escaping Script,
        body: (_ origin: String, _ seen: @Sendable () -> [SeenRequest]) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(script: script)
        let sockets = try ListenSockets(host: "127.0.0.1", port: 0, count: 1)
        let reactor = try Reactor(name: "scripted server")
        let daemon = try await Task(executorPreference: reactor) {
            try InboundDaemon(
                reactor: reactor,
                listenSocket: sockets.descriptors[0],
                limits: InboundLimits(),
                count: ConnectionCount(),
                handler: server
            )
        }.value
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(
                try await body("http://127.0.0.1:\(sockets.port)") { server.requests.withLock { $0 } }
            )
        } catch {
            outcome = .failure(error)
        }
        await Task(executorPreference: reactor) { daemon.stop() }.value
        reactor.stop()
        return try outcome.get()
    }

    private func start(_ exchange: Exchange) -> ResponseStream {
        exchange.startStream(status: 200, headerFields: [.contentType: "text/event-stream"])
    }

    func admit(_ head: RequestHead) -> Admission { .accept(endsWithClient: true) }

    func refusal(_ fault: InboundFault, to head: RequestHead) -> Response { Response(status: 400) }

    func handle(_ exchange: Exchange) async {
        let fields = exchange.head.headerFields
        let seen = SeenRequest(
            method: exchange.head.method.rawValue,
            path: exchange.head.path,
            authorization: fields[.authorization],
            streamFormat: HTTPField.Name("X-Stream-Format").flatMap { fields[$0] },
            body: String(decoding: exchange.takeBody(), as: UTF8.self)
        )
        requests.withLock { $0.append(seen) }
        switch script(seen) {
        case .whole(let status, let body):
            exchange.respond(Response(status: status, body: Array(body.utf8)))
        case .stream(let write):
            let stream = start(exchange)
            await write(stream)
            stream.finish()
        case .open(let text):
            start(exchange).send(text)
            try? await exchange.reactor.sleep(for: .seconds(60))
        case .drip:
            let stream = start(exchange)
            while !Task.isCancelled {
                stream.send("x")
                try? await exchange.reactor.sleep(for: .milliseconds(5))
            }
        case .silence:
            try? await exchange.reactor.sleep(for: .seconds(60))
        }
    }
}

extension ScriptedServer.Answer {
    /// A stream that comes all at once.
    static func events(_ text: String) -> ScriptedServer.Answer {
        .stream { $0.send(text) }
    }
}

extension ResponseStream {
    func send(_ text: String) {
        write { $0.append(contentsOf: text.utf8) }
    }
}
