import EventLoop
import Foundation
import HTTPTypes
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("A pool of upstreams", .timeLimit(.minutes(5)))
struct UpstreamPoolTests {
    /// Lets its callers through once so many have come.
    private actor Meeting {
        private var missing: Int
        private var waiters: [CheckedContinuation<Void, Never>] = []

        init(of count: Int) {
            missing = count
        }

        func join() async {
            missing -= 1
            guard missing > 0 else {
                for waiter in waiters { waiter.resume() }
                return waiters = []
            }
            await withCheckedContinuation { waiters.append($0) }
        }
    }

    private static let answer = [
        MockPayload.content("<final>Hello</final>"), MockPayload.finish(), MockPayload.done,
    ].map(MockScript.Step.event)

    /// Members that are mock upstreams, behind those at `others`. Without summaries, so that every request is a
    /// completion.
    private func run(
        _ count: Int, behind others: [String] = [], _ environment: [String: String] = [:],
        script: @escaping @Sendable (Int, MockRequest) -> MockScript? = { _, _ in MockScript(UpstreamPoolTests.answer)
        },
        _ body: (Harness, [MockServer]) async throws -> Void
    ) async throws {
        var members: [MockServer] = []
        for number in 0..<count { members.append(try await MockServer.start { script(number, $0) }) }
        let settings = [
            "UPSTREAM_BASE_URL": (others + members.map(\.baseURL)).joined(separator: ","),
            "PROMPT_SUMMARY": "off", "REASONING_SUMMARY": "off",
        ]
        let result: Result<Void, any Error>
        do {
            result = .success(
                try await Harness.run(settings.merging(environment) { $1 }) { try await body($0, members) })
        } catch {
            result = .failure(error)
        }
        for member in members { await member.stop() }
        try result.get()
    }

    private struct Health {
        let status: String?
        let isUp: Bool?
        let members: [[String: Any]]

        var states: [String] { members.compactMap { $0["state"] as? String } }
    }

    private func health(_ harness: Harness) async throws -> Health {
        let answer = try await harness.get("/upstream-health")
        #expect(answer.status == 200)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        return Health(
            status: object["status"] as? String, isUp: object["upstream"] as? Bool,
            members: try #require(object["members"] as? [[String: Any]]))
    }

    private func expectWhole(_ harness: Harness, model: String = "m") async throws {
        let events = try await harness.events(model: model)
        #expect(events.answer == "Hello")
        #expect(events.last?.data["status"] as? String == "completed")
    }

