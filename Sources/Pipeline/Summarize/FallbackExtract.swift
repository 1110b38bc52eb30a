/// The summary that stands in when no summary model can be had (protocol.md, "Fallback summary"): white space folded, the
/// first two sentences, cut with an ellipsis at a word end when they are too long.
public enum FallbackExtract {
    /// Most Unicode scalars of a summary, the ellipsis included.
    public static let maximumCharacters = 400
    /// Unicode scalars of the text that are looked at; the rest is never read.
    static let examinedCharacters = 8_192
    /// Folded text kept past the maximum, to see whether a sentence or a grapheme cluster ends there.
    private static let lookAhead = 32

    /// The first two sentences of `text`, on one line. Empty when the text is.
    public static func summary(of text: String) -> String {
        let (folded, isWhole) = fold(text)
        guard !folded.isEmpty else { return "" }
        let boundary = SentenceBoundary(text: folded)
        var end = folded.count
        var isCut = !isWhole
        if let first = boundary.end(from: 0) {
            let second = first < folded.count && folded[first] == " " ? first + 1 : first
            // At the end of what was kept a stop may be a decimal point, a word an abbreviation.
            if let last = boundary.end(from: second), last < folded.count || isWhole {
                end = last
                isCut = false
            }
        }
        if !isCut, end <= maximumCharacters { return String(scalars: folded[..<end]) }
        return cut(folded)
    }

    /// The text with every run of white space as one space and none at its ends, and whether that is all of
    /// it. Where it is not, a space may be last.
    private static func fold(_ text: String) -> (folded: [Unicode.Scalar], isWhole: Bool) {
        var folded: [Unicode.Scalar] = []
        var pendingSpace = false
        var examined = 0
        for scalar in text.unicodeScalars {
            guard examined < examinedCharacters else { return (pendingSpace ? folded + [" "] : folded, false) }
            examined += 1
            if scalar.properties.isWhitespace {
                pendingSpace = !folded.isEmpty
            } else {
                guard folded.count < maximumCharacters + lookAhead else { return (folded, false) }
                if pendingSpace { folded.append(" ") }
                pendingSpace = false
                folded.append(scalar)
            }
        }
        return (folded, true)
    }

    /// As many whole words as leave room for the ellipsis. Where the script has no spaces, or the last one is far back, as
    /// many grapheme clusters.
    private static func cut(_ folded: [Unicode.Scalar]) -> String {
        let room = maximumCharacters - 1
        var end = min(room, folded.count)
        if end == room, room < folded.count {
            let isInWord = !(SentenceBoundary.isUnspaced(folded[room - 1]) || SentenceBoundary.isUnspaced(folded[room]))
            if isInWord, folded[room] != " " {
                end = folded[..<room].lastIndex(of: " ").flatMap { $0 >= room / 2 ? $0 : nil } ?? room
            }
        }
        var kept = Substring(String(scalars: folded).prefixOfScalars(end)).unicodeScalars
        while let last = kept.last, " ,;:.-–—…、，；：。".unicodeScalars.contains(last) { kept.removeLast() }
        return String(Substring(kept)) + "…"
    }
}

extension String {
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
