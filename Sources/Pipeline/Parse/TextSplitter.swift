/// What is known of a model's text before it comes.
public struct TextExpectation: Sendable {
    public var format: ReasoningFormat
    /// Whether the prompt already holds the opening marker.
    public var startsInReasoning: Bool
    /// `PREAMBLE_CHARS` where the model was told to use our tags; nil where it was not.
    public var preambleCharacters: Int?
    /// Whether another format's opening marker at the very beginning switches to that format: for models that nothing is known of.
    public var isAutomatic: Bool
    /// Bytes kept for an answer that turns out at the end to have been none of the reasoning.
    public var recoveryBytes: Int

    public init(
        format: ReasoningFormat, startsInReasoning: Bool = false, preambleCharacters: Int? = nil,
        isAutomatic: Bool = false, recoveryBytes: Int
    ) {
        self.format = format
        self.startsInReasoning = startsInReasoning
        self.preambleCharacters = preambleCharacters
        self.isAutomatic = isAutomatic
        self.recoveryBytes = recoveryBytes
    }

    /// Nothing is known, and nothing was asked for.
    static func unknown(recoveryBytes: Int) -> TextExpectation {
        TextExpectation(format: .analysisFinal, isAutomatic: true, recoveryBytes: recoveryBytes)
    }
}

/// Divides a model's text into reasoning and content: finds out by its beginning which format it has, parses it, and mends at the end
/// what the beginning did not show (protocol.md, "Whatever the registry says").
public struct TextSplitter: Sendable {
    private enum Stage {
        /// The beginning may still become another format's marker; it is held.
        case beginning
        case parsing
    }

    private let expectation: TextExpectation
    private var stage = Stage.beginning
    private var held: [UInt8] = []
    private(set) var parser: FormatParser
    /// Takes our tags out of the answer of a model that was told to use them and has a format of its own.
    private var stripping: AnalysisFinalParser?
    private var parts = ParsedText()
    private var fieldSeen = false
    /// Reasoning that has no marker but its model's habit, and may be the answer.
    private var doubtful: [UInt8]?
    /// All that was taken for reasoning was the answer.
    public private(set) var recoveredAll = false
    private var doubtAbandoned = false

    /// Bytes of a beginning that are held at most.
    private static let longestBeginning = 4 << 10

    public init(_ expectation: TextExpectation) {
        self.expectation = expectation
        parser = Self.parser(expectation, expectation.format, startsInReasoning: expectation.startsInReasoning)
        if parser.startsInReasoning { doubtful = [] }
    }

    private static func parser(
        _ expectation: TextExpectation, _ format: ReasoningFormat, startsInReasoning: Bool
    ) -> FormatParser {
        FormatParser(
            format, startsInReasoning: startsInReasoning,
            analysisFinalStart: expectation.preambleCharacters.map { .instructed(preambleCharacters: $0) }
                ?? .uninstructed,
            recoveryLimit: expectation.recoveryBytes)
    }

    /// The format that the text has, as far as it has shown by now.
    public var formatName: String { parser.format.name }
    var isThinking: Bool { stage == .parsing && parser.isThinking }
    var isAnswering: Bool { stage == .parsing && parser.isAnswering }
    var hasOpenedAnswer: Bool { parser.hasOpenedAnswer }
    var recovered: Bool { recoveredAll || parser.recovered || stripping?.recovered == true }
    var recoveryAbandoned: Bool { doubtAbandoned || parser.recoveryAbandoned }

    /// True when any text at all is content, verbatim.
    var passesEverything: Bool { stage == .parsing && stripping == nil && parser.passesEverything }

    /// Whether this text, without escapes, is content as it stands.
    func passes(_ text: Span<UInt8>) -> Bool {
        stage == .parsing && stripping == nil && parser.passes(text)
    }

    /// Takes the next piece of text, divided anywhere, even inside a UTF-8 sequence.
    public mutating func consume(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard stage == .beginning else { return parse(text, into: &output) }
        held.append(contentsOf: text)
        guard let format = beginning() else { return }
        begin(format, into: &output)
    }

