/// The `openai` format: `chat.completion.chunk` objects without event names and without comments, closed by `[DONE]`, for SDKs
/// that read nothing else. `gateway_event` tells which event a chunk is.
///
/// The reference's keys are left out where the chunk says the same, so an error that is not fatal keeps its own.
struct OpenAIEncoder: EventEncoder {
    private var frame: ChunkFrame
    private let includesUsage: Bool
    /// From the data line's beginning to the brace of an output delta.
    private var deltaOpening: [UInt8]

    init(requestID: String, created: Int, model: String, includesUsage: Bool) {
        frame = ChunkFrame(requestID: requestID, created: created, model: model)
        self.includesUsage = includesUsage
        deltaOpening = Self.deltaOpening(frame)
    }

    private static func deltaOpening(_ frame: ChunkFrame) -> [UInt8] {
        var bytes: [UInt8] = []
        open("output.delta", frame, to: &bytes)
        return bytes + frame.opening
    }

    private static func open(_ name: StaticString, _ frame: ChunkFrame, to output: inout [UInt8]) {
        output.append("data: {")
        frame.appendRequestID(to: &output)
        output.append(#","gateway_event":""#)
        output.append(name)
        output.append("\",")
    }

    mutating func adopt(chunkMember: Span<UInt8>) {
        frame.adopt(chunkMember)
        deltaOpening = Self.deltaOpening(frame)
    }

    mutating func summaryDelta(
        _ subject: SummaryPrompts.Subject, _ text: String, index: Int, to output: inout [UInt8]
    ) {
        Self.open(subject == .prompt ? "summary.prompt.delta" : "summary.reasoning.delta", frame, to: &output)
        output.append(contentsOf: "\"index\":\(index),".utf8)
        output += frame.opening
        frame.appendReasoning(text, isPiece: true, to: &output)
        output.append("\n\n")
    }

    mutating func summary(
        _ subject: SummaryPrompts.Subject, _ summary: Summary, shown: Bool, to output: inout [UInt8]
    ) {
        Self.open(subject.eventName, frame, to: &output)
        output.appendMember("source", summary.source.rawValue)
        output.append(",")
        output += frame.opening
        frame.appendReasoning(shown ? "" : summary.text, isPiece: false, to: &output)
        if shown { frame.endPieces() }
        output.append("\n\n")
    }

    mutating func outputDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8]
    ) {
        output += deltaOpening
        frame.appendDelta(text, members: members, logprobs: logprobs, to: &output)
        output.append("\n\n")
    }

    mutating func error(_ error: StreamError, to output: inout [UInt8]) {
        if let code = error.code {
            // SDKs raise what the first key names.
            output.append(#"data: {"error":"#)
            output.appendErrorObject(message: error.message, code: code)
            output.append(",")
            frame.appendRequestID(to: &output)
            output.append("}\n\n")
            return
        }
        Self.open("error", frame, to: &output)
        output.appendMember("message", error.message)
        output.append(",")
        output.appendMember("stage", error.stage.rawValue)
        output.append(",")
        output.appendMember("detail", error.detail)
        output.append(#","fatal":false,"#)
        output += frame.opening
        frame.appendEmptyDelta(to: &output)
        output.append("\n\n")
    }

    mutating func done(_ end: OutputEnd, to output: inout [UInt8]) {
        // After a fatal error there is nothing left to be said.
        if end.isComplete {
            Self.open("output.done", frame, to: &output)
            output.append(#""status":"completed","#)
            output += frame.opening
            frame.appendFinish(end.escapedFinishReason, to: &output)
            output.append("}\n\n")
            if includesUsage, !end.usage.isEmpty {
                output.append("data: {")
                frame.appendRequestID(to: &output)
                output.append(",")
                frame.appendIdentity(to: &output)
                output.append(#""choices":[],"usage":"#)
                output += end.usage
                output.append(end.summaryUsage)
                output.append("}\n\n")
            }
        }
        output.append("data: [DONE]\n\n")
    }

    /// A chunk that says nothing: some clients stumble over comments.
    mutating func keepAlive(to output: inout [UInt8]) {
        Self.open("keep-alive", frame, to: &output)
        output += frame.opening
        frame.appendEmptyDelta(to: &output)
        output.append("\n\n")
    }
}
