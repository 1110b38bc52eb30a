/// What one request's pipeline needs to know.
public struct PipelineSettings: Sendable {
    public var requestID: String
    /// Seconds since 1970, as in OpenAI's `created`.
    public var created: Int
    public var model: String
    /// What the client gets.
    public var form: AnswerForm
    /// Whether the client asked for usage in a stream (`stream_options.include_usage`).
    public var includesUsage: Bool
    /// The tag instruction put in front of the messages; nil where the model is left as it is.
    public var instruction: String?
    /// Whether the upstream's own reasoning fields count (`ENABLE_PARSE_REASONING`).
    public var usesReasoningFields: Bool
    /// What is known of the model's text before it comes.
    public var expectation: TextExpectation
    /// `MAX_REASONING_CHARS`.
    public var reasoningCharacters: Int
    public var summarizesPrompt: Bool
    public var summarizesReasoning: Bool
    /// `ROLLING_CHARS` where summaries roll while the model thinks; nil: one summary, at the end of the reasoning.
    public var rollingCharacters: Int?
    /// Gives the text from which a failed prompt summary is cut; asked only then.
    public var promptFallback: @Sendable () -> String
    /// Characters of the answer kept for the log; 0: none (`LOG_CONTENT`).
    public var loggedCharacters: Int

    public init(
        requestID: String, created: Int, model: String, instruction: String?, usesReasoningFields: Bool,
        expectation: TextExpectation, reasoningCharacters: Int, summarizesPrompt: Bool,
        summarizesReasoning: Bool, promptFallback: @escaping @Sendable () -> String,
        rollingCharacters: Int? = nil, form: AnswerForm = .stream(.unified), includesUsage: Bool = false,
        loggedCharacters: Int = 0
    ) {
        self.requestID = requestID
        self.created = created
        self.model = model
        self.form = form
        self.includesUsage = includesUsage
        self.instruction = instruction
        self.usesReasoningFields = usesReasoningFields
        self.expectation = expectation
        self.reasoningCharacters = reasoningCharacters
        self.summarizesPrompt = summarizesPrompt
        self.summarizesReasoning = summarizesReasoning
        self.rollingCharacters = rollingCharacters
        self.promptFallback = promptFallback
        self.loggedCharacters = loggedCharacters
    }
}
