internal import JSON

/// Text of any length of which the first and the last part are kept, in bounded memory.
struct HeadAndTail {
    private let maximumCharacters: Int
    /// Bytes that hold as many scalars in any case, and enough before them to find the grapheme boundaries again. (Not in
    /// a run of nothing but flags that is longer still.)
    private let capacity: Int
    private var head: [UInt8] = []
    /// What follows the head; when it grows beyond twice the capacity, the last part of it.
    private var tail: [UInt8] = []

    /// - Parameter maximumCharacters: Unicode scalars to be kept; negative counts as none.
    init(maximumCharacters: Int) {
        self.maximumCharacters = min(max(0, maximumCharacters), Int.max / 16)
        capacity = self.maximumCharacters * 4 + 4_096
    }

    mutating func append(_ text: String) {
        let room = max(0, capacity - head.count)
        head.append(contentsOf: text.utf8.prefix(room))
        tail.append(contentsOf: text.utf8.dropFirst(room))
        trim()
    }

    /// Appends a string's text, escapes resolved, in steps, so that a long one is never held whole.
    mutating func append(_ string: JSONValue, of bytes: Span<UInt8>) {
        var rest = string.text
        while !rest.isEmpty {
            let next: Int
            if head.count < capacity {
                next = JSONString.appendUnescaped(rest, of: bytes, to: &head, atMost: capacity - head.count)
            } else {
                // Without escapes the position of the last part is known.
                if !string.hasEscapes, rest.count > capacity {
                    tail.removeAll(keepingCapacity: true)
                    rest = rest.upperBound - capacity..<rest.upperBound
                }
                next = JSONString.appendUnescaped(rest, of: bytes, to: &tail, atMost: capacity)
                trim()
            }
            rest = min(max(next, rest.lowerBound + 1), rest.upperBound)..<rest.upperBound
        }
    }

    private mutating func trim() {
        if tail.count > capacity * 2 { tail.removeFirst(tail.count - capacity) }
    }

    /// The text, or its head and its tail with a line `…` between.
    var joined: String {
        let text = String(decoding: head + tail, as: UTF8.self)
        guard text.exceeds(maximumCharacters) else { return text }
        let ellipsis = "\n…\n"
        let kept = maximumCharacters - ellipsis.unicodeScalars.count
        guard kept > 1 else { return text.prefix(scalars: maximumCharacters) }
        return text.prefix(scalars: kept - kept / 2) + ellipsis + text.suffix(scalars: kept / 2)
    }

    /// The text's head alone.
    var cutHead: String {
        String(decoding: head, as: UTF8.self).prefix(scalars: maximumCharacters)
    }
}

extension String {
    /// Whether there are more Unicode scalars than `count`.
    fileprivate func exceeds(_ count: Int) -> Bool {
        unicodeScalars.index(startIndex, offsetBy: count, limitedBy: endIndex).map { $0 < endIndex } ?? false
    }

    /// The longest run of whole characters at the start that has at most `count` scalars.
    fileprivate func prefix(scalars count: Int) -> String {
        guard let limit = unicodeScalars.index(startIndex, offsetBy: count, limitedBy: endIndex) else { return self }
        var end = startIndex
        while end < limit {
            let next = index(after: end)
            guard next <= limit else { break }
            end = next
        }
        return String(self[..<end])
    }

    /// The longest run of whole characters at the end that has at most `count` scalars.
    fileprivate func suffix(scalars count: Int) -> String {
        guard let limit = unicodeScalars.index(endIndex, offsetBy: -count, limitedBy: startIndex) else { return self }
        // Forward from the start: going back over a long run of flags, each step would look at all of it.
        var start = startIndex
        while start < limit { start = index(after: start) }
        return String(self[start...])
    }
}
