import Foundation
import HTTPTypes
import Logging
import MockUpstream
import Pipeline
import TestSupport
import Testing

@Suite("Summaries", .timeLimit(.minutes(5)))
struct SummaryModesTests {
    static let modes: [[String: String]] = [
        [:], ["REASONING_SUMMARY": "rolling"], ["SUMMARY_STREAM": "true"],
        ["REASONING_SUMMARY": "rolling", "SUMMARY_STREAM": "true", "ROLLING_CHARS": "100"],
        ["REASONING_SUMMARY": "off"],
    ]

    static let troubles = [
        "mock-summary", "mock-summary-fail", "mock-summary-hang", "mock-summary-garbage", "mock-summary-empty",
        "mock-summary-cut",
    ]

    @Test("never cost the answer a byte, whatever their model does", arguments: modes, troubles)
    func unharmed(mode: [String: String], model: String) async throws {
        var environment = mode
        environment["SUMMARY_TIMEOUT"] = "0.5"
        try await Harness.run(environment) { harness in
            let direct = try await harness.events(model: "mock-reasoning", #","reasoning_summary":"off""#).answer
            let answer = try await harness.post(
                Harness.body(model: "mock-reasoning", #","summary_model":"\#(model)""#))
            var grammar = StreamGrammar(format: .unified)
            grammar.read(answer.body.span)
            let verdict = grammar.finish()
            #expect(verdict.violations == [])
            #expect(verdict.isComplete)
            let events = try ClientEvent.decode(answer.body)
            #expect(events.answer == direct)
            #expect(!direct.isEmpty)
            let prompt = try #require(events.first("summary.prompt")?.data["source"] as? String)
            if model == "mock-summary" { #expect(prompt == "model") }
            if model == "mock-summary-fail" { #expect(prompt == "extract") }
        }
    }

    @Test("roll while the model thinks: the first part comes before the thinking ends")
    func rolling() async throws {
        let (gateStream, gate) = AsyncStream.makeStream(of: Void.self)
        let sentence = "This is a sentence of some length that says a thing. "
        let script = MockScript([
            .event(MockPayload.reasoning(sentence)), .event(MockPayload.reasoning(sentence)),
            .await { for await _ in gateStream {} },
            .event(MockPayload.content("answer")), .event(MockPayload.finish()), .event(MockPayload.done),
        ])
        try await Harness.run(
            ["ROLLING_CHARS": "60"], script: { $0.isSummaryCall ? nil : script },
            { harness in
                let connection = try harness.connect()
                try connection.send(
                    RawRequest.post(Harness.body(model: "m", #","reasoning_summary":"rolling""#)))
                // The upstream goes on only when the part has come.
                let text = try connection.receive(until: "event: summary.reasoning.delta")
                #expect(text.contains("event: summary.prompt\n"))
                gate.finish()
                let rest = try connection.receive(until: "event: output.done")
                #expect(rest.contains(#""content":"answer""#))
            })
    }

    @Test("are cut by time as well as by length")
    func interval() async throws {
        let (gateStream, gate) = AsyncStream.makeStream(of: Void.self)
        let script = MockScript([
            .event(MockPayload.reasoning("Short. ")), .await { for await _ in gateStream {} },
            .event(MockPayload.content("answer")), .event(MockPayload.finish()), .event(MockPayload.done),
        ])
        try await Harness.run(
            ["REASONING_SUMMARY": "rolling", "ROLLING_INTERVAL": "0.05"],
            script: { $0.isSummaryCall ? nil : script },
            { harness in
                let connection = try harness.connect()
                try connection.send(RawRequest.post(Harness.body(model: "m")))
                _ = try connection.receive(until: "event: summary.reasoning.delta")
                gate.finish()
                _ = try connection.receive(until: "event: output.done")
            })
    }

    @Test("come word by word where they are streamed")
    func streamed() async throws {
        try await Harness.run(["SUMMARY_STREAM": "true"]) { harness in
            let events = try await harness.events(model: "mock-tags", #","summary_model":"mock-summary:interval=1""#)
            let words = events.filter { $0.name == "summary.prompt.delta" }.compactMap(\.text)
            #expect(words.count > 3)
            #expect(words.joined() == events.first("summary.prompt")?.text)
            let requests = harness.summaryRequests
            #expect(requests.allSatisfy { $0.isStreamed })
        }
    }

    @Test("do not hold the answer longer than they may")
    func hold() async throws {
        try await Harness.run(["SUMMARY_HOLD": "0.1", "SUMMARY_TIMEOUT": "60"]) { harness in
            let connection = try harness.connect()
            try connection.send(
                RawRequest.post(
                    Harness.body(
                        model: "mock-reasoning", #","prompt_summary":false,"summary_model":"mock-summary-hang""#)))
            let text = try connection.receive(until: "event: output.done")
            #expect(text.contains(#""detail":"the answer waited no longer""#))
            // The call that nobody needs any more is ended.
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("have an endpoint of their own, which never sees the upstream's key nor the client's")
    func lane() async throws {
        let summaries = try await MockServer.start(script: { _ in nil })
        try await Harness.run(
            [
                "SUMMARY_BASE_URL": summaries.baseURL + "/s", "SUMMARY_PATH": "/sum",
                "UPSTREAM_EXTRA_HEADERS": "X-Secret: s",
            ],
            { harness in
                let answer = try await harness.post(
                    Harness.body(model: "mock-tags"), headerFields: [.authorization: "Bearer client"])
                #expect(answer.status == 200)
                #expect(harness.summaryRequests.isEmpty)
                #expect(summaries.recorder.requests.count == 2)
                for request in summaries.recorder.requests {
                    #expect(request.path == "/s/sum")
                    #expect(request.headerFields[.authorization] == nil)
                    #expect(request.headerFields[.init("X-Secret")!] == nil)
                }
                #expect(harness.completionRequests.first?.headerFields[.authorization] == "Bearer client")
            })
        await summaries.stop()
    }

    @Test("of equal prompts are made once, and kept, where that is asked for")
    func cache() async throws {
        try await Harness.run(["SUMMARY_CACHE_ENTRIES": "10", "WORKERS": "1"]) { harness in
            let members = #","reasoning_summary":"off","summary_model":"mock-summary:delay=50""#
            let answers = try await withThrowingTaskGroup(of: [ClientEvent].self) { group in
                for _ in 0..<5 { group.addTask { try await harness.events(model: "mock-tags", members) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(harness.summaryRequests.count == 1)
            let sources = answers.compactMap { $0.first("summary.prompt")?.data["source"] as? String }
            #expect(sources.sorted() == ["cached", "cached", "cached", "cached", "model"])
            #expect(Set(answers.compactMap { $0.first("summary.prompt")?.text }).count == 1)
            // Another model's summary is another one.
            _ = try await harness.events(
                model: "mock-tags", #","reasoning_summary":"off","summary_model":"mock-summary""#)
            #expect(harness.summaryRequests.count == 2)
        }
    }

    @Test("of a prompt that is none longer are the prompt itself, where that is asked for")
    func auto() async throws {
        try await Harness.run(["PROMPT_SUMMARY": "auto", "REASONING_SUMMARY": "off"]) { harness in
            let short = try await harness.events(model: "mock-tags").first("summary.prompt")
            #expect(short?.text == "Why is the sky blue?")
            #expect(short?.data["source"] as? String == "extract")
            #expect(harness.summaryRequests.isEmpty)
            let long = String(repeating: "Why is the sky blue? ", count: 30)
            _ = try await harness.post(Harness.body(model: "mock-tags", message: long))
            #expect(harness.summaryRequests.count == 1)
        }
    }

    @Test("take turns where only so many may be in flight")
    func concurrency() async throws {
        try await Harness.run(["SUMMARY_CONCURRENCY": "1", "WORKERS": "1"]) { harness in
            let members = #","summary_model":"mock-summary:delay=20""#
            try await withThrowingTaskGroup(of: [ClientEvent].self) { group in
                for _ in 0..<5 { group.addTask { try await harness.events(model: "mock-tags", members) } }
                for try await events in group {
                    #expect(events.first("summary.reasoning")?.data["source"] as? String == "model")
                }
            }
            #expect(harness.mock.recorder.requests.count == 15)
        }
    }

    @Test("whose endpoint is not there cost the answer nothing, and its failures are counted apart", arguments: modes)
    func down(mode: [String: String]) async throws {
        let nowhere = try SilentPort()
        var environment = mode
        environment["SUMMARY_BASE_URL"] = nowhere.origin
        environment["UPSTREAM_MAX_RETRIES"] = "0"
        try await Harness.run(environment) { harness in
            let direct = try await harness.events(
                model: "mock-reasoning", #","reasoning_summary":"off","prompt_summary":false"#
            ).answer
            let events = try await harness.events(model: "mock-reasoning")
            #expect(events.answer == direct)
            #expect(events.first("summary.prompt")?.data["source"] as? String == "extract")
            let health = try await harness.get("/upstream-health").text
            #expect(health.hasPrefix(#"{"status":"ok","upstream":true,"#))
            let ofSummaries = try #require(health.split(separator: #""summaries":{"calls":"#, maxSplits: 1).last)
            #expect(!ofSummaries.contains(#""consecutive_failures":0"#))
        }
        withExtendedLifetime(nowhere) {}
    }
}
