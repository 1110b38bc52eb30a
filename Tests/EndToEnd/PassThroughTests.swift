import Foundation
import MockUpstream
import Pipeline
import TestSupport
import Testing

/// What an upstream's deltas hold beside text, as a client gets it.
@Suite("What the upstream sends", .timeLimit(.minutes(5)))
struct PassThroughTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let payloads: [String]
        /// Deltas as the client shall have them, without the role.
        let deltas: [String]
        var finishReason = "stop"

        init(_ name: String, _ payloads: [String], _ deltas: [String], finishReason: String = "stop") {
            testDescription = name
            self.payloads = payloads
            self.deltas = deltas
            self.finishReason = finishReason
        }
    }

    private static func chunk(_ delta: String, reason: String? = nil, _ beside: String = "") -> String {
        let reason = reason.map { "\"\($0)\"" } ?? "null"
        return
            #"{"id":"u","object":"chat.completion.chunk","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)\#(beside)}]}"#
    }

    private static let call = [
        #"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""},"x":1}]}"#,
        #"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\": \"\u00e9"}}]}"#,
        #"{"tool_calls":[{"index":0,"function":{"arguments":"\"}"}}]}"#,
    ]
    private static let second =
        #"{"tool_calls":[{"index":1,"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]}"#

    static let cases = [
        Case(
            "tool calls in pieces", call.map { chunk($0) } + [chunk("{}", reason: "tool_calls")], call,
            finishReason: "tool_calls"),
        Case(
            "tool calls after reasoning",
            [chunk(#"{"role":"assistant","reasoning_content":"hm"}"#)] + call.map { chunk($0) }
                + [chunk("{}", reason: "tool_calls")], call, finishReason: "tool_calls"),
        Case(
            "reasoning between two tool calls",
            call.map { chunk($0) } + [chunk(#"{"reasoning_content":"now the other"}"#), chunk(second)]
                + [chunk("{}", reason: "tool_calls")], call + [second], finishReason: "tool_calls"),
        Case(
            "a refusal", [chunk(#"{"refusal":"I "}"#), chunk(#"{"refusal":"can't"}"#), chunk("{}", reason: "stop")],
            [#"{"refusal":"I "}"#, #"{"refusal":"can't"}"#]),
        Case(
            "members that nobody knows",
            [chunk(#"{"content":"x","audio":{"id":"a"},"v":[1,{"y":1.0E+00}]}"#, reason: "stop")],
            [#"{"content":"x","audio":{"id":"a"},"v":[1,{"y":1.0E+00}]}"#]),
        Case(
            "text and the end in one chunk", [chunk(#"{"content":"x"}"#, reason: "length")], [#"{"content":"x"}"#],
            finishReason: "length"),
        Case(
            "the end by a filter", [chunk(#"{"content":"x"}"#), chunk("{}", reason: "content_filter")],
            [#"{"content":"x"}"#], finishReason: "content_filter"),
        Case(
            "chunks without choices, without delta, and with nulls",
            [
                #"{"choices":[]}"#, #"{"choices":[{"index":0,"delta":null}]}"#, #"{"choices":[{"index":0}]}"#,
                chunk(#"{"role":"assistant"}"#), chunk(#"{"content":null,"tool_calls":null,"refusal":null}"#),
                chunk(#"{"content":"x"}"#), chunk(#"{"content":"","tool_calls":[]}"#, reason: "stop"),
            ], [#"{"content":"x"}"#]),
    ]

    @Test("beside its text reaches the client unchanged and in order", arguments: cases)
    func deltas(_ example: Case) async throws {
        let script = MockScript((example.payloads + ["[DONE]"]).map { .event($0) })
        try await Harness.run(script: { $0.isStreamed ? script : nil }) { harness in
            let answer = try await harness.post(
                Harness.body(model: "m", #","tools":[{"type":"function","function":{"name":"f"}}]"#),
                path: "/openai/v1/chat/completions")
            let payloads = answer.text.components(separatedBy: "\n\n")
            let deltas = payloads.filter { $0.contains(#""gateway_event":"output.delta""#) }.compactMap { payload in
                payload.firstRange(of: #""delta":"#).map { String(payload[$0.upperBound...]) }
            }
            #expect(deltas.count == example.deltas.count)
            for (delta, expected) in zip(deltas, example.deltas) {
                let plain = delta.replacing(#""role":"assistant","#, with: "")
                #expect(plain.hasPrefix(expected + ","))
            }
            #expect(try ChunkStream(answer.text).finishReasons == [example.finishReason])
        }
    }

    @Test("beside its choices reaches the client, usage with its details, and log probabilities")
    func beside() async throws {
        let logprobs = #"{"content":[{"token":"x","logprob":-0.10,"bytes":[120],"top_logprobs":[]}],"refusal":null}"#
        let usage =
            #"{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}"#
        let beside = #""service_tier":"default","system_fingerprint":"fp_1""#
        let script = MockScript([
            .event(#"{\#(beside),"choices":[{"index":0,"delta":{"content":"x"},"logprobs":\#(logprobs)}]}"#),
            .event(#"{\#(beside),"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#),
            .event(#"{\#(beside),"choices":[],"usage":\#(usage)}"#), .event("[DONE]"),
        ])
        try await Harness.run(script: { $0.isStreamed ? script : nil }) { harness in
            for path in ["/unified", "/openai"] {
                let answer = try await harness.post(
                    Harness.body(model: "m", #","stream_options":{"include_usage":true}"#),
                    path: path + "/v1/chat/completions")
                #expect(answer.text.contains(#""model":"m",\#(beside),"choices":[{"index":0,"delta":{"#))
                #expect(answer.text.contains(#"},"logprobs":\#(logprobs),"finish_reason":null}]}"#))
                #expect(answer.text.contains(#""usage":\#(usage)"#))
            }
            let whole = try await harness.post(#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#)
            #expect(whole.text.contains(beside))
            #expect(whole.text.contains(#""usage":\#(usage)"#))
            #expect(whole.text.contains(#""logprob":-0.10"#))
        }
    }

    @Test(
        "becomes a stream that keeps the protocol, in every format",
        arguments: [
            "mock-tags", "mock-reasoning", "mock-no-tags", "mock-missing-final", "mock-cut", "mock-end-early",
            "mock-error-event", "mock-bad-chunk", "mock-usage", "mock-tools", "mock-json", "mock-refuse:status=404",
            "mock-garbage", "mock-503:times=9",
        ], StreamFormat.allCases)
    func grammar(model: String, format: StreamFormat) async throws {
        try await Harness.run(["HEAD_HOLD": "0"]) { harness in
            let answer = try await harness.post(
                Harness.body(model: model), path: "/\(format.rawValue)/v1/chat/completions")
            var grammar = StreamGrammar(format: format)
            grammar.read(answer.body.span)
            let verdict = grammar.finish()
            #expect(verdict.violations == [])
            #expect(verdict.events > 0)
        }
    }
}
