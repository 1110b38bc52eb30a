import Foundation
import HTTPTypes
import Logging
import MockUpstream
import Outbound
import TestSupport
import Testing

@Suite("One completion")
struct CompletionTests {
    static let answer = """
        The sky is blue because air scatters short, blue wavelengths of sunlight much more than long, red ones. \
        This is Rayleigh scattering: the scattered blue light reaches our eyes from every direction.
        """

    @Test(
        "comes in strict order, whatever way the model parts its reasoning",
        arguments: ["mock-tags", "mock-reasoning", "mock-tags:bytes=1", "mock-usage", "mock-json"])
    func order(model: String) async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: model)
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.answer == Self.answer)
            #expect(events[0].text == "Summary: user: Why is the sky blue?")
            #expect(events[0].data["source"] as? String == "model")
            #expect(events[1].text?.hasPrefix("Summary: The user asks why the sky is blue.") == true)
            #expect(events.last?.data["status"] as? String == "completed")
            let ids = Set(events.compactMap { $0.data["id"] as? String })
            #expect(ids.count == 1)
            #expect(events.compactMap { $0.delta?["role"] as? String } == ["assistant"])
        }
    }

    @Test("without tags is an answer without reasoning")
    func noTags() async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: "mock-no-tags")
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.answer == Self.answer)
            #expect(events[1].text == "" && events[1].data["source"] as? String == "none")
            #expect(harness.summaryRequests.count == 1)
        }
    }

    @Test("without <final> is reasoning alone, and the log tells of the empty answer")
    func missingFinal() async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: "mock-missing-final")
            #expect(events.names == ["summary.prompt", "summary.reasoning", "output.done"])
            #expect(events[1].text?.isEmpty == false)
            #expect(harness.logs.named("answer empty").count == 1)
        }
    }

    @Test("with usage passes it on")
    func usage() async throws {
        try await Harness.run { harness in
            let done = try await harness.events(model: "mock-usage").last
            #expect((done?.data["usage"] as? [String: Int])?["total_tokens"] == 11)
        }
    }

    @Test("with tools passes the calls on as they came, and injects no tags")
    func tools() async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: "mock-tools", #","tools":[{"type":"function"}]"#)
            let calls = events.compactMap { $0.delta?["tool_calls"] as? [[String: Any]] }.flatMap { $0 }
            let arguments = calls.compactMap { ($0["function"] as? [String: Any])?["arguments"] as? String }
            #expect(arguments.joined() == #"{"city":"Paris"}"#)
            #expect(events.names.filter { $0 == "output.delta" }.count == 3)
            let choice = (events.last?.data["choices"] as? [[String: Any]])?.first
            #expect(choice?["finish_reason"] as? String == "tool_calls")
            #expect(
                harness.completionRequests.first.map { String(decoding: $0.body, as: UTF8.self) }?.contains(
                    "<analysis>") == false)
        }
    }

    /// The upstream sends each delta only once the client has read the one before: if one waited for anything else, the
    /// test would stand still.
    @Test("is written as it comes: deltas do not wait for each other", .timeLimit(.minutes(5)))
    func atOnce() async throws {
        let turnstile = Turnstile()
        let deltas = (1...20).flatMap { number -> [MockScript.Step] in
            [.await { await turnstile.pass() }, .event(MockPayload.content("<\(number)>"))]
        }
        let script = MockScript(deltas + [.event(MockPayload.finish()), .event(MockPayload.done)])
        try await Harness.run(script: { $0.isStreamed ? script : nil }) { harness in
            let request = harness.request(
                Harness.body(model: "m", #","prompt_summary":false,"response_format":{"type":"json_object"}"#))
            let text: String = try await harness.client.run { multi in
                let transfer = try Transfer(request, on: multi)
                defer { transfer.close() }
                var text = ""
                var seen = 0
                var bytes: [UInt8] = []
                await turnstile.open()
                while try await transfer.read(into: &bytes) {
                    text += String(decoding: bytes, as: UTF8.self)
                    if text.contains("\"text\":\"<\(seen + 1)>\"") {
                        seen += 1
                        await turnstile.open()
                    }
                }
                return text
            }
            #expect(try ClientEvent.decode(Array(text.utf8)).answer == (1...20).map { "<\($0)>" }.joined())
        }
    }

    /// Lets one through for each time that it is opened.
    actor Turnstile {
        private var openings = 0
        private var waiter: CheckedContinuation<Void, Never>?

        func open() {
            if let waiter {
                self.waiter = nil
                waiter.resume()
            } else {
                openings += 1
            }
        }

        func pass() async {
            if openings > 0 {
                openings -= 1
            } else {
                await withCheckedContinuation { waiter = $0 }
            }
        }
    }

    @Test("that has no tags streams before the upstream ends")
    func noTagsStream() async throws {
        let script = MockScript([.event(MockPayload.content(String(repeating: "word ", count: 50))), .hang])
        try await Harness.run(script: { $0.isStreamed ? script : nil }) { harness in
            let request = harness.request(Harness.body(model: "m"))
            let text: String = try await harness.client.run { multi in
                let transfer = try Transfer(request, on: multi)
                defer { transfer.close() }
                var text = ""
                var bytes: [UInt8] = []
                while !text.contains("output.delta"), try await transfer.read(into: &bytes) {
                    text += String(decoding: bytes, as: UTF8.self)
                }
                return text
            }
            #expect(text.contains("event: summary.reasoning"))
        }
    }

    @Test("has the documented head")
    func head() async throws {
        try await Harness.run { harness in
            let fields: HTTPFields = [.init("x-request-id")!: "my-id.1"]
            let answer = try await harness.post(Harness.body(model: "mock-tags"), headerFields: fields)
            #expect(answer.status == 200)
            #expect(answer.headerFields[.contentType] == "text/event-stream; charset=utf-8")
            #expect(answer.headerFields[.cacheControl] == "no-cache")
            #expect(answer.headerFields[.init("X-Accel-Buffering")!] == "no")
            #expect(answer.headerFields[.vary] == "X-Stream-Format, X-Stainless-Lang, User-Agent")
            #expect(answer.headerFields[.init("x-request-id")!] == "my-id.1")
            #expect(harness.completionRequests.first?.headerFields[.init("x-request-id")!] == "my-id.1")
            #expect(try ClientEvent.decode(answer.body).allSatisfy { $0.data["request_id"] as? String == "my-id.1" })
        }
    }

    @Test("on a silent stream has comments, between events only")
    func keepAlive() async throws {
        try await Harness.run(["KEEPALIVE_INTERVAL": "0.05"]) { harness in
            let answer = try await harness.post(Harness.body(model: "mock-slow:deltas=2,interval=200"))
            let blocks = answer.text.split(separator: "\n\n")
            #expect(blocks.count { $0 == ": keep-alive" } >= 3)
            #expect(blocks.allSatisfy { $0 == ": keep-alive" || $0.hasPrefix("event: ") })
            #expect(try ClientEvent.decode(answer.body).answer == "xxxxxxxx")
        }
    }

    @Test("leaves one log line, without a word of the messages")
    func log() async throws {
        try await Harness.run { harness in
            _ = try await harness.events(model: "mock-tags", #","summary_model":"s""#)
            let line = try #require(harness.logs.named("completion").first)
            #expect(harness.logs.named("completion").count == 1)
            for (name, value) in [
                "model": "mock-tags", "summary_model": "s", "outcome": "completed", "status": "200",
                "attempts": "1", "upstream_status": "200", "prompt_summary": "model", "reasoning_summary": "model",
                "client": "127.0.0.1", "finish_reason": "stop", "reasoning_format": "analysis-final",
                "answer_chars": "\(Self.answer.unicodeScalars.count)",
            ] {
                #expect(line.metadata[name]?.description == value, "\(name)")
            }
            for name in ["request_id", "prompt_summary_s", "reasoning_summary_s", "first_output_s", "duration_s"] {
                #expect(line.metadata[name] != nil, "\(name)")
            }
            #expect(!harness.logs.lines.contains { "\($0.metadata)".contains("sky") })
        }
    }

    @Test("puts what was said into the log when told to")
    func logContent() async throws {
        try await Harness.run(["LOG_CONTENT": "true"]) { harness in
            _ = try await harness.events(model: "mock-tags")
            let line = try #require(harness.logs.named("completion").first)
            #expect(line.metadata["answer"]?.description == Self.answer)
            #expect(line.metadata["prompt"]?.description == "user: Why is the sky blue?")
            #expect(line.metadata["reasoning_summary_text"]?.description.hasPrefix("Summary: ") == true)
        }
    }
}
