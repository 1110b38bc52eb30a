internal import JSON

/// What all `chat.completion.chunk` objects of one stream have in common, prepared once: identity, and the frame of the one
/// choice around its delta.
struct ChunkFrame: Sendable {
    /// The inside of a JSON string.
    let requestID: [UInt8]
    /// `"id":…,"object":…,"created":…,"model":…,`
    private let identity: [UInt8]
    /// Members of the upstream's chunks that stand beside `choices`, each with a comma behind it.
    private var members: [UInt8] = []
    /// From `"id"` to the delta's opening brace.
    private(set) var opening: [UInt8] = []
    private var roleSent = false
    /// A summary was given in pieces: what is shown next as reasoning is another paragraph.
    private var needsBlankLine = false

    /// `object` of the chunks, and the beginning of their `id`.
    static let object = "chat.completion.chunk"

    init(requestID: String, created: Int, model: String, object: String = Self.object) {
        var id: [UInt8] = []
        JSONString.appendEscaped(requestID, to: &id)
        self.requestID = id
        var identity = Array(#""id":"chatcmpl-"#.utf8)
        identity += id
        identity += Array(#"","object":"\#(object)","created":\#(created),"model":""#.utf8)
        JSONString.appendEscaped(model, to: &identity)
        identity += Array(#"","#.utf8)
        self.identity = identity
        reopen()
    }

    mutating func adopt(_ member: Span<UInt8>) {
        members.append(contentsOf: member)
        members.append(UInt8(ascii: ","))
        reopen()
    }

    private mutating func reopen() {
        opening = identity + members
        opening.append(#""choices":[{"index":0,"delta":{"#)
    }

    /// Appends all up to `choices`, with a comma behind it.
    func appendIdentity(to output: inout [UInt8]) {
        output += identity
        output += members
    }

    func appendRequestID(to output: inout [UInt8]) {
        output.append(#""request_id":""#)
        output += requestID
        output.append("\"")
    }

    /// The role rides on the first chunk of any kind.
    /// - Returns: whether a comma must come before the delta's next member.
    mutating func appendRole(to output: inout [UInt8]) -> Bool {
        guard !roleSent else { return false }
        roleSent = true
        output.append(#""role":"assistant""#)
        return true
    }

    /// Appends the delta's members of one piece of output, and closes the choice and the chunk.
    mutating func appendDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8]
    ) {
        var comma = appendRole(to: &output)
        if !text.isEmpty {
            output.append(comma ? #","content":""# : #""content":""#)
            output.append(contentsOf: text)
            output.append("\"")
            comma = true
        }
        if !members.isEmpty {
            if comma { output.append(",") }
            output.append(contentsOf: members)
        }
        if logprobs.isEmpty {
            close(to: &output)
        } else {
            output.append(#"},"logprobs":"#)
            output.append(contentsOf: logprobs)
            output.append(#","finish_reason":null}]}"#)
        }
    }

    /// Appends a delta with a summary as reasoning, and closes the choice and the chunk.
    /// - Parameter isPiece: more of the same summary may follow.
    mutating func appendReasoning(_ text: String, isPiece: Bool, to output: inout [UInt8]) {
        let comma = appendRole(to: &output)
        if !text.isEmpty {
            output.append(comma ? #","reasoning_content":""# : #""reasoning_content":""#)
            if needsBlankLine { output.append(#"\n\n"#) }
            needsBlankLine = false
            JSONString.appendEscaped(text, to: &output)
            // A blank line, so that the two summaries read as two paragraphs where they are shown as one text.
            output.append(isPiece ? "\"" : #"\n\n""#)
        }
        close(to: &output)
    }

    /// A summary that was given in pieces has ended.
    mutating func endPieces() { needsBlankLine = true }

    /// Appends a delta that says nothing, and closes the choice and the chunk.
    mutating func appendEmptyDelta(to output: inout [UInt8]) {
        _ = appendRole(to: &output)
        close(to: &output)
    }

    /// Appends an empty delta and the reason of the end, and closes the choice; the chunk stays open.
    mutating func appendFinish(_ escapedReason: [UInt8]?, to output: inout [UInt8]) {
        _ = appendRole(to: &output)
        output.append(#"},"logprobs":null,"finish_reason":"#)
        if let escapedReason {
            output.append("\"")
            output += escapedReason
            output.append("\"")
        } else {
            output.append("null")
        }
        output.append("}]")
    }

    private func close(to output: inout [UInt8]) {
        output.append(#"},"logprobs":null,"finish_reason":null}]}"#)
    }
}

extension [UInt8] {
    /// Appends a literal's bytes.
    mutating func append(_ literal: StaticString) {
        literal.withUTF8Buffer { append(contentsOf: $0) }
    }

    /// Appends `"name":"value"`, the value escaped.
    mutating func appendMember(_ name: StaticString, _ value: String) {
        append("\"")
        append(name)
        append("\":\"")
        JSONString.appendEscaped(value, to: &self)
        append("\"")
    }

    /// Appends `"summary_usage":…` with a comma before it; nothing where nothing is known.
    mutating func append(_ usage: SummaryUsage) {
        guard !usage.isEmpty else { return }
        append(#","summary_usage":{"prompt":"#)
        append(usage.prompt)
        append(#","reasoning":"#)
        append(usage.reasoning)
        append("}")
    }

    private mutating func append(_ usage: TokenUsage?) {
        guard let usage else { return append("null") }
        let total = usage.prompt.addingReportingOverflow(usage.completion)
        let text =
            #"{"prompt_tokens":\#(usage.prompt),"completion_tokens":\#(usage.completion),"#
            + #""total_tokens":\#(total.overflow ? .max : total.partialValue)}"#
        append(contentsOf: text.utf8)
    }

    /// Appends OpenAI's error object.
    mutating func appendErrorObject(message: String, code: String) {
        append("{")
        appendMember("message", message)
        append(#","type":"server_error","param":null,"#)
        appendMember("code", code)
        append("}")
    }
}
