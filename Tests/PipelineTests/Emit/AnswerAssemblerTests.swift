import Testing

@testable import Pipeline

@Suite("A whole answer")
struct AnswerAssemblerTests {
    private func assemble(
        usage: String = "", isComplete: Bool = true, _ body: (inout AnswerAssembler) -> Void
    ) -> String {
        var assembler = AnswerAssembler(requestID: "r1", created: 1, model: "m")
        body(&assembler)
        var output: [UInt8] = []
        assembler.done(
            OutputEnd(
                escapedFinishReason: isComplete ? Array("stop".utf8) : nil, usage: Array(usage.utf8),
                isComplete: isComplete), to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private let head = #"{"id":"chatcmpl-r1","object":"chat.completion","created":1,"model":"m","#

    @Test("has the text, both summaries as reasoning, the warnings and the usage")
    func everything() {
        let text = assemble(usage: #"{"total_tokens":11}"#) { assembler in
            var ignored: [UInt8] = []
            assembler.adopt(chunkMember: Array(#""system_fingerprint":"fp""#.utf8).span)
            assembler.error(
                StreamError(stage: .promptSummary, message: "prompt summary failed", detail: "timeout"), to: &ignored)
            assembler.summary(.prompt, Summary(text: "P", source: .extract), shown: false, to: &ignored)
            assembler.summary(.reasoning, Summary(text: "R\n", source: .model), shown: false, to: &ignored)
            for piece in ["Hello \\\"", "you\\\" \\u00e9"] {
                assembler.outputDelta(
                    Array(piece.utf8).span, members: Span(),
                    logprobs: Array(#"{"content":[{"token":"\#(piece)"}]}"#.utf8).span, to: &ignored)
            }
            #expect(ignored.isEmpty)
        }
        #expect(
            text == """
                \(head)"system_fingerprint":"fp","choices":[{"index":0,"message":{"role":"assistant",\
                "content":"Hello \\"you\\" \\u00e9","reasoning_content":"P\\n\\nR\\n"},\
                "logprobs":{"content":[{"token":"Hello \\""},{"token":"you\\" \\u00e9"}]},"finish_reason":"stop"}],\
                "usage":{"total_tokens":11},"request_id":"r1",\
                "summaries":{"prompt":{"text":"P","source":"extract"},"reasoning":{"text":"R\\n","source":"model"}},\
                "warnings":[{"message":"prompt summary failed","stage":"prompt_summary","detail":"timeout"}]}
                """)
    }

    @Test("without text has null where there is something else, and an empty text where there is nothing")
    func noText() {
        let nothing = assemble { _ in }
        #expect(nothing.hasPrefix(#"\#(head)"choices":[{"index":0,"message":{"role":"assistant","content":""},"#))
        let refusal = assemble { assembler in
            var ignored: [UInt8] = []
            for piece in ["I ", "can't"] {
                assembler.outputDelta(
                    Span(), members: Array(#""refusal":"\#(piece)""#.utf8).span, logprobs: Span(), to: &ignored)
            }
        }
        #expect(refusal.contains(#""message":{"role":"assistant","content":null,"refusal":"I can't"},"logprobs":null"#))
    }

    @Test("that broke off is not written")
    func incomplete() {
        let text = assemble(isComplete: false) { assembler in
            var ignored: [UInt8] = []
            assembler.outputDelta(Array("x".utf8).span, members: Span(), logprobs: Span(), to: &ignored)
        }
        #expect(text.isEmpty)
    }
}

@Suite("Pieces of streamed members")
struct DeltaAccumulatorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let pieces: [String]
        let whole: String

        init(_ name: String, _ pieces: [String], _ whole: String) {
            testDescription = name
            self.pieces = pieces
            self.whole = whole
        }
    }

    static let cases = [
        Case(
            "arguments are joined by the call's index",
            [
                #""tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]"#,
                #""tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]"#,
                #""tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"1"}}]"#,
                #""tool_calls":[{"index":0,"function":{"arguments":":1}"}}]"#,
            ],
            #""tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"1"}}]"#
        ),
        Case(
            "an id that comes again is not joined",
            [
                #""tool_calls":[{"index":0,"id":"a","type":"function","function":{"arguments":"1"}}]"#,
                #""tool_calls":[{"index":0,"id":"a","type":"function","function":{"arguments":"2"}}]"#,
            ], #""tool_calls":[{"id":"a","type":"function","function":{"arguments":"12"}}]"#),
        Case(
            "another id with the same index is another call",
            [
                #""tool_calls":[{"index":0,"id":"a","function":{"arguments":"1"}}]"#,
                #""tool_calls":[{"index":0,"id":"b","function":{"arguments":"2"}}]"#,
                #""tool_calls":[{"index":0,"function":{"arguments":"3"}}]"#,
            ],
            #""tool_calls":[{"id":"a","function":{"arguments":"1"}},{"id":"b","function":{"arguments":"23"}}]"#),
        Case(
            "elements without an index are added", [#""annotations":[{"u":1}]"#, #""annotations":[{"u":2},3]"#],
            #""annotations":[{"u":1},{"u":2},3]"#),
        Case(
            "strings are joined, numbers and truth values replaced",
            [#""a":"x\n","b":1,"c":true"#, #""a":"\u00e9","b":2.50,"c":false"#],
            #""a":"x\n\u00e9","b":2.50,"c":false"#),
        Case(
            "objects are merged", [#""audio":{"id":"i","data":"AA"}"#, #""audio":{"data":"BB","expires_at":5}"#],
            #""audio":{"id":"i","data":"AABB","expires_at":5}"#),
        Case("null takes nothing away", [#""a":"x""#, #""a":null"#], #""a":"x""#),
        Case("another kind replaces", [#""a":"x""#, #""a":[1]"#, #""a":{"b":1}"#], #""a":{"b":1}"#),
        Case("what is no JSON is left out", [#""a":1"#, #""a":"#, "x"], #""a":1"#),
    ]

    @Test("become one", arguments: cases)
    func merge(_ example: Case) {
        var accumulator = DeltaAccumulator()
        for piece in example.pieces { accumulator.add(members: Array(piece.utf8).span) }
        var output: [UInt8] = []
        accumulator.append(to: &output)
        #expect(String(decoding: output, as: UTF8.self) == example.whole)
    }

    @Test("take linear time", .timeLimit(.minutes(5)))
    func linear() {
        var accumulator = DeltaAccumulator()
        let piece = Array(#""tool_calls":[{"index":0,"function":{"arguments":"0123456789"}}]"#.utf8)
        for _ in 0..<50_000 { accumulator.add(members: piece.span) }
        var output: [UInt8] = []
        accumulator.append(to: &output)
        #expect(output.count > 500_000)
    }
}
