/// How far a stream has come: for logs, and for telling what was received.
public struct PipelineProgress: Sendable, Equatable {
    /// Unicode scalars of reasoning that came in time to be summarised.
    public internal(set) var reasoningCharacters = 0
    /// Unicode scalars of reasoning that came after the answer had begun.
    public internal(set) var lateReasoningCharacters = 0
    /// Unicode scalars of the answer.
    public internal(set) var answerCharacters = 0
    /// Chunks of the upstream that held something of the answer.
    public internal(set) var deltas = 0
    public internal(set) var promptSummary: Summary?
    public internal(set) var reasoningSummary: Summary?
    /// Summaries that failed.
    public internal(set) var failedSummaries: [StreamError] = []
    /// Whether `output.delta` events have been written.
    public internal(set) var outputBegun = false
    public internal(set) var finishReason: String?
    /// The reasoning format by which the answer was read.
    public internal(set) var format: String?
    /// Why the answer is not whole.
    public internal(set) var fault: StreamError?
    /// The same in the gateway's own words, which hold nothing of any message.
    public internal(set) var faultCause: String?
    /// An answer was recovered from reasoning that was never closed, at the end of the stream.
    public internal(set) var recovered = false
    /// The same was given up because it grew too large.
    public internal(set) var recoveryAbandoned = false
    /// The answer's beginning, where the log shall have it.
    public internal(set) var loggedAnswer = ""

    public init() {}
}
