import Foundation
import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("A request without stream", .timeLimit(.minutes(5)))
struct WholeAnswerTests {
    private static func body(_ model: String, _ members: String = "") -> String {
        #"{"model":"\#(model)","messages":[{"role":"user","content":"Why?"}]\#(members)}"#
    }

    private func object(_ answer: TestClient.Answer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
    }

    private func message(_ object: [String: Any]) throws -> [String: Any] {
        let choice = try #require((object["choices"] as? [[String: Any]])?.first)
        return try #require(choice["message"] as? [String: Any])
    }

    @Test(
        "gets the same text and summaries as a stream, in one object",
        arguments: ["", #","stream":false"#, #","stream":null"#])
    func whole(stream: String) async throws {
        try await Harness.run { harness in
            let streamed = try await harness.events(model: "mock-usage")
            let answer = try await harness.post(Self.body("mock-usage", stream))
            #expect(answer.status == 200)
            #expect(answer.headerFields[.contentType] == "application/json")
            let object = try object(answer)
            let message = try message(object)
            #expect(object["object"] as? String == "chat.completion")
            #expect(message["content"] as? String == streamed.answer)
            #expect((object["usage"] as? [String: Int])?["total_tokens"] == 11)
            let summaries = try #require(object["summaries"] as? [String: [String: String]])
            #expect(summaries["reasoning"]?["text"] == streamed.first("summary.reasoning")?.text)
            #expect(summaries["prompt"]?["source"] == "model")
            // The upstream is asked for a stream all the same.
            #expect(harness.completionRequests.count == 2)
        }
    }

    @Test("gets a tool call put together from its pieces")
    func tools() async throws {
        try await Harness.run { harness in
            let message = try message(try object(try await harness.post(Self.body("mock-tools"))))
            let call = try #require((message["tool_calls"] as? [[String: Any]])?.first)
            #expect(call["id"] as? String == "call_1")
            #expect((call["function"] as? [String: String])?["arguments"] == #"{"city":"Paris"}"#)
            #expect(message["content"] is NSNull)
        }
    }

    @Test("gets a summary's failure as a warning")
    func warnings() async throws {
        try await Harness.run(script: { $0.isStreamed ? nil : .refusal(401, "no") }) { harness in
            let object = try object(try await harness.post(Self.body("mock-tags")))
            let stages = (object["warnings"] as? [[String: String]])?.compactMap { $0["stage"] }
            #expect(stages == ["prompt_summary", "reasoning_summary"])
        }
    }

    @Test(
        "gets an HTTP status where the upstream fails, however late",
        arguments: [
            ("mock-refuse:status=404", 404), ("mock-refuse:status=500", 502), ("mock-cut", 502),
            ("mock-error-event", 502),
            ("mock-bad-chunk", 502), ("mock-garbage", 502), ("mock-end-early", 502),
        ])
    func failures(model: String, status: Int) async throws {
        try await Harness.run { harness in
            let answer = try await harness.post(Self.body(model))
            #expect(answer.status == status)
            #expect(try !ErrorEnvelope(answer.text, ofUpstream: true).message.isEmpty)
        }
    }

    @Test("cancels the upstream when its client goes")
    func disconnect() async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send(RawRequest.post(Self.body("mock-endless:interval=5")))
            await harness.mock.recorder.waitForOpenStreams(1)
            connection.close()
            await harness.mock.recorder.waitForOpenStreams(0)
            try await eventually { harness.openCompletions == 0 }
        }
    }
}

@Suite("The list of models", .timeLimit(.minutes(5)))
struct ModelsTests {
    @Test("is the upstream's, under every prefix", arguments: ["", "/openai", "/events", "/unified"])
    func list(prefix: String) async throws {
        try await Harness.run { harness in
            let answer = try await harness.get(prefix + "/v1/models")
            #expect(answer.status == 200)
            #expect(answer.text.contains(#"{"id":"mock-tags","object":"model"}"#))
            let one = try await harness.get(prefix + "/v1/models/mock-reasoning")
            #expect(one.text == #"{"id":"mock-reasoning","object":"model"}"#)
        }
    }

    @Test("has what is allowed alone, and nothing else can be asked for")
    func allowed() async throws {
        try await Harness.run(["ALLOW_MODELS": "mock-t*"]) { harness in
            let answer = try await harness.get("/v1/models")
            #expect(answer.text == #"{"object":"list","data":[{"id":"mock-tags","object":"model"}]}"#)
            let other = try await harness.get("/v1/models/mock-reasoning")
            #expect(other.status == 404)
            #expect(try ErrorEnvelope(other.text).code == "model_not_found")
        }
    }

    @Test("has the names of the allowlist where the upstream cannot be reached; without any that is an error")
    func unreachable() async throws {
        let port = try SilentPort()
        defer { withExtendedLifetime(port) {} }
        let nowhere = port.origin
        try await Harness.run(["UPSTREAM_BASE_URL": nowhere, "ALLOW_MODELS": "a, b-*"]) { harness in
            let answer = try await harness.get("/v1/models")
            #expect(
                answer.text
                    == #"{"object":"list","data":[{"id":"a","object":"model","created":0,"owned_by":"upstream"}]}"#)
        }
        try await Harness.run(["UPSTREAM_BASE_URL": nowhere]) { harness in
            let answer = try await harness.get("/v1/models")
            #expect(answer.status == 502)
        }
    }
}
