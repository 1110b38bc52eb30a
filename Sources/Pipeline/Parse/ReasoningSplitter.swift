internal import JSON

/// Parts each chunk of one upstream stream into reasoning and answer: by the upstream's own reasoning fields, and by
/// markers in the content (rules U1 to U6 of the conformance corpus).
struct ReasoningSplitter: Sendable {
    private var text: TextSplitter
    private let usesFields: Bool
    private var fieldSeen = false
    /// Storage for unescaped content, used again for each chunk.
    private var scratch: [UInt8] = []
    private var parts = ParsedText()

    init(_ settings: PipelineSettings) {
        text = TextSplitter(settings.expectation)
        usesFields = settings.usesReasoningFields
    }

    /// Whether the answer has begun.
    var isAnswering: Bool { text.isAnswering }
    /// Whether the answer's own tag has been opened.
    var hasOpenedAnswer: Bool { text.hasOpenedAnswer }
    /// Whether a block of reasoning has been opened, and no answer.
    var isThinking: Bool { text.isThinking }
    var recovered: Bool { text.recovered }
    /// Whether all that was taken for reasoning was the answer.
    var recoveredAll: Bool { text.recoveredAll }
    var recoveryAbandoned: Bool { text.recoveryAbandoned }
    var formatName: String { text.formatName }

    /// - Parameters:
    ///   - answer: what belongs to the answer is appended.
    ///   - reasoning: reasoning text is appended.
    mutating func split(
        _ choice: UpstreamChoice, of payload: Span<UInt8>, answer: inout OutputDelta, reasoning: inout [UInt8]
    ) {
        if usesFields, choice.reasoning != nil {
            if !fieldSeen {
                fieldSeen = true
                text.reasoningFieldSeen(into: &parts)
                // What was held came before the text of this chunk.
                collect(answer: &answer, reasoning: &reasoning)
            }
            choice.appendReasoning(of: payload, to: &parts.reasoning)
        }
        if let content = choice.content { split(content, of: payload, answer: &answer) }
        for member in choice.otherMembers {
            if !answer.members.isEmpty { answer.members.append(UInt8(ascii: ",")) }
            UpstreamChoice.append(json: member, of: payload, to: &answer.members)
        }
        if let logprobs = choice.logprobs {
            UpstreamChoice.append(json: logprobs, of: payload, to: &answer.logprobs)
        }
        collect(answer: &answer, reasoning: &reasoning)
    }

    /// - Parameter stopped: whether the model ended by itself, and was not cut by a limit.
    mutating func finish(
        _ end: StreamEnd, stopped: Bool, answer: inout OutputDelta, reasoning: inout [UInt8]
    ) {
        text.finish(end, stopped: stopped, into: &parts)
        collect(answer: &answer, reasoning: &reasoning)
    }

    private mutating func split(_ content: UpstreamText, of payload: Span<UInt8>, answer: inout OutputDelta) {
        if let string = content.single {
            let escaped = payload.extracting(string.text)
            // No marker has to be looked for: the text goes out as it came, escapes and all.
            if text.passesEverything || !string.hasEscapes && text.passes(escaped) {
                answer.escapedText.append(contentsOf: escaped)
                return
            }
        }
        var unescaped: [UInt8] = []
        swap(&unescaped, &scratch)
        content.append(of: payload, to: &unescaped)
        if !unescaped.isEmpty { text.consume(unescaped.span, into: &parts) }
        unescaped.removeAll(keepingCapacity: true)
        swap(&unescaped, &scratch)
    }

    private mutating func collect(answer: inout OutputDelta, reasoning: inout [UInt8]) {
        if !parts.content.isEmpty {
            JSONString.appendEscaped(parts.content.span, to: &answer.escapedText)
            parts.content.removeAll(keepingCapacity: true)
        }
        if !parts.reasoning.isEmpty {
            reasoning.append(contentsOf: parts.reasoning)
            parts.reasoning.removeAll(keepingCapacity: true)
        }
    }
}

extension UpstreamChoice {
    /// Whether there is anything but a role.
    var carriesAnything: Bool {
        reasoning != nil || !(content?.isEmpty ?? true) || !otherMembers.isEmpty
    }

    /// Whether a member tells that the answer has begun. Members that we do not know say nothing.
    func startsAnswer(_ payload: Span<UInt8>) -> Bool {
        otherMembers.contains { member in
            Self.answerMembers.contains { name in payload.extracting(member).begins(with: name) }
        }
    }

    private static let answerMembers = ["tool_calls", "function_call", "refusal", "audio"].map {
        Array("\"\($0)\"".utf8)
    }
}

extension Span<UInt8> {
    fileprivate func begins(with prefix: [UInt8]) -> Bool {
        guard count >= prefix.count else { return false }
        for index in prefix.indices where self[index] != prefix[index] { return false }
        return true
    }
}
