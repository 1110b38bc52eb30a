import Foundation
import HTTPTypes
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("Summaries that fail")
struct SummaryFaultTests {
    @Test(
        "cost not a byte of the answer",
        arguments: ["mock-summary-fail", "mock-summary-hang", "mock-summary-garbage", "mock-summary-empty"])
    func costNothing(summaryModel: String) async throws {
        try await Harness.run(["SUMMARY_TIMEOUT": "0.3"]) { harness in
            let events = try await harness.events(model: "mock-tags", #","summary_model":"\#(summaryModel)""#)
            #expect(
                events.outline == [
                    "error", "summary.prompt", "error", "summary.reasoning", "output.delta", "output.done",
                ])
            #expect(events.answer == CompletionTests.answer)
            #expect(events.last?.data["status"] as? String == "completed")
            let errors = events.filter { $0.name == "error" }
            #expect(errors.map { $0.data["stage"] as? String } == ["prompt_summary", "reasoning_summary"])
            #expect(errors.allSatisfy { $0.data["fatal"] as? Bool == false && $0.data["error"] == nil })
            #expect(events.first("summary.prompt")?.text == "Why is the sky blue?")
            #expect(events.first("summary.prompt")?.data["source"] as? String == "extract")
            #expect(harness.logs.named("summary fallback").count == 2)
        }
    }

    @Test("do not hold the answer for longer than their budget")
    func bounded() async throws {
        try await Harness.run(["SUMMARY_TIMEOUT": "0.2", "UPSTREAM_MAX_RETRIES": "20"]) { harness in
            let events = try await harness.events(model: "mock-tags", #","summary_model":"mock-refuse:status=503""#)
            #expect(events.answer == CompletionTests.answer)
        }
    }

    @Test("are tried again")
    func retried() async throws {
        let refused = Once()
        try await Harness.run(script: { request in
            request.isStreamed || !refused.isFirst() ? nil : .refusal(503, "later")
        }) { harness in
            let events = try await harness.events(model: "mock-tags")
            #expect(events.names.first == "summary.prompt")
            #expect(events[0].data["source"] as? String == "model")
            #expect(harness.logs.named("retry").count == 1)
        }
    }

    /// `@unchecked Sendable` is sound: `used` is touched under the lock only.
    private final class Once: @unchecked Sendable {
        private let lock = NSLock()
        private var used = false

        func isFirst() -> Bool {
            lock.lock()
            defer { lock.unlock() }
            defer { used = true }
            return !used
        }
    }
}

@Suite("An upstream that fails")
struct UpstreamFaultTests {
    @Test(
        "in mid-stream is told with what was received, and nothing of a tag leaks",
        arguments: [
            ("mock-cut:deltas=30", "upstream_error"), ("mock-end-early:deltas=30", "upstream_error"),
            ("mock-error-event:deltas=30", "mock_error"), ("mock-bad-chunk:deltas=30", "upstream_error"),
            ("mock-cut:deltas=4,bytes=5", "upstream_error"), ("mock-cut:deltas=24,bytes=5", "upstream_error"),
        ])
    func midStream(model: String, code: String) async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: model)
            #expect(events.names.suffix(2) == ["error", "output.done"])
            let error = events[events.count - 2]
            #expect(error.data["stage"] as? String == "upstream_stream" && error.data["fatal"] as? Bool == true)
            #expect(error.data["code"] as? String == code)
            #expect((error.data["error"] as? [String: Any])?["code"] as? String == code)
            #expect((error.data["detail"] as? String)?.contains("characters of reasoning") == true)
            #expect(events.last?.data["status"] as? String == "incomplete")
            for name in ["summary.prompt", "summary.reasoning", "output.done"] {
                #expect(events.count { $0.name == name } == 1)
            }
            #expect(CompletionTests.answer.hasPrefix(events.answer))
            #expect(!events.contains { $0.text?.contains("<") == true })
            #expect(harness.completionRequests.count == 1)
            #expect(harness.logs.named("completion").first?.metadata["outcome"]?.description == "incomplete")
        }
    }

    @Test("before anything of its answer was used is tried again")
    func retried() async throws {
        try await Harness.run { harness in
            let events = try await harness.events(model: "mock-503:times=3")
            #expect(events.answer == CompletionTests.answer)
            #expect(harness.completionRequests.count == 4)
            #expect(harness.logs.named("retry").count == 3)
            #expect(harness.logs.named("completion").first?.metadata["attempts"]?.description == "4")
        }
    }

    @Test("right after its head, with a role alone, is tried again too")
    func cutAfterRole() async throws {
        try await Harness.run(script: { request in
            guard request.isStreamed else { return nil }
            return MockScript([.event(MockPayload.role), .cut])
        }) { harness in
            let events = try await harness.events(model: "m")
            #expect(harness.completionRequests.count == 4)
            #expect(events.names.suffix(2) == ["error", "output.done"])
        }
    }

    @Test("for good ends the stream after the retries, with its own words", arguments: [503, 401, 404, 500, 429])
    func refused(status: Int) async throws {
        try await Harness.run { harness in
            let events = try await harness.events(
                model: "mock-refuse:status=\(status)", #","summary_model":"mock-summary""#)
            #expect(events.names.suffix(4) == ["summary.prompt", "summary.reasoning", "error", "output.done"])
            let error = try #require(events.last { $0.name == "error" })
            #expect(error.data["message"] as? String == "refused by the mock")
            #expect(error.data["code"] as? String == "mock_refusal")
            #expect((error.data["detail"] as? String)?.hasPrefix("HTTP status \(status): refused by the mock") == true)
            #expect(harness.completionRequests.count == (status == 503 ? 4 : 1))
        }
    }

    @Test("that asks for a long pause is not waited for")
    func longRetryAfter() async throws {
        try await Harness.run { harness in
            _ = try await harness.events(model: "mock-503:times=1,retry-after=31")
            #expect(harness.completionRequests.count == 1)
        }
    }

    @Test("that is not there gives the documented sequence")
    func down() async throws {
        let gone = try SilentPort()
        try await Harness.run(["UPSTREAM_BASE_URL": gone.origin, "UPSTREAM_MAX_RETRIES": "1"]) { harness in
            let events = try await harness.events(model: "m")
            #expect(events.names == ["error", "summary.prompt", "summary.reasoning", "error", "output.done"])
            #expect(events[1].data["source"] as? String == "extract")
            #expect((events[3].data["detail"] as? String)?.hasPrefix("connect: ") == true)
            #expect(try await harness.get("/upstream-health").text.hasPrefix(#"{"status":"degraded","upstream":false"#))
        }
        withExtendedLifetime(gone) {}
    }

    @Test("that falls silent is given up", arguments: ["mock-hang", "mock-silent"])
    func silent(model: String) async throws {
        try await Harness.run(["REQUEST_TIMEOUT": "0.2", "UPSTREAM_MAX_RETRIES": "0"]) { harness in
            let events = try await harness.events(model: model, #","summary_model":"s""#)
            #expect(events.last { $0.name == "error" }?.data["code"] as? String == "upstream_timeout")
            #expect(events.last?.data["status"] as? String == "incomplete")
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("that talks slowly for longer than the limit is not silent")
    func slow() async throws {
        try await Harness.run(["REQUEST_TIMEOUT": "2"]) { harness in
            let events = try await harness.events(model: "mock-slow:deltas=30,interval=100")
            #expect(events.last?.data["status"] as? String == "completed")
        }
    }
}
