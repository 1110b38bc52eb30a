internal import EventLoop
internal import HTTPTypes
internal import Inbound
internal import ServerSentEvents

/// The mock's side of one loop.
struct MockHandler: RequestHandler {
    let recorder: MockRecorder
    let choose: @Sendable (MockRequest) -> MockScript?

    /// Bytes that wait for a slow client before the script is held.
    private static let highWatermark = 64 << 10

    func admit(_ head: RequestHead) -> Admission {
        .accept(endsWithClient: head.method == .post)
    }

    func refusal(_ fault: InboundFault, to head: RequestHead) -> Response {
        Response(status: 400, headerFields: [.contentType: "text/plain"], body: Array("\(fault)\n".utf8))
    }

    func handle(_ exchange: Exchange) async {
        let head = exchange.head
        guard head.method == .post else { return exchange.respond(get(head.path)) }
        let request = MockRequest(path: head.path, headerFields: head.headerFields, body: exchange.takeBody())
        let attempt = recorder.begin(request)
        let script =
            choose(request)
            ?? (request.isSummaryCall
                ? MockSummary.script(request)
                : MockCatalog.script(request.scriptName, request: request, attempt: attempt))
        await play(script, to: exchange)
        recorder.end(disconnected: Task.isCancelled)
    }

    private func get(_ path: String) -> Response {
        let models = """
            {"object":"list","data":[{"id":"mock-tags","object":"model"},{"id":"mock-reasoning","object":"model"},\
            {"id":"mock-chat","object":"model","created":1700000000,"owned_by":"mock"}]}
            """
        let body = path.hasSuffix("/models") ? models : #"{"status":"ok"}"#
        return Response(status: 200, headerFields: [.contentType: "application/json"], body: Array(body.utf8))
    }

    private func play(_ script: MockScript, to exchange: Exchange) async {
        if script.isSilent { return await hang(exchange) }
        if let whole = script.whole {
            if script.delay > .zero { try? await exchange.reactor.sleep(for: script.delay) }
            var fields = whole.headerFields
            fields[.contentType] = "application/json"
            return exchange.respond(Response(status: whole.status, headerFields: fields, body: Array(whole.body.utf8)))
        }
        let stream = exchange.startStream(status: 200, headerFields: [.contentType: "text/event-stream"])
        recorder.streamBegan()
        defer { recorder.streamEnded() }
        for step in script.steps {
            guard !Task.isCancelled else { return }
            switch step {
            case .event(let data):
                await send(data, to: stream)
            case .bytes(let bytes):
                stream.write { $0 += bytes }
                await stream.drained(to: Self.highWatermark)
            case .repeated(let data, let count, let interval):
                await repeatEvent(data, count, interval, to: stream, on: exchange.reactor)
            case .pause(let duration):
                try? await exchange.reactor.sleep(for: duration)
            case .await(let condition):
                await condition()
            case .cut:
                // What was sent before must arrive before the end does.
                await stream.drained(to: 0)
                return exchange.breakOff()
            case .hang:
                return await hang(exchange)
            }
        }
        stream.finish()
    }

    private func repeatEvent(
        _ data: String, _ count: Int, _ interval: Duration, to stream: ResponseStream, on reactor: Reactor
    ) async {
        // Kept from one due time to the next, so that a late timer does not stretch the pace.
        var due = MonotonicInstant.now()
        var left = count
        while left > 0, !Task.isCancelled {
            left -= 1
            if interval > .zero {
                due = due.advanced(by: interval)
                let wait = MonotonicInstant.now().duration(to: due)
                if wait > .zero { try? await reactor.sleep(for: wait) }
            }
            await send(data, to: stream)
        }
    }

    private func send(_ data: String, to stream: ResponseStream) async {
        stream.write { output in
            let before = output.count
            EventStreamEncoder.appendEvent(data: data.utf8.span, to: &output)
            recorder.sent(output.count - before)
        }
        await stream.drained(to: Self.highWatermark)
    }

    private func hang(_ exchange: Exchange) async {
        while !Task.isCancelled { try? await exchange.reactor.sleep(for: .seconds(3600)) }
        exchange.breakOff()
    }
}
