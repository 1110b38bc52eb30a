internal import JSON

/// Writes gateway events in the `unified` format: named events whose data are at the same time valid
/// `chat.completion.chunk` objects (protocol.md, "Three formats of one stream").
///
/// What is the same in all events of a stream is prepared once. The encoder does not check the order of events.
struct UnifiedEncoder: Sendable {
    private let requestID: [UInt8]
    /// From the end of `request_id` to the delta's opening brace, in two parts because some events put members between.
    private let chunk: [UInt8]
    private let deltaHead: [UInt8]
    private var roleSent = false

    private static let openDelta = Array(#""choices":[{"index":0,"delta":{"#.utf8)
    private static let closeDelta = Array(#"},"logprobs":null,"finish_reason":null}]}"#.utf8)
    private static let eventEnd = Array("\n\n".utf8)

    init(requestID: String, created: Int, model: String) {
        var id: [UInt8] = []
        id.appendEscaped(requestID)
        self.requestID = id
        var chunk = Array(#","id":"chatcmpl-"#.utf8)
        chunk += id
        chunk += Array(#"","object":"chat.completion.chunk","created":\#(created),"model":""#.utf8)
        chunk.appendEscaped(model)
        chunk += Array(#"","#.utf8)
        chunk += Self.openDelta
        self.chunk = chunk
        deltaHead = Array(#"","request_id":""#.utf8) + id + Array(#"""#.utf8) + chunk
    }

    mutating func promptSummary(_ summary: Summary, to output: inout [UInt8]) {
        self.summary("summary.prompt", summary, to: &output)
    }

    mutating func reasoningSummary(_ summary: Summary, to output: inout [UInt8]) {
        self.summary("summary.reasoning", summary, to: &output)
    }

    /// - Parameters:
    ///   - text: the inside of a JSON string, escaped.
    ///   - members: further members of the upstream's delta, `"name":value` parted by commas.
    ///   - logprobs: a JSON value; empty: null.
    mutating func outputDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8]
    ) {
        output.append("event: output.delta\ndata: {\"text\":\"")
        output.append(contentsOf: text)
        output += deltaHead
        var comma = appendRole(to: &output)
        if !text.isEmpty {
            output.append(comma ? ",\"content\":\"" : "\"content\":\"")
            output.append(contentsOf: text)
            output.append("\"")
            comma = true
        }
        if !members.isEmpty {
            if comma { output.append(",") }
            output.append(contentsOf: members)
        }
        if logprobs.isEmpty {
            output += Self.closeDelta
        } else {
            output.append("},\"logprobs\":")
            output.append(contentsOf: logprobs)
            output.append(",\"finish_reason\":null}]}")
        }
        output += Self.eventEnd
    }

    mutating func error(_ error: StreamError, to output: inout [UInt8]) {
        output.append("event: error\ndata: {\"message\":\"")
        output.appendEscaped(error.message)
        output.append("\",\"stage\":\"\(error.stage.rawValue)\"")
        appendRequestID(to: &output)
        output.append(",\"detail\":\"")
        output.appendEscaped(error.detail)
        if let code = error.code {
            output.append("\",\"code\":\"")
            output.appendEscaped(code)
            output.append("\",\"fatal\":true,\"error\":{\"message\":\"")
            output.appendEscaped(error.message)
            output.append("\",\"type\":\"server_error\",\"param\":null,\"code\":\"")
            output.appendEscaped(code)
            output.append("\"}")
        } else {
            output.append("\",\"fatal\":false")
        }
        output += chunk
        _ = appendRole(to: &output)
        output += Self.closeDelta
        output += Self.eventEnd
    }

    mutating func done(_ end: OutputEnd, to output: inout [UInt8]) {
        output.append("event: output.done\ndata: {\"request_id\":\"")
        output += requestID
        output.append(end.isComplete ? "\",\"status\":\"completed\"" : "\",\"status\":\"incomplete\"")
        output += chunk
        _ = appendRole(to: &output)
        output.append("},\"logprobs\":null,\"finish_reason\":")
        if let reason = end.escapedFinishReason {
            output.append("\"")
            output += reason
            output.append("\"")
        } else {
            output.append("null")
        }
        output.append("}]")
        if !end.usage.isEmpty {
            output.append(",\"usage\":")
            output += end.usage
        }
        output.append("}")
        output += Self.eventEnd
    }

    /// A comment, which every SSE client ignores. Only between events.
    static func keepAlive(to output: inout [UInt8]) {
        output.append(": keep-alive\n\n")
    }

    private mutating func summary(_ name: StaticString, _ summary: Summary, to output: inout [UInt8]) {
        output.append("event: ")
        output.append(name)
        output.append("\ndata: {\"text\":\"")
        output.appendEscaped(summary.text)
        output.append("\"")
        appendRequestID(to: &output)
        output.append(",\"source\":\"\(summary.source.rawValue)\"")
        output += chunk
        let comma = appendRole(to: &output)
        if !summary.text.isEmpty {
            output.append(comma ? ",\"reasoning_content\":\"" : "\"reasoning_content\":\"")
            output.appendEscaped(summary.text)
            // A blank line, so that the two summaries read as two paragraphs where they are shown as one text.
            output.append("\\n\\n\"")
        }
        output += Self.closeDelta
        output += Self.eventEnd
    }

    private func appendRequestID(to output: inout [UInt8]) {
        output.append(",\"request_id\":\"")
        output += requestID
        output.append("\"")
    }

    /// The role rides on the first chunk of any kind.
    private mutating func appendRole(to output: inout [UInt8]) -> Bool {
        guard !roleSent else { return false }
        roleSent = true
        output.append("\"role\":\"assistant\"")
        return true
    }
}

extension [UInt8] {
    /// Appends a literal's bytes.
    fileprivate mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { append(contentsOf: $0) }
    }

    fileprivate mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func appendEscaped(_ text: String) {
        JSONString.appendEscaped(text, to: &self)
    }
}
