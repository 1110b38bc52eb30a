/// Divides a stream of text by the tags `<analysis>`, `</analysis>`, `<final>`, `</final>` into reasoning and content.
///
/// The rules are those of the conformance corpus, "`analysis-final`, the base contract". In *full* mode:
///
/// 1. Outside a block the earliest opening tag opens one; inside, only the block's own closing tag counts.
/// 2. Text inside `<analysis>` is reasoning, text inside `<final>` content, byte for byte.
/// 3. `</final>` ends the message; what follows is dropped.
/// 4. Without any opening tag everything is content.
/// 5. Text before a block is dropped once the block opens.
/// 6. Text after the last `</analysis>` is reasoning when no block follows.
/// 7. An `<analysis>` that is never closed is reasoning up to the last `<final>` inside it; what follows that (up to a
///    `</final>`) is recovered as content at the end of the stream.
///
/// In *stripping* mode, for content beside upstream reasoning fields (rule U5) and after a preamble was released, the
/// tags are removed wherever they stand, text inside `<analysis>` is reasoning, everything else is content, nothing is
/// dropped, and `</final>` ends nothing.
///
/// Any division of the text gives the same result. The work is linear in the text; at most `recoveryLimit` bytes or the
/// preamble are held, and beside them a part of one tag.
public struct AnalysisFinalParser: Sendable {
    /// What is known when the stream begins.
    public enum Start: Sendable, Equatable {
        /// The model was told to use the tags. Text is held until the first opening tag, the end, or that many Unicode
        /// scalars; reaching the limit releases it as content and goes on stripping.
        case instructed(preambleCharacters: Int)
        /// The model was not told. Text is held only while it can, white space aside, still become an opening tag; if it
        /// does not, everything is content for good, later tags too.
        case uninstructed
        /// The upstream separates by itself: the parser is stripping from the beginning.
        case afterFields
    }

    public typealias End = StreamEnd

    enum State: Equatable {
        /// Instructed, no opening tag yet; the text is held.
        case preamble
        /// Uninstructed, nothing but white space yet; it is held.
        case leadingSpace
        /// Everything is content.
        case verbatim
        /// In an `<analysis>` block; `watching` for a `<final>` from which the answer could be recovered.
        case analysis(watching: Bool)
        /// In an `<analysis>` block, after a `<final>`: the text from that tag on is held.
        case candidate
        /// After `</analysis>`: the text is held, or, past the limit, reasoning.
        case gap(holding: Bool)
        /// In the `<final>` block.
        case final
        /// After `</final>`, or after `finish`.
        case ended
        case stripping(inAnalysis: Bool)

        /// The tags that count here. All others are text.
        var tags: ContractTagSet {
            switch self {
            case .preamble, .leadingSpace, .gap: [.analysisOpening, .finalOpening]
            case .analysis(watching: true): [.analysisClosing, .finalOpening]
            case .analysis(watching: false): .analysisClosing
            case .candidate: [.analysisClosing, .finalOpening, .finalClosing]
            case .final: .finalClosing
            case .stripping: [.analysisOpening, .analysisClosing, .finalOpening, .finalClosing]
            case .verbatim, .ended: []
            }
        }
    }

    var state: State
    var matcher = ContractTagMatcher()
    /// Preamble, leading space, recovery candidate or gap, as the state says.
    var held: [UInt8] = []
    /// Unicode scalars in a held preamble.
    var heldCharacters = 0
    /// Where in `held` the recovery candidate's first `</final>` begins.
    var candidateEnd: Int?
    /// The upstream has sent a reasoning field: strip as soon as an open `<analysis>` block ends.
    var stripsAfterBlock = false
    let preambleCharacters: Int
    let recoveryLimit: Int

    public internal(set) var phase = ReasoningPhase.undecided
    /// An answer was recovered from an unclosed `<analysis>` (rule 7).
    public internal(set) var recovered = false
    /// A `<final>` inside `<analysis>` was followed by more than `recoveryLimit` bytes, so that recovery was given up.
    public internal(set) var recoveryAbandoned = false

