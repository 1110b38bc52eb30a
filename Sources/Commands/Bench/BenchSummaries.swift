import ArgumentParser
import EventLoop
import Gateway
import HTTPTypes
import Logging
import MockUpstream
import Outbound
import ServerSentEvents

/// `inference-gateway bench-summaries`: what summaries cost a reader in time, in each mode, against a paced mock upstream.
struct BenchSummaries: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-summaries",
        abstract: "Measure how long a reader waits for summaries and for the answer, in each mode.",
        discussion:
            "A mock upstream thinks for a while and then answers; its summaries take their time. All on this machine.",
        shouldDisplay: false)

    @Option(help: "Streams in each mode.")
    var streams = 20
    @Option(help: "Milliseconds of reasoning.")
    var thinking = 6_000
    @Option(help: "Characters of reasoning.")
    var characters = 4_000
    @Option(help: "Milliseconds that a summary takes.")
    var summary = 700

    private static let modes: [(name: String, environment: [String: String])] = [
        ("no summaries", ["PROMPT_SUMMARY": "off", "REASONING_SUMMARY": "off"]),
        ("final (reference)", [:]),
        ("final, streamed", ["SUMMARY_STREAM": "true"]),
        ("rolling", ["REASONING_SUMMARY": "rolling"]),
        ("rolling, streamed", ["REASONING_SUMMARY": "rolling", "SUMMARY_STREAM": "true"]),
    ]

    func validate() throws {
        guard (1...1_000).contains(streams), (100...600_000).contains(thinking), (1...1_000_000).contains(characters),
            (0...60_000).contains(summary)
        else { throw ValidationError("an option is out of range") }
    }

    func run() async throws {
        ClientLoop.prepareProcess()
        print(
            "\(streams) streams a mode; \(thinking) ms and \(characters) characters of reasoning; a summary takes \(summary) ms"
        )
        print(Self.row(["mode", "first words", "silence", "delay p50", "delay max"]))
        for mode in Self.modes {
            let runs = try await measure(mode.environment)
            let delays = runs.map(\.answerDelay).sorted()
            print(
                Self.row([
                    mode.name, Self.median(runs.compactMap(\.firstWords)), Self.median(runs.map(\.longestSilence)),
                    delays.isEmpty ? "-" : Self.milliseconds(delays[delays.count / 2]),
                    delays.last.map(Self.milliseconds) ?? "-",
                ]))
        }
    }

    /// What a reader of one stream saw.
    private struct Reading: Sendable {
        /// From the request to the first words of a summary.
        var firstWords: Duration?
        var longestSilence = Duration.zero
        /// From the upstream's first word of the answer to the reader's.
        var answerDelay = Duration.zero
    }

    private func measure(_ environment: [String: String]) async throws -> [Reading] {
        let clock = AnswerClock()
        let template = script
        let mock = try await MockServer.start(script: { request in
            guard !request.isSummaryCall, let id = request.headerFields[BenchSummaries.requestID] else { return nil }
            var script = template
            let position = script.steps.firstIndex { if case .await = $0 { true } else { false } }
            if let position { script.steps[position] = .await { await clock.note(id) } }
            return script
        })
        var environment = environment
        environment["UPSTREAM_BASE_URL"] = mock.baseURL
        environment["PORT"] = "0"
        let gateway = try await GatewayInstance.start(
            configuration: GatewayConfiguration(environment: environment),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let port = gateway.port
        let count = streams
        let summary = summary
        let readings = try await ClientLoop.run { multi in
            try await withThrowingTaskGroup(of: Reading.self) { group in
                for number in 0..<count {
                    group.addTask {
                        try await Self.read(number, port: port, summary: summary, clock: clock, on: multi)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        await gateway.stop()
        await mock.stop()
        return readings
    }

    private static let requestID = HTTPField.Name("x-request-id") ?? .userAgent

    /// The mock's own scripted thought, with a mark where the answer begins.
    private var script: MockScript {
        var script = MockScript.named("mock-think:chars=\(characters),ms=\(thinking)")
        let answer = script.steps.firstIndex { step in
            if case .event(let data) = step { data.contains(#""content":"The"#) } else { false }
        }
        script.steps.insert(.await {}, at: answer ?? script.steps.endIndex)
        return script
    }

    private static func read(
        _ number: Int, port: UInt16, summary: Int, clock: AnswerClock, on multi: MultiHandle
    ) async throws -> Reading {
        // Not all in step, as readers never are.
        try await multi.reactor.sleep(for: .milliseconds(number * 37))
        let id = "bench-\(number)"
        let question = String(repeating: "Why is the sky blue, and why is it not violet? ", count: 12)
        let body =
            #"{"model":"m","stream":true,"summary_model":"mock-summary:delay=\#(summary),interval=20","#
            + #""messages":[{"role":"user","content":"\#(question)"}]}"#
        let request = UpstreamRequest(
            method: .post, url: "http://127.0.0.1:\(port)/v1/chat/completions",
            headerFields: [.contentType: "application/json", requestID: id], body: RequestBody(Array(body.utf8)))
        let transfer = try Transfer(request, on: multi)
        defer { transfer.close() }
        var reading = Reading()
        let began = MonotonicInstant.now()
        var last = began
        var hasAnswer = false
        var decoder = EventStreamDecoder(maximumEventBytes: 8 << 20)
        var bytes: [UInt8] = []
        _ = try await transfer.responseHead()
        while try await transfer.read(into: &bytes) {
            let now = MonotonicInstant.now()
            var position = 0
            while let event = try decoder.next(bytes.span, &position) {
                reading.longestSilence = max(reading.longestSilence, last.duration(to: now))
                last = now
                let isSummary = event.name.hasPrefix("summary.")
                let isEmpty = event.withData(in: bytes.span) { data in
                    (try? GatewayEvent.Fields(data).text.isEmpty) ?? true
                }
                if isSummary, !isEmpty, reading.firstWords == nil { reading.firstWords = began.duration(to: now) }
                if event.name == "output.delta", !hasAnswer {
                    hasAnswer = true
                    if let written = await clock[id] { reading.answerDelay = written.duration(to: now) }
                }
            }
        }
        return reading
    }

    // MARK: The table

    private static func row(_ cells: [String]) -> String {
        let widths = [20, 14, 14, 14, 14]
        return zip(cells, widths).map { cell, width in
            cell + String(repeating: " ", count: max(1, width - cell.count))
        }.joined()
    }

    private static func median(_ durations: [Duration]) -> String {
        let sorted = durations.sorted()
        return sorted.isEmpty ? "-" : milliseconds(sorted[sorted.count / 2])
    }

    private static func milliseconds(_ duration: Duration) -> String {
        "\(duration.wholeNanoseconds / 1_000_000) ms"
    }
}

/// When each stream's answer left the mock.
private actor AnswerClock {
    private var times: [String: MonotonicInstant] = [:]

    func note(_ id: String) { times[id] = .now() }

    subscript(_ id: String) -> MonotonicInstant? { times[id] }
}
