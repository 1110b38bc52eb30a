import TestSupport
import Testing

@testable import Pipeline

/// The bytes of protocol.md, "Three formats of one stream", letter for letter.
@Suite("The unified format")
struct UnifiedEncoderTests {
    private func encode(
        afterFirst: Bool = true, _ body: (inout UnifiedEncoder, inout [UInt8]) -> Void
    ) -> String {
        var encoder = UnifiedEncoder(requestID: "r1", created: 1, model: "m")
        var output: [UInt8] = []
        if afterFirst {
            var ignored: [UInt8] = []
            encoder.summary(.prompt, .empty, shown: false, to: &ignored)
        }
        body(&encoder, &output)
        return String(decoding: output, as: UTF8.self)
    }

    private let chunk = #""id":"chatcmpl-r1","object":"chat.completion.chunk","created":1,"model":"m""#

    @Test func promptSummary() {
        let text = encode(afterFirst: false) {
            $0.summary(.prompt, Summary(text: "P", source: .model), shown: false, to: &$1)
        }
        #expect(
            text == """
                event: summary.prompt
                data: {"text":"P","request_id":"r1","source":"model",\(chunk),"choices":[{"index":0,"delta":\
                {"role":"assistant","reasoning_content":"P\\n\\n"},"logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test func emptyReasoningSummary() {
        let text = encode { $0.summary(.reasoning, .empty, shown: false, to: &$1) }
        #expect(
            text == """
                event: summary.reasoning
                data: {"text":"","request_id":"r1","source":"none",\(chunk),"choices":[{"index":0,"delta":{},\
                "logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test func nonFatalError() {
        let error = StreamError(stage: .reasoningSummary, message: "reasoning summary failed", detail: "timeout")
        let text = encode { $0.error(error, to: &$1) }
        #expect(
            text == """
                event: error
                data: {"message":"reasoning summary failed","stage":"reasoning_summary","request_id":"r1",\
                "detail":"timeout","fatal":false,\(chunk),"choices":[{"index":0,"delta":{},"logprobs":null,\
                "finish_reason":null}]}


                """)
    }

    @Test func fatalError() {
        let error = StreamError(stage: .upstreamStream, message: "cut \"off\"", detail: "d", code: "upstream_error")
        let text = encode { $0.error(error, to: &$1) }
        #expect(
            text == """
                event: error
                data: {"message":"cut \\"off\\"","stage":"upstream_stream","request_id":"r1","detail":"d",\
                "code":"upstream_error","fatal":true,"error":{"message":"cut \\"off\\"","type":"server_error",\
                "param":null,"code":"upstream_error"},\(chunk),"choices":[{"index":0,"delta":{},"logprobs":null,\
                "finish_reason":null}]}


                """)
    }

    @Test func keepAlive() {
        #expect(encode { $0.keepAlive(to: &$1) } == ": keep-alive\n\n")
    }

    @Test func outputDelta() {
        let text = encode { encoder, output in
            encoder.outputDelta(Array(#"Hi \n"#.utf8).span, members: Span(), logprobs: Span(), to: &output)
        }
        #expect(
            text == """
                event: output.delta
                data: {"text":"Hi \\n","request_id":"r1",\(chunk),"choices":[{"index":0,"delta":\
                {"content":"Hi \\n"},"logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test func outputDeltaWithEverything() {
        let text = encode(afterFirst: false) { encoder, output in
            encoder.outputDelta(
                Array("x".utf8).span, members: Array(#""tool_calls":[1]"#.utf8).span,
                logprobs: Array(#"{"content":[]}"#.utf8).span, to: &output)
        }
        #expect(
            text == """
                event: output.delta
                data: {"text":"x","request_id":"r1",\(chunk),"choices":[{"index":0,"delta":{"role":"assistant",\
                "content":"x","tool_calls":[1]},"logprobs":{"content":[]},"finish_reason":null}]}


                """)
    }

    @Test func outputDeltaWithoutText() {
        let text = encode { encoder, output in
            encoder.outputDelta(
                Span(), members: Array(#""tool_calls":[1]"#.utf8).span, logprobs: Span(), to: &output)
        }
        #expect(
            text == """
                event: output.delta
                data: {"text":"","request_id":"r1",\(chunk),"choices":[{"index":0,"delta":{"tool_calls":[1]},\
                "logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test func completedEnd() {
        let usage = #"{"prompt_tokens":7,"completion_tokens":4,"total_tokens":11}"#
        let end = OutputEnd(escapedFinishReason: Array("stop".utf8), usage: Array(usage.utf8), isComplete: true)
        #expect(
            encode { $0.done(end, to: &$1) } == """
                event: output.done
                data: {"request_id":"r1","status":"completed",\(chunk),"choices":[{"index":0,"delta":{},\
                "logprobs":null,"finish_reason":"stop"}],"usage":\(usage)}


                """)
    }

    @Test func incompleteEnd() {
        let end = OutputEnd(escapedFinishReason: nil, isComplete: false)
        #expect(
            encode { $0.done(end, to: &$1) } == """
                event: output.done
                data: {"request_id":"r1","status":"incomplete",\(chunk),"choices":[{"index":0,"delta":{},\
                "logprobs":null,"finish_reason":null}]}


                """)
    }

    @Test("what a client or a model writes cannot break out of its string")
    func escapes() throws {
        var encoder = UnifiedEncoder(requestID: "r\"1", created: 1, model: "m\n\\")
        var output: [UInt8] = []
        encoder.summary(.prompt, Summary(text: "a\u{0}\n\"b", source: .model), shown: false, to: &output)
        let event = try #require(try ClientEvent.decode(output).first)
        #expect(event.text == "a\u{0}\n\"b")
        #expect(event.data["model"] as? String == "m\n\\")
    }
}
