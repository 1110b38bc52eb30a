/// Collects a stream's reasoning for its summary: the first characters of the text, and the size of all of it.
///
/// A character is a Unicode scalar here, as `MAX_REASONING_CHARS` counts them. At most four bytes are kept for each of
/// the limit's characters and one more.
public struct ReasoningTranscript: Sendable {
    /// Most Unicode scalars that `text` has.
    public let limit: Int
    /// Unicode scalars seen, kept or not. Exact for valid UTF-8.
    public private(set) var characters = 0
    /// Bytes seen, kept or not.
    public private(set) var bytes = 0

    /// One scalar more than the limit, which shows whether the last grapheme cluster ends there.
    private var kept: [UInt8] = []
    private var isFull = false

    /// - Parameter maximumCharacters: most Unicode scalars to keep; a negative number is 0.
    public init(maximumCharacters: Int) {
        limit = max(0, maximumCharacters)
    }

    public var isEmpty: Bool { bytes == 0 }

    /// True when what is kept is white space alone: an empty thought is none.
    public var isBlank: Bool { kept.allSatisfy(\.isMarkupWhiteSpace) }

    /// Bytes kept of the text.
    public var keptBytes: Int { kept.count }

    /// True when `text` is not all that was seen.
    public var isCut: Bool { characters > limit }

    /// Adds a piece, which may begin and end inside a UTF-8 sequence.
    public mutating func append(_ piece: Span<UInt8>) {
        bytes &+= piece.count
        var end = isFull ? 0 : piece.count
        for index in piece.indices {
            if piece[index].beginsScalar {
                characters &+= 1
                if !isFull, characters &- 1 > limit {
                    isFull = true
                    end = index
                }
            }
        }
        // Bytes that are no UTF-8 may begin no scalar at all, and have to be bounded too.
        let room = max(0, (limit < Int.max / 8 ? (limit &+ 1) &* 4 : Int.max) &- kept.count)
        kept.append(contentsOf: piece.extracting(0..<min(end, room)))
    }

    /// Takes the first bytes out of what is kept, and goes on with the rest of it. What was not kept is lost.
    /// - Parameter count: bytes, not beyond what is kept and not inside a character.
    mutating func takeFirst(_ count: Int) -> (text: String, characters: Int) {
        var first = ReasoningTranscript(maximumCharacters: limit)
        var rest = ReasoningTranscript(maximumCharacters: limit)
        let end = min(max(0, count), completeEnd)
        first.append(kept.span.extracting(0..<end))
        let taken = first.characters
        if !isCut { rest.append(kept.span.extracting(end..<kept.count)) }
        let text = first.text
        self = rest
        return (text, taken)
    }

    func withKept<Result>(_ body: ([UInt8]) -> Result) -> Result { body(kept) }

    /// The first characters, cut at a grapheme boundary. Invalid UTF-8 is repaired; a sequence whose end has not come yet
    /// is left out.
    public var text: String {
        let whole = String(decoding: kept[..<completeEnd], as: UTF8.self)
        return whole.prefixOfScalars(limit)
    }

    /// Where an unfinished UTF-8 sequence begins at the end of what is kept.
    private var completeEnd: Int {
        for length in 1...3 where length <= kept.count {
            let start = kept.count &- length
            let expected: Int
            switch kept[start] {
            case 0x80...0xBF: continue
            case 0xC2...0xDF: expected = 2
            case 0xE0...0xEF: expected = 3
            case 0xF0...0xF4: expected = 4
            default: expected = 1
            }
            return expected > length ? start : kept.count
        }
        return kept.count
    }
}

extension String {
    /// The longest prefix of at most `limit` Unicode scalars that ends at a grapheme boundary; where the first grapheme
    /// cluster alone is longer, its first `limit` scalars.
    func prefixOfScalars(_ limit: Int) -> String {
        guard let hardEnd = unicodeScalars.index(startIndex, offsetBy: limit, limitedBy: endIndex), hardEnd < endIndex
        else { return self }
        var end = startIndex
        while end < hardEnd {
            let next = index(after: end)
            guard next <= hardEnd else { break }
            end = next
        }
        return String(unicodeScalars[..<(end > startIndex ? end : hardEnd)])
    }
}
