public import JSON

/// One choice of an ``UpstreamChunk``: its `delta`, or the `message` of a whole answer.
public struct UpstreamChoice: Sendable, Equatable {
    /// A string that is not empty, with its quotes; some servers send an empty one in each chunk.
    public internal(set) var finishReason: JSONValue?
    /// Where `logprobs` is, if it is not null.
    public internal(set) var logprobs: Range<Int>?
    /// Whether the members below come from a `message`, not from a `delta`. A server may send one at a stream's end that repeats
    /// the whole text.
    public internal(set) var isWholeMessage = false
    /// A string, with its quotes.
    public internal(set) var role: JSONValue?
    /// The reasoning text by rule U1, if there is any: of the first source that is not empty.
    public internal(set) var reasoning: UpstreamText?
    /// A summary of its reasoning that the upstream sends: `reasoning_details` of type `reasoning.summary`.
    public internal(set) var reasoningSummary: UpstreamText?
    /// The answer's text by rule U2; may be empty.
    public internal(set) var content: UpstreamText?
    /// Every further member as `"name":value`, in order, white space as it came (see ``append(json:of:to:)``).
    /// Left out are nulls, empty arrays, `role`, `content` and the reasoning fields.
    public internal(set) var otherMembers: [Range<Int>] = []

    /// Appends the reasoning text, escapes resolved; nothing where there is none.
    public func appendReasoning(of payload: Span<UInt8>, to output: inout [UInt8]) {
        reasoning?.append(of: payload, to: &output)
    }

    /// Appends the answer's text, escapes resolved; nothing where there is none.
    public func appendContent(of payload: Span<UInt8>, to output: inout [UInt8]) {
        content?.append(of: payload, to: &output)
    }

    /// Appends a slice of validated JSON on one line: line ends, which can only be white space in it, become spaces.
    public static func append(json range: Range<Int>, of payload: Span<UInt8>, to output: inout [UInt8]) {
        let slice = payload.extracting(range.clamped(to: 0..<payload.count))
        guard !slice.isEmpty else { return }
        output.append(addingCapacity: slice.count) { output in
            for index in slice.indices {
                let byte = slice[index]
                output.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte)
            }
        }
    }

    /// Reads the choice that comes next, which is an object. Says whether its index is 0, or absent.
    mutating func read(
        _ payload: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ names: ChunkNames
    ) throws(JSONError) -> Bool {
        self = UpstreamChoice()
        var isIndexZero = true
        var hasDelta = false
        try cursor.enterObject(payload)
        while let key = try cursor.nextKey(payload) {
            let name = key.name(in: payload)
            let isDelta = name == names.delta
            if isDelta || name == names.message, try cursor.peekKind(payload) == .object {
                if !isDelta, hasDelta {
                    _ = try cursor.value(payload)
                    continue
                }
                if isDelta { hasDelta = true }
                isWholeMessage = !isDelta
                try readDelta(payload, &cursor, names)
                continue
            }
            let value = try cursor.value(payload)
            if name == names.index {
                isIndexZero = (value.integer(in: payload) ?? 0) == 0
            } else if name == names.finishReason {
                finishReason = value.isEmptyString ? nil : value.ifString
            } else if name == names.logprobs {
                logprobs = value.kind == .null ? nil : value.range
            }
        }
        return isIndexZero
    }

    private mutating func readDelta(
        _ payload: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ names: ChunkNames
    ) throws(JSONError) {
        role = nil
        reasoning = nil
        reasoningSummary = nil
        content = nil
        otherMembers = []
        var best = ReasoningSource.none
        try cursor.enterObject(payload)
        while let key = try cursor.nextKey(payload) {
            let name = key.name(in: payload)
            let value = try cursor.value(payload)
            if value.kind == .null { continue }
            if name == names.content {
                var thinking: UpstreamText?
                content = UpstreamText(content: value, thinking: &thinking, in: payload)
                if let thinking { offer(thinking, from: .parts, &best) }
            } else if name == names.role {
                role = value.ifString
            } else if name == names.reasoningContent {
                offer(UpstreamText(value, in: payload), from: .reasoningContent, &best)
            } else if name == names.reasoning {
                offer(UpstreamText(value, in: payload), from: .reasoning, &best)
            } else if name == names.reasoningDetails {
                offer(UpstreamText(reasoningDetails: value, in: payload), from: .reasoningDetails, &best)
                reasoningSummary = UpstreamText(reasoningSummaries: value, in: payload)
            } else if name == names.thinking {
                offer(UpstreamText(value, in: payload), from: .thinking, &best)
            } else if !value.isEmptyArray(in: payload) {
                otherMembers.append(key.range.lowerBound..<value.range.upperBound)
            }
        }
    }

    /// Takes `text` for the reasoning unless it is empty or an earlier source has given some.
    private mutating func offer(_ text: UpstreamText?, from source: ReasoningSource, _ best: inout ReasoningSource) {
        guard let text, !text.isEmpty, source.rawValue <= best.rawValue else { return }
        best = source
        reasoning = text
    }
}

/// The places where servers put reasoning text, in the order of rule U1. Only one counts, because servers mirror the same text
/// in several.
private enum ReasoningSource: Int {
    case reasoningContent
    case reasoning
    case reasoningDetails
    case thinking
    case parts
    case none
}