    /// - Parameters:
    ///   - start: what is known of the stream.
    ///   - recoveryLimit: bytes held at most for rule 7, the tag included; also for the text after `</analysis>` and for
    ///     white space at an uninstructed start. Past it the held text is released: as reasoning, or as content at the
    ///     start.
    public init(start: Start, recoveryLimit: Int) {
        self.recoveryLimit = recoveryLimit
        switch start {
        case .instructed(let characters):
            state = .preamble
            preambleCharacters = characters
        case .uninstructed:
            state = .leadingSpace
            preambleCharacters = 0
        case .afterFields:
            state = .stripping(inAnalysis: false)
            preambleCharacters = 0
        }
    }

    /// True when text without `<` can only become content, whole: the caller may copy it and skip `consume`.
    public var passesPlainText: Bool {
        switch state {
        case .verbatim: true
        case .final: matcher.isIdle
        case .stripping(inAnalysis: false): matcher.isIdle && phase == .answering
        default: false
        }
    }

    /// True when any text at all is content, verbatim.
    public var passesEverything: Bool { state == .verbatim }

    /// True once `<final>` has opened its block.
    public var hasOpenedFinal: Bool { state == .final || phase == .ended }

    /// Bytes held back, a part of a tag included.
    public var heldBytes: Int { held.count &+ matcher.length }

    /// Takes the next piece of text, divided anywhere, even inside a UTF-8 sequence.
    public mutating func consume(_ text: Span<UInt8>, into output: inout ParsedText) {
        var position = 0
        while position < text.count {
            switch state {
            case .ended: return
            case .verbatim:
                output.content.append(contentsOf: text.extracting(position..<text.count))
                return
            default: break
            }
            let byte = text[position]
            if !matcher.isIdle {
                switch matcher.advance(byte) {
                case .partial:
                    position &+= 1
                case .matched(let tag):
                    position &+= 1
                    take(tag, into: &output)
                case .failed:
                    let bytes = matcher.takeHeld()
                    take(bytes.span, into: &output)
                }
            } else if byte == ContractTagMatcher.firstByte {
                matcher.begin(state.tags)
                position &+= 1
            } else {
                var end = position &+ 1
                while end < text.count, text[end] != ContractTagMatcher.firstByte { end &+= 1 }
                take(text.extracting(position..<end), into: &output)
                position = end
            }
        }
    }

    /// The end of the text: whatever is held goes where the rules say. Later calls do nothing.
    ///
    /// A part of a tag held while `phase` is `undecided` is dropped after a truncation, and text otherwise.
    public mutating func finish(_ end: End, into output: inout ParsedText) {
        let dropsPartialTag = end == .truncated && phase == .undecided
        let partialTag = matcher.takeHeld()
        let rest = held + (dropsPartialTag ? [] : partialTag)
        switch state {
        case .ended: return
        case .preamble, .leadingSpace, .verbatim, .final, .stripping(inAnalysis: false):
            release(rest.span, into: &output)
        case .analysis, .gap, .stripping(inAnalysis: true):
            output.reasoning += rest
        case .candidate:
            let answer = rest[..<(candidateEnd ?? rest.count)].dropFirst(ContractTag.finalOpening.bytes.count)
            output.content += answer
            recovered = !answer.isEmpty
            phase = .answering
        }
        held = []
        state = .ended
    }

    /// The upstream sent reasoning in a field of its own, so its content is the answer: from here on stripping.
    ///
    /// Text held at the start or after `</analysis>` is released as content, through stripping. An open `<analysis>`
    /// block first ends by the full rules. After `</final>` nothing changes: the message has ended.
    public mutating func upstreamReasoningFieldSeen(into output: inout ParsedText) {
        switch state {
        case .ended, .stripping: return
        case .analysis, .candidate:
            stripsAfterBlock = true
        case .preamble, .leadingSpace, .verbatim, .gap, .final:
            let bytes = held + matcher.takeHeld()
            held = []
            state = .stripping(inAnalysis: false)
            consume(bytes.span, into: &output)
        }
    }
}