    @Test("shares the open streams out evenly, and tells how many each has")
    func spread() async throws {
        let all = Meeting(of: 7)
        let script = MockScript([.event(MockPayload.role), .await { await all.join() }] + Self.answer)
        try await run(3, script: { _, _ in script }) { harness, members in
            try await withThrowingTaskGroup(of: TestClient.Answer.self) { group in
                for _ in 0..<6 { group.addTask { try await harness.post(Harness.body(model: "m")) } }
                for member in members { await member.recorder.waitForRequests(atLeast: 2) }
                let health = try await health(harness)
                #expect(health.members.compactMap { $0["in_flight"] as? Int } == [2, 2, 2])
                #expect(health.status == "ok" && health.isUp == true)
                await all.join()
                for try await answer in group { #expect(answer.text.contains("completed")) }
            }
            #expect(members.map(\.recorder.requests.count) == [2, 2, 2])
            let named = harness.logs.named("completion").compactMap { $0.metadata["upstream"]?.description }
            #expect(Set(named) == Set(members.map(\.baseURL)))
        }
    }

    @Test("costs no request when one member is dead, and leaves that one out")
    func dead() async throws {
        let gone = try SilentPort()
        try await run(2, behind: [gone.origin], ["UPSTREAM_EJECT_TIME": "3600"]) { harness, members in
            for _ in 0..<24 { try await expectWhole(harness) }
            let ejected = harness.logs.named("upstream ejected")
            #expect(ejected.map { $0.metadata["upstream"]?.description } == [gone.origin])
            #expect(ejected.first?.level == .warning)
            #expect(harness.logs.named("retry").count == 5)
            #expect(members.reduce(0) { $0 + $1.recorder.requests.count } == 24)
            let health = try await health(harness)
            #expect(health.status == "degraded" && health.isUp == true)
            #expect(health.states == ["ejected", "healthy", "healthy"])
            #expect(health.members.map { $0["reachable"] as? Bool } == [false, true, true])
            #expect(health.members.map { $0["url"] as? String } == [gone.origin] + members.map(\.baseURL))
            #expect(health.members[0]["consecutive_failures"] as? Int == 5)
        }
    }

    @Test("leaves out a member that answers with a 5xx", arguments: [503, 500])
    func failing(status: Int) async throws {
        try await run(
            2, ["UPSTREAM_EJECT_TIME": "3600"],
            script: { number, _ in number == 0 ? .refusal(status, "no") : MockScript(Self.answer) }
        ) { harness, members in
            var failed = 0
            for _ in 0..<20 {
                if try await harness.events(model: "m").answer != "Hello" { failed += 1 }
            }
            // What a 500 means is for the client to know: it is not retried.
            #expect(failed == (status == 500 ? 5 : 0))
            #expect(members[0].recorder.requests.count == 5)
            #expect(harness.logs.named("upstream ejected").count == 1)
        }
    }

    @Test("takes a member back once it works again")
    func recovers() async throws {
        let isBroken = Locked(true)
        try await run(
            2, ["UPSTREAM_EJECT_TIME": "0.02", "UPSTREAM_EJECT_FAILURES": "1"],
            script: { number, _ in
                number == 0 && isBroken.withLock({ $0 }) ? .refusal(503, "no") : MockScript(Self.answer)
            }
        ) { harness, members in
            try await eventually {
                try await expectWhole(harness)
                return !harness.logs.named("upstream ejected").isEmpty
            }
            #expect(harness.logs.named("upstream recovered").isEmpty)
            isBroken.withLock { $0 = false }
            try await eventually {
                try await expectWhole(harness)
                return !harness.logs.named("upstream recovered").isEmpty
            }
            let recovered = harness.logs.named("upstream recovered")
            #expect(recovered.map { $0.metadata["upstream"]?.description } == [members[0].baseURL])
            #expect(recovered.first?.level == .info)
            let before = members.map(\.recorder.requests.count)
            for _ in 0..<8 { try await expectWhole(harness) }
            #expect(zip(members, before).allSatisfy { $0.recorder.requests.count > $1 })
            #expect(try await health(harness).states == ["healthy", "healthy"])
        }
    }

    @Test("sends a retry to another member")
    func retryElsewhere() async throws {
        try await run(
            3, ["UPSTREAM_EJECT_FAILURES": "1000"],
            script: { number, _ in number == 2 ? MockScript(Self.answer) : .refusal(503, "no") }
        ) { harness, members in
            for _ in 0..<3 { try await expectWhole(harness) }
            let lines = harness.logs.named("completion")
            #expect(lines.allSatisfy { $0.metadata["upstream"]?.description == members[2].baseURL })
            #expect(lines.compactMap { Int($0.metadata["attempts"]?.description ?? "") }.allSatisfy { $0 <= 3 })
        }
    }

    @Test("does not hold a client's own mistakes against a member, nor that it goes")
    func clients() async throws {
        try await run(
            2, ["UPSTREAM_EJECT_FAILURES": "1"],
            script: { _, request in request.scriptName == "wrong" ? .refusal(401, "no") : .silent }
        ) { harness, members in
            for _ in 0..<4 { _ = try await harness.events(model: "wrong") }
            for _ in 0..<4 {
                let connection = try harness.connect()
                try connection.send(RawRequest.post(Harness.body(model: "quiet")))
                try await eventually { members.contains { $0.recorder.openRequests > 0 } }
                connection.close()
                for member in members { await member.recorder.waitForOpenRequests(0) }
                try await eventually { harness.openCompletions == 0 }
            }
            #expect(harness.logs.named("upstream ejected").isEmpty)
            let health = try await health(harness)
            #expect(health.states == ["healthy", "healthy"])
            #expect(health.members.map { $0["consecutive_failures"] as? Int } == [0, 0])
        }
    }

    @Test("of one never loses it")
    func alone() async throws {
        try await run(
            1, ["UPSTREAM_MAX_RETRIES": "0", "UPSTREAM_EJECT_FAILURES": "1"],
            script: { _, request in request.scriptName == "bad" ? .refusal(503, "no") : MockScript(Self.answer) }
        ) { harness, members in
            for _ in 0..<8 { _ = try await harness.events(model: "bad") }
            #expect(harness.logs.named("upstream ejected").isEmpty)
            let health = try await health(harness)
            #expect(health.status == "ok" && health.states == ["healthy"])
            #expect(health.members[0]["consecutive_failures"] as? Int == 8)
            try await expectWhole(harness)
            #expect(members[0].recorder.requests.count == 9)
        }
    }

    @Test("lists models although a member is dead")
    func models() async throws {
        let gone = try SilentPort()
        try await run(1, behind: [gone.origin]) { harness, _ in
            for _ in 0..<4 {
                let answer = try await harness.get("/v1/models")
                #expect(answer.status == 200 && answer.text.contains("mock-tags"))
            }
        }
    }

    @Test("answers summary calls too, which do not judge its members")
    func summaries() async throws {
        try await run(
            2, ["PROMPT_SUMMARY": "on", "UPSTREAM_EJECT_FAILURES": "1", "UPSTREAM_MAX_RETRIES": "0"],
            script: { _, request in request.isStreamed ? MockScript(Self.answer) : .refusal(500, "no") }
        ) { harness, members in
            for _ in 0..<6 { try await expectWhole(harness) }
            #expect(harness.logs.named("upstream ejected").isEmpty)
            let summaries = members.flatMap(\.recorder.requests).filter { !$0.isStreamed }
            #expect(summaries.count == 6)
        }
    }
}
