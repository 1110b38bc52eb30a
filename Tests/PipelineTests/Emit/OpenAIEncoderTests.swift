import Testing

@testable import Pipeline

/// The bytes of protocol.md, "Three formats of one stream", letter for letter.
@Suite("The openai format")
struct OpenAIEncoderTests {
    private func encode(
        afterFirst: Bool = true, usage: Bool = false, _ body: (inout OpenAIEncoder, inout [UInt8]) -> Void
    ) -> String {
        var encoder = OpenAIEncoder(requestID: "r1", created: 1, model: "m", includesUsage: usage)
        var output: [UInt8] = []
        if afterFirst {
            var ignored: [UInt8] = []
            encoder.summary(.prompt, .empty, shown: false, to: &ignored)
        }
        body(&encoder, &output)
        return String(decoding: output, as: UTF8.self)
    }

    private let chunk = #""id":"chatcmpl-r1","object":"chat.completion.chunk","created":1,"model":"m""#
    private let empty = #"[{"index":0,"delta":{},"logprobs":null,"finish_reason":null}]"#

    @Test func promptSummary() {
        let text = encode(afterFirst: false) {
            $0.summary(.prompt, Summary(text: "P", source: .model), shown: false, to: &$1)
        }
        #expect(
            text == """
                data: {"request_id":"r1","gateway_event":"summary.prompt","source":"model",\(chunk),"choices":[{"index":0,\
                "delta":{"role":"assistant","reasoning_content":"P\\n\\n"},"logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test func emptyReasoningSummary() {
        #expect(
            encode { $0.summary(.reasoning, .empty, shown: false, to: &$1) } == """
                data: {"request_id":"r1","gateway_event":"summary.reasoning","source":"none",\(chunk),"choices":\(empty)}


                """)
    }

    @Test func outputDelta() {
        let text = encode { encoder, output in
            encoder.outputDelta(
                Array(#"Hi \n"#.utf8).span, members: Array(#""refusal":"x""#.utf8).span,
                logprobs: Array(#"{"content":[]}"#.utf8).span, to: &output)
        }
        #expect(
            text == """
                data: {"request_id":"r1","gateway_event":"output.delta",\(chunk),"choices":[{"index":0,"delta":\
                {"content":"Hi \\n","refusal":"x"},"logprobs":{"content":[]},"finish_reason":null}]}


                """)
    }

    @Test("an error that is not fatal is a chunk, without a key named error")
    func nonFatalError() {
        let error = StreamError(stage: .reasoningSummary, message: "reasoning summary failed", detail: "timeout")
        #expect(
            encode { $0.error(error, to: &$1) } == """
                data: {"request_id":"r1","gateway_event":"error","message":"reasoning summary failed",\
                "stage":"reasoning_summary","detail":"timeout","fatal":false,\(chunk),"choices":\(empty)}


                """)
    }

    @Test("after a fatal error, of which error is the first key, comes the end alone")
    func fatalError() {
        let error = StreamError(stage: .upstreamStream, message: "cut \"off\"", detail: "d", code: "upstream_error")
        let text = encode(usage: true) { encoder, output in
            encoder.error(error, to: &output)
            encoder.done(
                OutputEnd(escapedFinishReason: nil, usage: Array("{}".utf8), isComplete: false), to: &output)
        }
        #expect(
            text == """
                data: {"error":{"message":"cut \\"off\\"","type":"server_error","param":null,"code":"upstream_error"},\
                "request_id":"r1"}

                data: [DONE]


                """)
    }

    @Test("silence is filled by a chunk that says nothing, which may be the first")
    func keepAlive() {
        #expect(
            encode { $0.keepAlive(to: &$1) } == """
                data: {"request_id":"r1","gateway_event":"keep-alive",\(chunk),"choices":\(empty)}


                """)
        #expect(encode(afterFirst: false) { $0.keepAlive(to: &$1) }.contains(#""delta":{"role":"assistant"}"#))
    }

    @Test("usage comes as a chunk without choices, where the client asked for it", arguments: [true, false])
    func completedEnd(asked: Bool) {
        let usage = #"{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11}"#
        let end = OutputEnd(escapedFinishReason: Array("length".utf8), usage: Array(usage.utf8), isComplete: true)
        let usageChunk = "data: {\"request_id\":\"r1\",\(chunk),\"choices\":[],\"usage\":\(usage)}\n\n"
        #expect(
            encode(usage: asked) { $0.done(end, to: &$1) } == """
                data: {"request_id":"r1","gateway_event":"output.done","status":"completed",\(chunk),"choices":[{"index":0,\
                "delta":{},"logprobs":null,"finish_reason":"length"}]}

                \(asked ? usageChunk : "")data: [DONE]


                """)
    }

    @Test("what the upstream says beside its choices stands beside them from then on")
    func adopted() {
        let text = encode { encoder, output in
            encoder.adopt(chunkMember: Array(#""service_tier":"default""#.utf8).span)
            encoder.adopt(chunkMember: Array(#""system_fingerprint":"fp""#.utf8).span)
            encoder.outputDelta(Array("x".utf8).span, members: Span(), logprobs: Span(), to: &output)
        }
        #expect(text.contains(#""model":"m","service_tier":"default","system_fingerprint":"fp","choices":[{"#))
    }
}
