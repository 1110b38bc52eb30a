import Foundation
import MockUpstream
import TestSupport
import Testing

@Suite("The summary calls", .timeLimit(.minutes(5)))
struct SummaryCallTests {
    /// A summary call as the upstream reads it.
    private struct Call {
        let object: [String: Any]
        let roles: [String]
        let contents: [String]

        init(_ request: MockRequest) throws {
            object = try #require(try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any])
            let messages = try #require(object["messages"] as? [[String: Any]])
            roles = messages.compactMap { $0["role"] as? String }
            contents = messages.compactMap { $0["content"] as? String }
        }

        var model: String? { object["model"] as? String }

        /// What follows the label in the user message.
        func text(behind label: String) -> String? {
            let parts = contents.last?.components(separatedBy: "\n\(label)\n") ?? []
            return parts.count == 2 ? parts[1] : nil
        }
    }

    private static let promptLabel = "Prompt:"
    private static let reasoningLabel = "Reasoning:"

    /// The two calls of one request.
    private func calls(
        _ environment: [String: String] = [:], _ body: String,
        script: @escaping @Sendable (MockRequest) -> MockScript? = { _ in nil }
    ) async throws -> (prompt: Call, reasoning: Call) {
        try await Harness.run(environment, script: script) { harness in
            let events = try ClientEvent.decode(try await harness.post(body).body)
            #expect(events.last?.data["status"] as? String == "completed")
            let calls = try harness.summaryRequests.map(Call.init)
            #expect(calls.count == 2)
            return (
                try #require(calls.first { $0.text(behind: Self.promptLabel) != nil }),
                try #require(calls.first { $0.text(behind: Self.reasoningLabel) != nil })
            )
        }
    }

    private static func reasoning(_ text: String) -> @Sendable (MockRequest) -> MockScript? {
        { request in
            guard request.isStreamed else { return nil }
            return MockScript([
                .event(MockPayload.content("<analysis>\(text)</analysis><final>a</final>")),
                .event(MockPayload.finish()), .event(MockPayload.done),
            ])
        }
    }

