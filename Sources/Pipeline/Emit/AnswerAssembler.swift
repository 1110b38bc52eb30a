internal import JSON

/// Keeps everything until the end, and then writes one `chat.completion` object (protocol.md, "Without `stream`").
///
/// An answer that is not whole is not written: its error is the HTTP response's.
struct AnswerAssembler: EventEncoder {
    private var frame: ChunkFrame
    private var prompt = Summary.empty
    private var reasoning = Summary.empty
    private var warnings: [StreamError] = []
    private var content: [UInt8] = []
    private var members = DeltaAccumulator()
    private var logprobs = DeltaAccumulator()

    init(requestID: String, created: Int, model: String) {
        frame = ChunkFrame(requestID: requestID, created: created, model: model, object: "chat.completion")
    }

    var assembledBytes: Int { content.count &+ members.bytes &+ logprobs.bytes }

    mutating func adopt(chunkMember: Span<UInt8>) { frame.adopt(chunkMember) }

    mutating func summaryDelta(
        _ subject: SummaryPrompts.Subject, _ text: String, index: Int, to output: inout [UInt8]
    ) {}

    mutating func summary(
        _ subject: SummaryPrompts.Subject, _ summary: Summary, shown: Bool, to output: inout [UInt8]
    ) {
        if subject == .prompt { prompt = summary } else { reasoning = summary }
    }

    mutating func outputDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8]
    ) {
        content.append(contentsOf: text)
        if !members.isEmpty { self.members.add(members: members) }
        if !logprobs.isEmpty { self.logprobs.add(object: logprobs) }
    }

    mutating func error(_ error: StreamError, to output: inout [UInt8]) {
        if !error.isFatal { warnings.append(error) }
    }

    mutating func keepAlive(to output: inout [UInt8]) {}

    mutating func done(_ end: OutputEnd, to output: inout [UInt8]) {
        guard end.isComplete else { return }
        output.append("{")
        frame.appendIdentity(to: &output)
        output.append(#""choices":[{"index":0,"message":{"role":"assistant","content":"#)
        if content.isEmpty, !members.isEmpty {
            output.append("null")
        } else {
            output.append("\"")
            output += content
            output.append("\"")
        }
        let thoughts = [prompt.text, reasoning.text].filter { !$0.isEmpty }.joined(separator: "\n\n")
        if !thoughts.isEmpty {
            output.append(",")
            output.appendMember("reasoning_content", thoughts)
        }
        if !members.isEmpty {
            output.append(",")
            members.append(to: &output)
        }
        output.append(#"},"logprobs":"#)
        if logprobs.isEmpty {
            output.append("null")
        } else {
            output.append("{")
            logprobs.append(to: &output)
            output.append("}")
        }
        output.append(#","finish_reason":""#)
        output += end.escapedFinishReason ?? Array("stop".utf8)
        output.append(#""}]"#)
        if !end.usage.isEmpty {
            output.append(#","usage":"#)
            output += end.usage
        }
        output.append(end.summaryUsage)
        output.append(",")
        frame.appendRequestID(to: &output)
        output.append(#","summaries":{"prompt":"#)
        append(prompt, to: &output)
        output.append(#","reasoning":"#)
        append(reasoning, to: &output)
        output.append(#"},"warnings":["#)
        for (number, warning) in warnings.enumerated() {
            if number > 0 { output.append(",") }
            append(warning, to: &output)
        }
        output.append("]}")
    }

    private func append(_ summary: Summary, to output: inout [UInt8]) {
        output.append("{")
        output.appendMember("text", summary.text)
        output.append(",")
        output.appendMember("source", summary.source.rawValue)
        output.append("}")
    }

    private func append(_ warning: StreamError, to output: inout [UInt8]) {
        output.append("{")
        output.appendMember("message", warning.message)
        output.append(",")
        output.appendMember("stage", warning.stage.rawValue)
        output.append(",")
        output.appendMember("detail", warning.detail)
        output.append("}")
    }
}
