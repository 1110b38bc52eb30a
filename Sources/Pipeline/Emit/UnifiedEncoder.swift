/// The `unified` format: named events whose data are at the same time valid `chat.completion.chunk` objects.
struct UnifiedEncoder: EventEncoder {
    private var frame: ChunkFrame
    /// From the end of `text` to the delta's opening brace.
    private var behindText: [UInt8]

    init(requestID: String, created: Int, model: String) {
        frame = ChunkFrame(requestID: requestID, created: created, model: model)
        behindText = Self.behindText(frame)
    }

    private static func behindText(_ frame: ChunkFrame) -> [UInt8] {
        var bytes = Array(#"","#.utf8)
        frame.appendRequestID(to: &bytes)
        bytes.append(",")
        return bytes + frame.opening
    }

    mutating func adopt(chunkMember: Span<UInt8>) {
        frame.adopt(chunkMember)
        behindText = Self.behindText(frame)
    }

    mutating func summaryDelta(
        _ subject: SummaryPrompts.Subject, _ text: String, index: Int, to output: inout [UInt8]
    ) {
        output.append("event: ")
        output.append(subject.eventName)
        output.append(".delta\ndata: {")
        output.appendMember("text", text)
        output.append(",")
        frame.appendRequestID(to: &output)
        output.append(contentsOf: ",\"index\":\(index),".utf8)
        output += frame.opening
        frame.appendReasoning(text, isPiece: true, to: &output)
        output.append("\n\n")
    }

    mutating func summary(
        _ subject: SummaryPrompts.Subject, _ summary: Summary, shown: Bool, to output: inout [UInt8]
    ) {
        output.append("event: ")
        output.append(subject.eventName)
        output.append("\ndata: {")
        output.appendMember("text", summary.text)
        output.append(",")
        frame.appendRequestID(to: &output)
        output.append(",")
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
        output.append("event: output.delta\ndata: {\"text\":\"")
        output.append(contentsOf: text)
        output += behindText
        frame.appendDelta(text, members: members, logprobs: logprobs, to: &output)
        output.append("\n\n")
    }

    mutating func error(_ error: StreamError, to output: inout [UInt8]) {
        output.append("event: error\ndata: {")
        output.appendMember("message", error.message)
        output.append(",")
        output.appendMember("stage", error.stage.rawValue)
        output.append(",")
        frame.appendRequestID(to: &output)
        output.append(",")
        output.appendMember("detail", error.detail)
        if let code = error.code {
            output.append(",")
            output.appendMember("code", code)
            output.append(#","fatal":true,"error":"#)
            output.appendErrorObject(message: error.message, code: code)
        } else {
            output.append(#","fatal":false"#)
        }
        output.append(",")
        output += frame.opening
        frame.appendEmptyDelta(to: &output)
        output.append("\n\n")
    }

    mutating func done(_ end: OutputEnd, to output: inout [UInt8]) {
        output.append("event: output.done\ndata: {")
        frame.appendRequestID(to: &output)
        output.append(end.isComplete ? #","status":"completed","# : #","status":"incomplete","#)
        output += frame.opening
        frame.appendFinish(end.escapedFinishReason, to: &output)
        if !end.usage.isEmpty {
            output.append(#","usage":"#)
            output += end.usage
        }
        output.append(end.summaryUsage)
        output.append("}\n\n")
    }

    /// A comment, which every SSE client ignores.
    mutating func keepAlive(to output: inout [UInt8]) {
        output.append(": keep-alive\n\n")
    }
}
