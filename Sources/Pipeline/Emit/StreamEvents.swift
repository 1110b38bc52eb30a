/// Where a summary's text comes from (protocol.md, "The stream").
public enum SummarySource: String, Sendable {
    /// A summary model wrote it.
    case model
    /// The upstream summarised its reasoning itself.
    case upstream
    /// A summary model wrote it for an earlier request.
    case cached
    /// Cut from the text itself.
    case extract
    /// There is no text.
    case none
}

/// One finished summary, as it is sent.
public struct Summary: Sendable, Equatable {
    public var text: String
    public var source: SummarySource

    public init(text: String, source: SummarySource) {
        self.text = text
        self.source = source
    }

    /// No reasoning, or a summary that is switched off.
    public static let empty = Summary(text: "", source: .none)
}

/// Which part of the work an error belongs to.
public enum ErrorStage: String, Sendable {
    case promptSummary = "prompt_summary"
    case reasoningSummary = "reasoning_summary"
    case upstreamStream = "upstream_stream"
}

/// What an `error` event says.
public struct StreamError: Sendable, Equatable {
    public var stage: ErrorStage
    public var message: String
    public var detail: String
    /// Set in fatal errors: OpenAI's machine-readable cause.
    public var code: String?

    public init(stage: ErrorStage, message: String, detail: String, code: String? = nil) {
        self.stage = stage
        self.message = message
        self.detail = detail
        self.code = code
    }

    public var isFatal: Bool { code != nil }
}

/// What one `output.delta` carries: JSON as it stands on the wire, without LF.
struct OutputDelta {
    /// The inside of a JSON string: text, still escaped.
    var escapedText: [UInt8] = []
    /// Further members of the upstream's delta, `"name":value` parted by commas.
    var members: [UInt8] = []
    /// The value of `logprobs`; empty: null.
    var logprobs: [UInt8] = []

    var isEmpty: Bool { escapedText.isEmpty && members.isEmpty && logprobs.isEmpty }

    mutating func removeAll() {
        escapedText.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
        logprobs.removeAll(keepingCapacity: true)
    }
}

/// How a stream ended, as `output.done` tells it.
struct OutputEnd: Equatable {
    /// The inside of a JSON string; nil in an incomplete stream.
    var escapedFinishReason: [UInt8]?
    /// A JSON object; empty: none came.
    var usage: [UInt8] = []
    /// Tokens of the summaries, which `usage` does not count.
    var summaryUsage = SummaryUsage()
    var isComplete: Bool
}

/// Tokens that the summary calls of one answer took.
struct SummaryUsage: Equatable {
    var prompt: TokenUsage?
    var reasoning: TokenUsage?

    var isEmpty: Bool { prompt == nil && reasoning == nil }
}
