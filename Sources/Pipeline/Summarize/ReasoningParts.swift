/// Decides which piece of the reasoning is summarised when: all of it at its end, or part by part while the model thinks.
///
/// One part is in flight at a time. What arrives meanwhile joins the next one, so a slow summary model gets fewer and larger
/// parts, never a queue. Every character is summarised once, except for a tail that is small (see `conclusion`).
/// Characters are Unicode scalars.
public struct ReasoningParts: Sendable {
    /// A piece of reasoning whose summary is wanted.
    public struct Part: Sendable, Equatable {
        /// From 0.
        public let number: Int
        public let text: String
        /// The summaries of the parts before, the newest of them where they are long.
        public let context: String
    }

    /// How the summary ends, once the reasoning has ended.
    enum Conclusion: Equatable {
        /// All is summarised, or as good as all.
        case complete
        /// So much is summarised that nobody shall wait for the rest, which is told by an extract.
        case extract(of: String)
    }

    /// Characters of reasoning that a tail may have however little came before it.
    static let smallTail = 200
    /// Characters of earlier summaries that go with a part.
    static let longestContext = 4_000

    /// `ROLLING_CHARS`; nil: one part, at the end.
    private let rollingCharacters: Int?
    private let limit: Int
    /// What belongs to no part yet.
    private var open: ReasoningTranscript
    /// Where the last sentence or line in it ends, in bytes; 0: none does.
    private var boundary = 0
    private var inFlight: (text: String, characters: Int)?
    private var nextNumber = 0
    private var summaries: [String] = []
    /// Characters that finished parts had.
    private var covered = 0
    private var intervalPassed = false
    /// Fewer characters make no part, after one that failed.
    private var leastCharacters = 0
    private var hasEnded = false
    private var hasText = false
    /// Unicode scalars seen.
    public private(set) var characters = 0

    /// - Parameters:
    ///   - rollingCharacters: new characters after which a part is cut; nil: one part at the end.
    ///   - maximumCharacters: most characters of one part; what a part has beyond them is not kept.
    public init(rollingCharacters: Int?, maximumCharacters: Int) {
        self.rollingCharacters = rollingCharacters.map { max(1, $0) }
        limit = maximumCharacters
        open = ReasoningTranscript(maximumCharacters: maximumCharacters)
    }

    /// Whether there has been nothing but white space.
    public var isBlank: Bool { !hasText }

    /// Adds a piece, which may begin and end inside a UTF-8 sequence.
    public mutating func append(_ piece: Span<UInt8>) {
        let before = open.characters
        let kept = open.keptBytes
        open.append(piece)
        characters &+= open.characters &- before
        if !hasText { hasText = !open.isBlank }
        if rollingCharacters != nil, !open.isCut { boundary = open.lastBoundary(from: kept) ?? boundary }
    }

    /// `ROLLING_INTERVAL` has passed since the last cut.
    public mutating func intervalDidPass() { intervalPassed = true }

    /// Whether a part shall be cut some time after now, however few characters come.
    public var awaitsInterval: Bool {
        rollingCharacters != nil && !hasEnded && !intervalPassed && (inFlight != nil || !open.isBlank)
    }

    /// No more will come.
    public mutating func end() { hasEnded = true }

    /// Whether `next` would give a part.
    public var isDue: Bool {
        inFlight == nil && (hasEnded ? conclusion == nil : cut() != nil)
    }

    /// The part whose summary is wanted now. It is in flight until `finished` or `failed` is called.
    public mutating func next() -> Part? {
        guard inFlight == nil else { return nil }
        let piece: (text: String, characters: Int)
        if hasEnded {
            guard conclusion == nil else { return nil }
            piece = (open.text, open.characters)
            open = ReasoningTranscript(maximumCharacters: limit)
        } else {
            guard let end = cut() else { return nil }
            piece = open.takeFirst(end)
        }
        boundary = 0
        intervalPassed = false
        leastCharacters = 0
        inFlight = piece
        defer { nextNumber += 1 }
        return Part(number: nextNumber, text: piece.text, context: context)
    }

    /// Where a part ends that is due now, in bytes.
    private func cut() -> Int? {
        guard let rollingCharacters, !open.isBlank else { return nil }
        guard open.characters >= max(rollingCharacters, leastCharacters) || intervalPassed else { return nil }
        if boundary > 0 { return boundary }
        // A text without sentences is cut all the same, and what is full keeps no more.
        let isLong = open.characters / 2 >= rollingCharacters || open.isCut
        return isLong ? open.keptBytes : nil
    }

    private var context: String {
        var context = summaries.joined(separator: "\n\n")
        let surplus = context.unicodeScalars.count - Self.longestContext
        if surplus > 0 { context = String(context.unicodeScalars.dropFirst(surplus)) }
        return context
    }

    /// The part in flight has been summarised.
    public mutating func finished(_ summary: String) {
        guard let part = inFlight else { return }
        inFlight = nil
        covered += part.characters
        summaries.append(summary)
        // Context is bounded, and so is what is kept for it.
        if summaries.count > 64 { summaries.removeFirst(32) }
    }

    /// The part in flight could not be summarised: its text joins the next part.
    public mutating func failed() {
        guard let part = inFlight else { return }
        inFlight = nil
        var joined = ReasoningTranscript(maximumCharacters: limit)
        joined.append(part.text.utf8.span)
        open.withKept { joined.append($0.span) }
        open = joined
        boundary = open.lastBoundary(from: 0) ?? 0
        leastCharacters = open.characters + (rollingCharacters ?? 0)
    }

    /// Text that no finished part has: the part in flight, and what has not been cut.
    var rest: String { (inFlight?.text ?? "") + open.text }

    /// Whether enough is summarised; nil while a summary has to be waited for, or to be asked for.
    ///
    /// The tail is what no finished part has. One of at most `smallTail` characters, or a quarter of what is summarised, is left
    /// out. One no larger than what is summarised is told by an extract. A larger one is worth a wait.
    var conclusion: Conclusion? {
        guard hasEnded else { return nil }
        let tail = (inFlight?.characters ?? 0) + (open.isBlank ? 0 : open.characters)
        if tail == 0 { return .complete }
        guard covered > 0 else { return nil }
        if tail <= max(Self.smallTail, covered / 4), tail <= covered { return .complete }
        return tail <= covered ? .extract(of: rest) : nil
    }

    /// Whether a part has been summarised.
    var hasFinishedPart: Bool { covered > 0 }
}

extension ReasoningTranscript {
    /// Where the last sentence or line ends that ends at or behind `start`, in bytes of what is kept.
    ///
    /// A stop with white space behind it, a full-width stop, or a line feed: good enough to divide a text, where
    /// `SentenceBoundary` would look at each abbreviation.
    func lastBoundary(from start: Int) -> Int? {
        withKept { kept in
            var index = kept.count
            while index > max(start, 1) {
                if Self.endsSentence(kept, at: index) { return index }
                index -= 1
            }
            return nil
        }
    }

    private static func endsSentence(_ kept: [UInt8], at end: Int) -> Bool {
        let last = kept[end - 1]
        if last == 0x0A { return true }
        let before = kept[end - 2]
        if last == 0x20 { return before == 0x2E || before == 0x21 || before == 0x3F }
        guard end >= 3 else { return false }
        // 。 ！ ？
        let first = kept[end - 3]
        return first == 0xE3 && before == 0x80 && last == 0x82
            || first == 0xEF && before == 0xBC && (last == 0x81 || last == 0x9F)
    }
}
