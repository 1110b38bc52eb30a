import Foundation
import HTTPTypes
import MockUpstream
import Pipeline
import TestSupport
import Testing

@Suite("What the upstream receives")
struct RequestTests {
    /// What the gateway adds where the model is told to use tags.
    static let instruction =
        #"{"role":"system","content":\#(MockPayload.string(TagInstruction.text))},"#

    @Test(
        "is what the client sent, byte for byte, but for what protocol.md says",
        arguments: [
            (
                #"{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}"#,
                #"{"model":"m","stream":true,"messages":[INSTRUCTION{"role":"user","content":"x"}],"stream_options":{"include_usage":true}}"#
            ),
            (
                "{ \"seed\" : 9223372036854775807 ,\n\t\"stream\":true, \"model\":\"m\", \"messages\" : [ {\"role\":\"user\",\"content\":\"\\u00e9\\/\"} ],\"x\":[[1e400,-0.0],{\"a\":{}}] }",
                "{ \"seed\" : 9223372036854775807 ,\n\t\"stream\":true, \"model\":\"m\", \"messages\" : [INSTRUCTION {\"role\":\"user\",\"content\":\"\\u00e9\\/\"} ],\"x\":[[1e400,-0.0],{\"a\":{}}],\"stream_options\":{\"include_usage\":true} }"
            ),
            (
                #"{"summary_model":"s","model":"m","stream":true,"messages":[{"role":"user","content":"x"}],"tools":[{}],"stream_options":{"a":1},"prompt_summary":false}"#,
                #"{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}],"tools":[{}],"stream_options":{"include_usage":true,"a":1}}"#
            ),
        ])
    func bytes(client: String, upstream: String) async throws {
        try await Harness.run { harness in
            _ = try await harness.post(client)
            let received = try #require(harness.completionRequests.first)
            let expected = upstream.replacing("INSTRUCTION", with: Self.instruction)
            #expect(String(decoding: received.body, as: UTF8.self) == expected)
        }
    }

    @Test("is whole with a 10 MB image part")
    func large() async throws {
        try await Harness.run { harness in
            let image = String(repeating: "QUJD", count: 10 << 18)
            let parts =
                #"[{"type":"text","text":"what is this?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,\#(image)"}}]"#
            let body = #"{"model":"m","stream":true,"messages":[{"role":"user","content":\#(parts)}],"tools":[1]}"#
            _ = try await harness.post(body)
            let received = try #require(harness.completionRequests.first)
            let expected = body.dropLast() + #","stream_options":{"include_usage":true}}"#
            #expect(received.body == Array(expected.utf8))
            let summary = try #require(harness.summaryRequests.first)
            #expect(summary.body.count < 10_000)
            #expect(summary.lastUserText.hasSuffix("Prompt:\nuser: what is this? [image]"))
        }
    }

    @Test("has the client's own authorization, unless the gateway holds a key")
    func authorization() async throws {
        let fields: HTTPFields = [.authorization: "Bearer clients"]
        try await Harness.run { harness in
            _ = try await harness.post(Harness.body(model: "m"), headerFields: fields)
            #expect(harness.mock.recorder.requests.allSatisfy { $0.headerFields[.authorization] == "Bearer clients" })
        }
        try await Harness.run(["UPSTREAM_API_KEY": "ours", "UPSTREAM_EXTRA_HEADERS": "X-Team: a b"]) { harness in
            _ = try await harness.post(Harness.body(model: "m"), headerFields: fields)
            #expect(harness.mock.recorder.requests.count == 3)
            for request in harness.mock.recorder.requests {
                #expect(request.headerFields[values: .authorization] == ["Bearer ours"])
                #expect(HTTPField.Name("X-Team").flatMap { request.headerFields[$0] } == "a b")
                #expect(request.headerFields[.expect] == nil && request.headerFields[.acceptEncoding] == nil)
            }
        }
    }

    @Test("asks for summaries in the documented shape, and of the chosen model")
    func summaries() async throws {
        let environment = ["SUMMARY_MODEL_DEFAULT": "default", "SUMMARY_MAX_TOKENS": "99", "MAX_REASONING_CHARS": "8"]
        try await Harness.run(environment) { harness in
            _ = try await harness.events(model: "mock-tags")
            _ = try await harness.events(model: "mock-tags", #","summary_model":"chosen""#)
            #expect(harness.summaryRequests.map(\.model) == ["default", "default", "chosen", "chosen"])
            for request in harness.summaryRequests {
                let object = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
                #expect(object?["stream"] as? Bool == false && object?["max_tokens"] as? Int == 99)
                let messages = try #require(object?["messages"] as? [[String: String]])
                #expect(messages.map { $0["role"] } == ["system", "user"])
                #expect(messages[1]["content"]?.lowercased().contains("summarize") == true)
            }
            #expect(harness.summaryRequests[0].lastUserText.hasSuffix("Prompt:\nuser: Why is the sky blue?"))
            #expect(harness.summaryRequests[1].lastUserText.hasSuffix("Reasoning:\nThe user"))
        }
    }

    @Test("makes no call for a summary that is switched off")
    func switchedOff() async throws {
        try await Harness.run { harness in
            let events = try await harness.events(
                model: "mock-tags", #","prompt_summary":false,"reasoning_summary":"off""#)
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events[0].text == "" && events[1].text == "")
            #expect(harness.summaryRequests.isEmpty)
        }
    }
}
