import EventLoop
import Foundation
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("Retries", .timeLimit(.minutes(5)))
struct RetryTests {
    @Test("are bounded over all requests, so that a failing upstream is not hammered")
    func budget() async throws {
        try await Harness.run(
            ["PROMPT_SUMMARY": "off", "REASONING_SUMMARY": "off"], script: { _ in .refusal(503, "overloaded") }
        ) { harness in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<40 { group.addTask { _ = try await harness.events(model: "m") } }
                try await group.waitForAll()
            }
            // Each alone would make four attempts. A window may pass meanwhile; not ten of them.
            #expect((50...150).contains(harness.completionRequests.count))
            #expect(harness.logs.named("retry budget spent").count >= 1)
            #expect(harness.logs.named("completion").count == 40)
        }
    }

    @Test("of summaries spend nothing of the answers' budget")
    func separateBudgets() async throws {
        let refusals = Locked(0)
        try await Harness.run(
            ["UPSTREAM_MAX_RETRIES": "10", "UPSTREAM_RETRY_BACKOFF": "0.001", "SUMMARY_TIMEOUT": "60"],
            script: { request in
                guard request.isStreamed else { return .refusal(429, "later") }
                return refusals.withLock { count in
                    count += 1
                    return count <= 10 ? .refusal(503, "later") : nil
                }
            }
        ) { harness in
            let events = try await harness.events(model: "mock-no-tags")
            #expect(events.last?.data["status"] as? String == "completed")
            #expect(harness.completionRequests.count == 11)
            #expect(harness.summaryRequests.count == 11)
        }
    }

    @Test("are made after a 429 for summaries alone")
    func rateLimit() async throws {
        try await Harness.run(
            ["UPSTREAM_MAX_RETRIES": "2"], script: { _ in .refusal(429, "slow down") }
        ) { harness in
            _ = try await harness.events(model: "m")
            #expect(harness.completionRequests.count == 1)
        }
        let refused = Locked(false)
        try await Harness.run(script: { request in
            guard !request.isStreamed else { return nil }
            return refused.withLock { wasRefused in
                defer { wasRefused = true }
                return wasRefused ? nil : .refusal(429, "slow down")
            }
        }) { harness in
            let events = try await harness.events(model: "mock-no-tags")
            #expect(events.first("summary.prompt")?.data["source"] as? String == "model")
            #expect(harness.summaryRequests.count == 2)
        }
    }

    @Test("are not waited for when the client has gone")
    func disconnect() async throws {
        try await Harness.run(
            ["PROMPT_SUMMARY": "off"], script: { _ in .refusal(503, "later", retryAfter: 30) }
        ) { harness in
            let connection = try harness.connect()
            try connection.send(RawRequest.post(Harness.body(model: "m")))
            try await eventually { !harness.logs.named("retry").isEmpty }
            let start = ContinuousClock.now
            connection.close()
            try await eventually { !harness.logs.named("completion").isEmpty }
            // The pause alone would have taken thirty.
            #expect(ContinuousClock.now - start < .seconds(20))
            let line = try #require(harness.logs.named("completion").first)
            #expect(line.metadata["outcome"]?.description == "client_gone")
            #expect(harness.completionRequests.count == 1)
            #expect(harness.openCompletions == 0)
        }
    }
}