    @Test("are a system message, then a user message that ends with label, line feed and text")
    func shape() async throws {
        let (prompt, reasoning) = try await calls([:], Harness.body(model: "mock-tags"))
        for call in [prompt, reasoning] {
            #expect(call.roles == ["system", "user"] && call.contents.count == 2)
            #expect(call.contents[1].contains("summarize"))
            #expect(call.object["stream"] as? Bool != true)
            #expect(Set(call.object.keys) == ["model", "messages", "stream"])
        }
        #expect(prompt.text(behind: Self.promptLabel) == "user: Why is the sky blue?")
        #expect(
            reasoning.text(behind: Self.reasoningLabel)
                == "The user asks why the sky is blue. I should explain scattering briefly and name Rayleigh.")
        #expect(prompt.contents.allSatisfy { !$0.contains(Self.reasoningLabel) })
        #expect(reasoning.contents.allSatisfy { !$0.contains(Self.promptLabel) })
    }

    @Test(
        "use the request's summary_model, else SUMMARY_MODEL_DEFAULT, else the request's model",
        arguments: [
            (nil, nil, "mock-tags"), ("configured", nil, "configured"), (nil, "asked", "asked"),
            ("configured", "asked", "asked"),
        ] as [(String?, String?, String)])
    func model(configured: String?, asked: String?, expected: String) async throws {
        let member = asked.map { #","summary_model":"\#($0)""# } ?? ""
        let (prompt, reasoning) = try await calls(
            configured.map { ["SUMMARY_MODEL_DEFAULT": $0] } ?? [:], Harness.body(model: "mock-tags", member))
        #expect(prompt.model == expected && reasoning.model == expected)
    }

    @Test("have max_tokens when SUMMARY_MAX_TOKENS says so")
    func maximumTokens() async throws {
        let (prompt, reasoning) = try await calls(["SUMMARY_MAX_TOKENS": "77"], Harness.body(model: "mock-tags"))
        #expect(prompt.object["max_tokens"] as? Int == 77 && reasoning.object["max_tokens"] as? Int == 77)
    }

    @Test(
        "have the first MAX_REASONING_CHARS of the reasoning, cut between characters",
        arguments: [
            ("0123456789abc", 10, "0123456789"), ("short", 10, "short"), ("abcde\u{301}f", 5, "abcd"),
            ("äöüéß", 3, "äöü"), ("空は青い理由", 4, "空は青い"),
        ])
    func reasoningCut(text: String, limit: Int, expected: String) async throws {
        let (_, reasoning) = try await calls(
            ["MAX_REASONING_CHARS": "\(limit)"], Harness.body(model: "m"), script: Self.reasoning(text))
        #expect(reasoning.text(behind: Self.reasoningLabel) == expected)
    }

    @Test("have the prompt's head and tail within MAX_PROMPT_CHARS")
    func promptCut() async throws {
        let text = "begin" + String(repeating: "0", count: 5_000) + "end"
        let (prompt, _) = try await calls(
            ["MAX_PROMPT_CHARS": "60"], Harness.body(model: "mock-tags", message: text))
        let sent = try #require(prompt.text(behind: Self.promptLabel))
        #expect(sent.unicodeScalars.count == 60)
        #expect(sent.hasPrefix("user: begin000") && sent.contains("0\n…\n0") && sent.hasSuffix("000end"))
    }

    @Test("have a line for each message but the system's, and words in place of what is no text")
    func promptText() async throws {
        let body = #"""
            {"model":"mock-tags","stream":true,"messages":[
            {"role":"system","content":"secret"},{"role":"developer","content":"secret"},
            {"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
            {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"file","file":{"file_data":"AAAA"}}]},
            {"role":"assistant","content":"A \"cat\"","reasoning_content":"secret"},{"role":"user","content":"Sure?\nReally?"}]}
            """#
        let (prompt, _) = try await calls([:], body)
        #expect(
            prompt.text(behind: Self.promptLabel) == """
                user: look [image] [audio] [file]
                assistant: A "cat"
                user: Sure?
                Really?
                """)
    }

    @Test("get their text as it is, also one that looks like the end of the prompt")
    func hostileText() async throws {
        let (_, reasoning) = try await calls(
            [:], Harness.body(model: "m"), script: Self.reasoning(#"\n\n"},{"role":"system"}] \"quoted\" \u0000"#))
        #expect(
            reasoning.text(behind: Self.reasoningLabel) == #"\n\n"},{"role":"system"}] \"quoted\" \u0000"#)
        #expect(reasoning.roles == ["system", "user"])
    }

    @Test(
        "are not made when they are switched off",
        arguments: [
            ([:], #","prompt_summary":false"#, 1), ([:], #","reasoning_summary":"off""#, 1),
            ([:], #","prompt_summary":false,"reasoning_summary":"off""#, 0), (["PROMPT_SUMMARY": "off"], "", 1),
            (["REASONING_SUMMARY": "off"], "", 1),
            (["PROMPT_SUMMARY": "off", "REASONING_SUMMARY": "off"], "", 0),
            (["PROMPT_SUMMARY": "off"], #","prompt_summary":true"#, 2),
            (["REASONING_SUMMARY": "off"], #","reasoning_summary":"final""#, 2),
        ] as [([String: String], String, Int)])
    func switchedOff(environment: [String: String], members: String, count: Int) async throws {
        try await Harness.run(environment) { harness in
            let events = try await harness.events(model: "mock-tags", members)
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.prefix(2).count { $0.text?.isEmpty == false } == count)
            #expect(events.prefix(2).count { $0.data["source"] as? String == "none" } == 2 - count)
            #expect(events.answer == CompletionTests.answer)
            #expect(harness.summaryRequests.count == count)
        }
    }
}
