/// The `events` format: named events with the reference's keys and nothing else. What is not text, tool calls too, has no
/// place in it.
struct EventsEncoder: EventEncoder {
    /// `"request_id":"…"`
    private let requestID: [UInt8]

    init(requestID: String) {
        var member: [UInt8] = []
        member.appendMember("request_id", requestID)
        self.requestID = member
    }

    mutating func adopt(chunkMember: Span<UInt8>) {}

    mutating func summaryDelta(
        _ subject: SummaryPrompts.Subject, _ text: String, index: Int, to output: inout [UInt8]
    ) {
        output.append("event: ")
        output.append(subject.eventName)
        output.append(".delta\ndata: {")
        output.appendMember("text", text)
        end(to: &output)
    }

    mutating func summary(
        _ subject: SummaryPrompts.Subject, _ summary: Summary, shown: Bool, to output: inout [UInt8]
    ) {
        output.append("event: ")
        output.append(subject.eventName)
        output.append("\ndata: {")
        output.appendMember("text", summary.text)
        end(to: &output)
    }

    mutating func outputDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8]
    ) {
        guard !text.isEmpty else { return }
        output.append("event: output.delta\ndata: {\"text\":\"")
        output.append(contentsOf: text)
        output.append("\"")
        end(to: &output)
    }

    mutating func error(_ error: StreamError, to output: inout [UInt8]) {
        output.append("event: error\ndata: {")
        output.appendMember("message", error.message)
        output.append(",")
        output.appendMember("stage", error.stage.rawValue)
        output.append(",")
        output += requestID
        output.append(",")
        output.appendMember("detail", error.detail)
        output.append("}\n\n")
    }

    mutating func done(_ end: OutputEnd, to output: inout [UInt8]) {
        output.append("event: output.done\ndata: {")
        output += requestID
        output.append("}\n\n")
    }

    mutating func keepAlive(to output: inout [UInt8]) {
        output.append(": keep-alive\n\n")
    }

    private func end(to output: inout [UInt8]) {
        output.append(",")
        output += requestID
        output.append("}\n\n")
    }
}