    /// The format that the held text shows; nil while it may yet show another one.
    private func beginning() -> ReasoningFormat? {
        guard held.count <= Self.longestBeginning else { return expectation.format }
        let text = held.span
        var start = 0
        while start < text.count, text[start].isMarkupWhiteSpace { start &+= 1 }
        if start == text.count { return nil }
        for candidate in expectation.isAutomatic ? FormatDetection.automatic : FormatDetection.contract {
            switch text.match(candidate.marker, at: start) {
            case .whole: return candidate.format
            case .partial: return nil
            case .none: break
            }
        }
        return expectation.format
    }

    private mutating func begin(_ format: ReasoningFormat, into output: inout ParsedText) {
        stage = .parsing
        if format.name != expectation.format.name {
            // The marker itself is in the text.
            parser = Self.parser(expectation, format, startsInReasoning: false)
            doubtful = nil
        }
        if format.name != ReasoningFormat.analysisFinal.name, expectation.preambleCharacters != nil {
            stripping = AnalysisFinalParser(start: .afterFields, recoveryLimit: 0)
        }
        let bytes = held
        held = []
        parse(bytes.span, into: &output)
    }

    private mutating func parse(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard stripping != nil || doubtful != nil else { return parser.consume(text, into: &output) }
        parser.consume(text, into: &parts)
        pass(into: &output)
    }

    private mutating func pass(into output: inout ParsedText) {
        if doubtful != nil { keepDoubtful() }
        output.reasoning += parts.reasoning
        if stripping == nil {
            output.content += parts.content
        } else {
            let content = parts.content
            stripping?.consume(content.span, into: &output)
        }
        parts.clear()
    }

    private mutating func keepDoubtful() {
        guard !parser.markerSeen, !fieldSeen else {
            doubtful = nil
            return
        }
        let count = (doubtful?.count ?? 0) &+ parts.reasoning.count
        if count <= expectation.recoveryBytes {
            doubtful?.append(contentsOf: parts.reasoning)
        } else {
            doubtful = nil
            doubtAbandoned = true
        }
    }

    /// The upstream sent reasoning in a field of its own (rules U4, U5).
    mutating func reasoningFieldSeen(into output: inout ParsedText) {
        guard !fieldSeen else { return }
        fieldSeen = true
        doubtful = nil
        stripping?.finish(.complete, into: &output)
        stripping = nil
        let wasBeginning = stage == .beginning
        stage = .parsing
        parser.reasoningFieldSeen(into: &output)
        guard wasBeginning else { return }
        let bytes = held
        held = []
        parser.consume(bytes.span, into: &output)
    }

    /// The end of the text: whatever is held goes where the rules say. Where ``recoveredAll`` is true then, all of the
    /// reasoning has come once more, as content.
    /// - Parameter stopped: whether the model ended by itself, and was not cut by a limit.
    public mutating func finish(_ end: StreamEnd, stopped: Bool, into output: inout ParsedText) {
        if stage == .beginning, !held.isEmpty { begin(expectation.format, into: &output) }
        parser.finish(end, into: &parts)
        pass(into: &output)
        stripping?.finish(end, into: &output)
        guard let answer = doubtful, !answer.isEmpty, stopped, end == .complete else { return }
        output.content += answer
        recoveredAll = true
    }
}

/// Markers that tell a format when they are the first text of an answer.
enum FormatDetection {
    typealias Candidate = (marker: [UInt8], format: ReasoningFormat)

    /// Our own tags, which count for every model.
    static let contract: [Candidate] = candidates([.analysisFinal])

    /// All formats, of those with the same marker the plainest.
    static let automatic: [Candidate] = candidates(ReasoningFormat.all)

    private static func candidates(_ formats: [ReasoningFormat]) -> [Candidate] {
        var seen: Set<[UInt8]> = []
        return formats.flatMap { format in
            format.leadingMarkers.compactMap { seen.insert($0).inserted ? ($0, format) : nil }
        }
    }
}
