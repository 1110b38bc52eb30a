internal import JSON
internal import Pipeline

/// Whatever an upstream sends, and whatever becomes of the summaries meanwhile: the client's stream keeps the protocol's grammar,
/// and ends.
enum PipelineFuzz {
    static func run(_ input: [UInt8]) throws {
        var reader = InputReader(input)
        let forms: [AnswerForm] = [.stream(.unified), .stream(.openai), .stream(.events), .whole]
        let form = forms[reader.number(below: forms.count)]
        let flags = reader.byte()
        var pipeline = RequestPipeline(
            PipelineSettings(
                requestID: "r", created: 1, model: "m", instruction: flags & 1 == 0 ? nil : "tags",
                usesReasoningFields: flags & 2 == 0, expectation: expectation(&reader, instructed: flags & 1 != 0),
                reasoningCharacters: 1 + 8 * Int(reader.byte()),
                summarizesPrompt: flags & 4 == 0, summarizesReasoning: flags & 8 == 0,
                promptFallback: { "The prompt. It is short." },
                rollingCharacters: flags & 16 == 0 ? nil : 1 + Int(reader.byte()), form: form,
                includesUsage: flags & 32 == 0))
        var output: [UInt8] = []
        var isOpen = false
        pipeline.begin(into: &output)
        while !reader.isEmpty, !pipeline.isDone { step(&pipeline, &reader, &isOpen, &output) }
        pipeline.upstreamFailed(.truncated, into: &output)
        try require(pipeline.isDone, "the stream does not end")
        guard case .stream(let format) = form else {
            let isWhole = (try? JSONCursor.document(output.span)) != nil
            try require(output.isEmpty == (pipeline.progress.fault != nil), "an answer that broke off is given whole")
            return try require(output.isEmpty || isWhole, "the answer is no JSON")
        }
        var grammar = StreamGrammar(format: format)
        grammar.read(output.span)
        let verdict = grammar.finish()
        try require(verdict.isValid, verdict.violations.joined(separator: "; "))
    }

    private static func expectation(_ reader: inout InputReader, instructed: Bool) -> TextExpectation {
        let choice = Int(reader.byte())
        let formats = ReasoningFormat.all
        return TextExpectation(
            format: formats[choice % formats.count], startsInReasoning: choice & 128 != 0,
            preambleCharacters: instructed ? choice : nil, isAutomatic: choice & 64 != 0,
            recoveryBytes: 64 * Int(reader.byte()))
    }

    private static func step(
        _ pipeline: inout RequestPipeline, _ reader: inout InputReader, _ isOpen: inout Bool, _ output: inout [UInt8]
    ) {
        switch reader.byte() % 12 {
        case 0...2: receive(chunk(content: reader.bytes(), name: "content"), &pipeline, &output)
        case 3: receive(chunk(content: reader.bytes(), name: "reasoning_content"), &pipeline, &output)
        case 4: receive(reader.bytes(), &pipeline, &output)
        case 5: receive(Self.known[reader.number(below: Self.known.count)], &pipeline, &output)
        case 6:
            let failed = reader.byte() & 1 == 0
            pipeline.promptSummarized(failed ? .failed(detail: "no") : .text("P"), into: &output)
        case 7: if !isOpen { isOpen = pipeline.nextReasoningPart() != nil }
        case 8:
            guard isOpen else { return }
            isOpen = false
            let failed = reader.byte() & 1 == 0
            pipeline.reasoningPartSummarized(failed ? .failed(detail: "no") : .text("R"), into: &output)
        case 9: if isOpen { pipeline.reasoningPartPiece("r", into: &output) }
        case 10:
            pipeline.rollingIntervalPassed()
            if reader.byte() & 1 == 0 { pipeline.summaryHoldPassed(into: &output) }
        default: pipeline.keepAlive(into: &output)
        }
    }

    private static func receive(_ payload: [UInt8], _ pipeline: inout RequestPipeline, _ output: inout [UInt8]) {
        guard let fault = pipeline.receive(payload.span, into: &output) else { return }
        pipeline.upstreamFailed(fault, into: &output)
    }

    private static func chunk(content: [UInt8], name: String) -> [UInt8] {
        var payload = Array(#"{"choices":[{"index":0,"delta":{"\#(name)":""#.utf8)
        JSONString.appendEscaped(content.span, to: &payload)
        return payload + Array(#""}}]}"#.utf8)
    }

    private static let known: [[UInt8]] = [
        "[DONE]", #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#,
        #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]}}]}"#, #"{"choices":[]}"#,
        #"{"choices":[],"usage":{"total_tokens":1}}"#, #"{"error":{"message":"no","code":500}}"#,
        #"{"choices":[{"index":0,"delta":{"content":"<analysis>"}}]}"#,
        #"{"choices":[{"index":0,"delta":{"content":"</analysis><final>"}}]}"#,
        #"{"choices":[{"index":0,"delta":{"reasoning_details":[{"type":"reasoning.summary","summary":"s"}]}}]}"#,
        #"{"choices":[{"index":0,"message":{"content":"all of it"},"finish_reason":"stop"}]}"#,
        #"{"service_tier":"x","system_fingerprint":"y","choices":[{"delta":{"content":"z"},"logprobs":{}}]}"#,
    ].map { Array($0.utf8) }
}
