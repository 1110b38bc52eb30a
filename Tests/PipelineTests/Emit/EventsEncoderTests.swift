import Testing

@testable import Pipeline

/// The reference's keys and nothing else, letter for letter.
@Suite("The events format")
struct EventsEncoderTests {
    private func encode(_ body: (inout EventsEncoder, inout [UInt8]) -> Void) -> String {
        var encoder = EventsEncoder(requestID: "r1")
        var output: [UInt8] = []
        encoder.adopt(chunkMember: Array(#""service_tier":"default""#.utf8).span)
        body(&encoder, &output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func summaries() {
        let text = encode { encoder, output in
            encoder.summary(.prompt, Summary(text: "P \"q\"", source: .model), shown: false, to: &output)
            encoder.summary(.reasoning, .empty, shown: false, to: &output)
        }
        #expect(
            text == """
                event: summary.prompt
                data: {"text":"P \\"q\\"","request_id":"r1"}

                event: summary.reasoning
                data: {"text":"","request_id":"r1"}


                """)
    }

    @Test("deltas are text alone; what is none is left out")
    func outputDelta() {
        let text = encode { encoder, output in
            let members = Array(#""tool_calls":[1]"#.utf8)
            encoder.outputDelta(Array("Hi".utf8).span, members: members.span, logprobs: Span(), to: &output)
            encoder.outputDelta(Span(), members: members.span, logprobs: Span(), to: &output)
        }
        #expect(text == "event: output.delta\ndata: {\"text\":\"Hi\",\"request_id\":\"r1\"}\n\n")
    }

    @Test("errors have the same keys, fatal or not", arguments: [nil, "upstream_error"])
    func error(code: String?) {
        let error = StreamError(stage: .upstreamStream, message: "m", detail: "d", code: code)
        #expect(
            encode { $0.error(error, to: &$1) } == """
                event: error
                data: {"message":"m","stage":"upstream_stream","request_id":"r1","detail":"d"}


                """)
    }

    @Test("the end has no more than the request's name", arguments: [true, false])
    func done(isComplete: Bool) {
        let end = OutputEnd(escapedFinishReason: nil, usage: Array("{}".utf8), isComplete: isComplete)
        #expect(encode { $0.done(end, to: &$1) } == "event: output.done\ndata: {\"request_id\":\"r1\"}\n\n")
    }

    @Test func keepAlive() {
        #expect(encode { $0.keepAlive(to: &$1) } == ": keep-alive\n\n")
    }
}
