/// The four tags of the `analysis-final` contract: exact and case-sensitive.
enum ContractTag: UInt8 {
    case analysisOpening, analysisClosing, finalOpening, finalClosing

    static let all: [ContractTag] = [.analysisOpening, .analysisClosing, .finalOpening, .finalClosing]

    /// The tag as UTF-8.
    var bytes: [UInt8] { Self.spellings[Int(rawValue)] }

    private static let spellings: [[UInt8]] = ["<analysis>", "</analysis>", "<final>", "</final>"].map {
        Array($0.utf8)
    }
}

/// Which tags count at some place of the text.
struct ContractTagSet: OptionSet {
    let rawValue: UInt8

    static let analysisOpening = ContractTagSet(.analysisOpening)
    static let analysisClosing = ContractTagSet(.analysisClosing)
    static let finalOpening = ContractTagSet(.finalOpening)
    static let finalClosing = ContractTagSet(.finalClosing)

    init(rawValue: UInt8) { self.rawValue = rawValue }
    init(_ tag: ContractTag) { rawValue = 1 << tag.rawValue }

    func contains(_ tag: ContractTag) -> Bool { contains(ContractTagSet(tag)) }
}

/// Recognises a tag that may be divided anywhere, holding nothing but the length of what has matched.
///
/// Every tag begins with `<` and has no other `<`, so a failed match never hides the beginning of another tag: the
/// matched bytes are text, and the byte that failed is looked at afresh. No byte is read more than twice.
struct ContractTagMatcher {
    enum Outcome {
        case partial
        case matched(ContractTag)
        case failed
    }

    /// Bytes of a possible tag seen so far: at most one less than the longest tag.
    private(set) var length = 0
    private var candidates: ContractTagSet = []

    static let firstByte = UInt8(ascii: "<")

    var isIdle: Bool { length == 0 }

    /// Takes a `<` as the possible beginning of one of `tags`.
    mutating func begin(_ tags: ContractTagSet) {
        candidates = tags
        length = 1
    }

    /// Tries the next byte. After `failed` the matcher still holds the bytes before it: see `takeHeld()`.
    mutating func advance(_ byte: UInt8) -> Outcome {
        var remaining: ContractTagSet = []
        for tag in ContractTag.all where candidates.contains(tag) {
            let bytes = tag.bytes
            guard length < bytes.count, bytes[length] == byte else { continue }
            if length &+ 1 == bytes.count {
                length = 0
                return .matched(tag)
            }
            remaining.insert(ContractTagSet(tag))
        }
        guard !remaining.isEmpty else { return .failed }
        candidates = remaining
        length &+= 1
        return .partial
    }

    /// The bytes held as a possible tag; the matcher is idle afterwards.
    mutating func takeHeld() -> ArraySlice<UInt8> {
        defer { length = 0 }
        for tag in ContractTag.all where length > 0 && candidates.contains(tag) {
            return tag.bytes.prefix(length)
        }
        return []
    }
}
