import Foundation
import MockUpstream
import TestSupport
import Testing

@Suite("An upstream that falls silent", .timeLimit(.minutes(5)))
struct SilenceTests {
    /// Long enough for a busy machine to get to each phase.
    private static let limit = "3"

    private static let phases: [(name: String, steps: [MockScript.Step])] = [
        ("start", [.event(MockPayload.role)]),
        ("reasoning", [.event(MockPayload.content("<analysis>Let me "))]),
        ("answer", [.event(MockPayload.content("<analysis>Let me see.</analysis><final>Hello "))]),
    ]

    private func failure(of events: [ClientEvent]) throws -> (code: String?, detail: String) {
        #expect(events.names.suffix(2) == ["error", "output.done"])
        #expect(events.last?.data["status"] as? String == "incomplete")
        let error = try #require(events.last { $0.name == "error" })
        #expect(error.data["stage"] as? String == "upstream_stream")
        return (error.data["code"] as? String, error.data["detail"] as? String ?? "")
    }

    @Test("is told with the phase in which it did", arguments: 0..<3)
    func phase(number: Int) async throws {
        let phase = Self.phases[number]
        let script = MockScript(phase.steps + [.hang])
        try await Harness.run(
            ["REQUEST_TIMEOUT": Self.limit], script: { $0.isStreamed ? script : nil }
        ) { harness in
            let events = try await harness.events(model: "m")
            let (code, detail) = try failure(of: events)
            #expect(code == "upstream_timeout")
            #expect(detail.hasPrefix("\(phase.name)_silence: no byte from the upstream for 3000 ms"))
            #expect(events.answer == (phase.name == "answer" ? "Hello " : ""))
            // What has come cannot be asked for again.
            #expect(harness.completionRequests.count == 1)
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("before its head is tried again, and told so")
    func head() async throws {
        try await Harness.run(
            ["REQUEST_TIMEOUT": "0.3", "UPSTREAM_MAX_RETRIES": "1"], script: { $0.isStreamed ? .silent : nil }
        ) { harness in
            let (code, detail) = try failure(of: try await harness.events(model: "m"))
            #expect(code == "upstream_timeout" && detail.hasPrefix("head_silence: "))
            #expect(harness.completionRequests.count == 2)
        }
    }

    @Test(
        "while connecting is told from one that does not answer",
        arguments: [("0.2", "60"), ("60", "0.2")])
    func connect(connectTimeout: String, requestTimeout: String) async throws {
        let full = try FullPort()
        try await Harness.run([
            "UPSTREAM_BASE_URL": full.origin, "CONNECT_TIMEOUT": connectTimeout, "REQUEST_TIMEOUT": requestTimeout,
            "UPSTREAM_MAX_RETRIES": "0", "PROMPT_SUMMARY": "off",
        ]) { harness in
            let (code, detail) = try failure(of: try await harness.events(model: "m"))
            #expect(code == "upstream_timeout" && detail.hasPrefix("connect_timeout: "), "\(detail)")
        }
    }

    @Test("is not kept alive by the comments that the gateway sends")
    func ownComments() async throws {
        try await Harness.run(
            ["REQUEST_TIMEOUT": "1", "KEEPALIVE_INTERVAL": "0.05"],
            script: { $0.isStreamed ? MockScript([.event(MockPayload.role), .hang]) : nil }
        ) { harness in
            let answer = try await harness.post(Harness.body(model: "m"))
            #expect(answer.text.contains(": keep-alive\n"))
            _ = try failure(of: try ClientEvent.decode(answer.body))
        }
    }

    @Test("is alive as long as it sends comments of its own")
    func upstreamComments() async throws {
        let comment = MockScript.Step.bytes(Array(": OPENROUTER PROCESSING\n\n".utf8))
        let waiting = (0..<40).flatMap { _ in [comment, .pause(.milliseconds(100))] }
        let answer = [MockPayload.content("Hello"), MockPayload.finish(), MockPayload.done].map(MockScript.Step.event)
        try await Harness.run(
            ["REQUEST_TIMEOUT": "3"], script: { $0.isStreamed ? MockScript(waiting + answer) : nil }
        ) { harness in
            let events = try await harness.events(model: "m")
            #expect(events.last?.data["status"] as? String == "completed")
            #expect(events.answer == "Hello")
        }
    }
}

@Suite("An upstream that goes on for ever", .timeLimit(.minutes(5)))
struct StreamDurationTests {
    @Test("is ended after MAX_STREAM_DURATION, and told with its phase")
    func endless() async throws {
        try await Harness.run(["MAX_STREAM_DURATION": "3"]) { harness in
            let events = try await harness.events(model: "mock-endless:interval=50")
            #expect(events.names.suffix(2) == ["error", "output.done"])
            let error = events[events.count - 2].data
            #expect(error["code"] as? String == "upstream_timeout")
            let detail = error["detail"] as? String ?? ""
            #expect(detail.hasPrefix("stream_duration: not complete within 3000 ms, in the phase answer"), "\(detail)")
            #expect(events.last?.data["status"] as? String == "incomplete")
            #expect(!events.answer.isEmpty && events.answer.allSatisfy { $0 == "x" })
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("also in the pause before a retry, where an openai stream can still get a status")
    func backoff() async throws {
        try await Harness.run(
            ["MAX_STREAM_DURATION": "0.5", "HEAD_HOLD": "60", "PROMPT_SUMMARY": "off"],
            script: { _ in .refusal(503, "later", retryAfter: 30) }
        ) { harness in
            let answer = try await harness.post(Harness.body(model: "m"), path: "/openai/v1/chat/completions")
            #expect(answer.status == 504)
            #expect(answer.text.contains("in the phase head"))
        }
    }

    @Test("is not ended where the answer is whole in time, however long its summary takes")
    func summary() async throws {
        try await Harness.run(
            ["MAX_STREAM_DURATION": "3", "SUMMARY_TIMEOUT": "5"]
        ) { harness in
            let events = try await harness.events(model: "mock-tags", #","summary_model":"mock-summary-hang""#)
            #expect(events.last?.data["status"] as? String == "completed")
            #expect(events.answer == CompletionTests.answer)
        }
    }
}
