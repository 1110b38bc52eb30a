/// Divides the text of one stream by a `ReasoningFormat`. The very parser of the pipeline, for whoever has a text and a format.
public struct FormatParser: Sendable {
    // One of the three, each changed where it stands.
    private var analysisFinal: AnalysisFinalParser?
    private var tags: TagParser?
    private var channels: ChannelParser?
    /// Drops a closing marker that stands in front of the answer.
    private var leadingClosing: TagParser?
    /// Both the format's markers and, behind them, our own tags count.
    private var stripsBehindMarkers = false
    let format: ReasoningFormat
    let startsInReasoning: Bool

    /// - Parameters:
    ///   - startsInReasoning: nil: as is usual for the format. Of no effect for `analysis-final` and the formats of messages.
    ///   - start: for `analysis-final`: what the model was told.
    ///   - recoveryLimit: for `analysis-final`: bytes kept for an answer in an unclosed thought.
    public init(
        _ format: ReasoningFormat, startsInReasoning: Bool? = nil,
        analysisFinalStart start: AnalysisFinalParser.Start = .instructed(preambleCharacters: .max),
        recoveryLimit: Int = 1 << 20
    ) {
        self.format = format
        let startsInReasoning = startsInReasoning ?? format.startsInReasoning
        switch format.grammar {
        case .analysisFinal:
            analysisFinal = AnalysisFinalParser(start: start, recoveryLimit: recoveryLimit)
            self.startsInReasoning = false
        case .tags(let tags):
            self.tags = TagParser(tags, startsInReasoning: startsInReasoning)
            self.startsInReasoning = startsInReasoning
        case .channels(let channels):
            self.channels = ChannelParser(channels)
            self.startsInReasoning = false
        }
    }

    /// Takes the next piece of text, divided anywhere, even inside a UTF-8 sequence.
    public mutating func consume(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard leadingClosing == nil else {
            var parts = ParsedText()
            leadingClosing?.consume(text, into: &parts)
            if leadingClosing?.passesEverything == true { leadingClosing = nil }
            analysisFinal?.consume(parts.content.span, into: &output)
            return
        }
        guard !stripsBehindMarkers else {
            return stripBehindMarkers(into: &output) { $0.consumeMarkers(text, into: &$1) }
        }
        analysisFinal?.consume(text, into: &output)
        consumeMarkers(text, into: &output)
    }

    private mutating func consumeMarkers(_ text: Span<UInt8>, into output: inout ParsedText) {
        tags?.consume(text, into: &output)
        channels?.consume(text, into: &output)
    }

    private mutating func finishMarkers(into output: inout ParsedText) {
        tags?.finish(into: &output)
        channels?.finish(into: &output)
    }

    /// What the format takes for content goes on to have our tags removed.
    private mutating func stripBehindMarkers(
        into output: inout ParsedText, _ step: (inout FormatParser, inout ParsedText) -> Void
    ) {
        var parts = ParsedText()
        step(&self, &parts)
        output.reasoning += parts.reasoning
        analysisFinal?.consume(parts.content.span, into: &output)
    }

    /// The end of the text: whatever is held goes where the rules say.
    public mutating func finish(_ end: StreamEnd = .complete, into output: inout ParsedText) {
        var parts = ParsedText()
        leadingClosing?.finish(into: &parts)
        leadingClosing = nil
        if !parts.content.isEmpty { analysisFinal?.consume(parts.content.span, into: &output) }
        if stripsBehindMarkers {
            stripBehindMarkers(into: &output) { $0.finishMarkers(into: &$1) }
        } else {
            finishMarkers(into: &output)
        }
        analysisFinal?.finish(end, into: &output)
    }

    /// The upstream separates by itself, as a reasoning field shows (rules U4, U5).
    mutating func reasoningFieldSeen(into output: inout ParsedText) {
        guard analysisFinal == nil else {
            analysisFinal?.upstreamReasoningFieldSeen(into: &output)
            return
        }
        if markerSeen, isThinking {
            // The upstream leaves the format's markers in the text all the same: the block that is open ends by its own.
            analysisFinal = AnalysisFinalParser(start: .afterFields, recoveryLimit: 0)
            stripsBehindMarkers = true
            return
        }
        // What is held is part of no marker any more.
        var rest = ParsedText()
        leadingClosing = tags.map { TagParser($0.format.closingsAlone, startsInReasoning: false) }
        tags?.finish(into: &rest)
        channels?.finish(into: &rest)
        tags = nil
        channels = nil
        analysisFinal = AnalysisFinalParser(start: .afterFields, recoveryLimit: 0)
        consume((rest.reasoning + rest.content).span, into: &output)
    }

    // MARK: How far it has come

    var isThinking: Bool {
        tags?.isThinking ?? channels?.isThinking ?? analysisFinal.map { $0.phase == .reasoning } ?? false
    }

    /// Whether the answer has begun.
    var isAnswering: Bool {
        tags?.isAnswering ?? channels?.isAnswering
            ?? analysisFinal.map { $0.phase == .answering || $0.phase == .ended } ?? false
    }

    /// Whether the answer's own tag has been opened.
    var hasOpenedAnswer: Bool { analysisFinal?.hasOpenedFinal ?? false }

    var markerSeen: Bool { tags?.markerSeen ?? channels?.markerSeen ?? true }

    var recovered: Bool { analysisFinal?.recovered ?? false }
    var recoveryAbandoned: Bool { analysisFinal?.recoveryAbandoned ?? false }

    /// Bytes of text that are held back.
    public var heldBytes: Int {
        (leadingClosing?.heldBytes ?? tags?.heldBytes ?? channels?.heldBytes ?? 0) &+ (analysisFinal?.heldBytes ?? 0)
    }

    /// True when any text at all is content, verbatim.
    var passesEverything: Bool { leadingClosing == nil && !stripsBehindMarkers && wouldPassEverything }

    private var wouldPassEverything: Bool { analysisFinal?.passesEverything ?? tags?.passesEverything ?? false }

    /// Whether this text, of a JSON string without escapes, is content as it stands: no marker can begin in it.
    func passes(_ text: Span<UInt8>) -> Bool {
        guard leadingClosing == nil, !stripsBehindMarkers else { return false }
        if let analysisFinal { return analysisFinal.passesPlainText && !text.contains(UInt8(ascii: "<")) }
        guard let tags, tags.passesPlainText else { return false }
        for index in text.indices where tags.format.firstBytes[Int(text[index])] { return false }
        return true
    }
}

extension Span<UInt8> {
    fileprivate func contains(_ byte: UInt8) -> Bool {
        for index in indices where self[index] == byte { return true }
        return false
    }
}
