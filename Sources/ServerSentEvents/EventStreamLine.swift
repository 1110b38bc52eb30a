extension UInt8 {
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let colon = UInt8(ascii: ":")
}

/// The field names that mean something.
enum Field {
    case data
    case event
    case id
    case retry

    /// Nil for every other name, and for a comment. Names are matched exactly, as the standard has it.
    init?(_ bytes: Span<UInt8>, _ name: Range<Int>) {
        func matches(_ literal: String) -> Bool {
            let expected = literal.utf8.span
            for offset in expected.indices where bytes[name.lowerBound &+ offset] != expected[offset] { return false }
            return true
        }
        switch name.count {
        case 4 where matches("data"): self = .data
        case 5 where matches("event"): self = .event
        case 2 where matches("id"): self = .id
        case 5 where matches("retry"): self = .retry
        default: return nil
        }
    }
}

enum EventStreamLine {
    /// The first position from `start` on that holds LF or CR; or the end.
    @inline(__always)
    static func end(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= bytes.count {
            // The offset is checked by the line above; every bit pattern is a UInt64.
            let loaded = bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            // A subtraction borrows only upward, so the lowest marked byte is exact, and only that one is used.
            let lineFeeds = word ^ (ones &* UInt64(UInt8.lineFeed))
            let returns = word ^ (ones &* UInt64(UInt8.carriageReturn))
            let stops = ((lineFeeds &- ones) & ~lineFeeds | (returns &- ones) & ~returns) & highBits
            if stops != 0 { return index &+ (stops.trailingZeroBitCount &>> 3) }
            index &+= 8
        }
        while index < bytes.count, bytes[unchecked: index] != .lineFeed, bytes[unchecked: index] != .carriageReturn {
            index &+= 1
        }
        return index
    }

    static func hasByteOrderMark(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
        line.count >= 3
            && bytes[line.lowerBound] == 0xEF
            && bytes[line.lowerBound &+ 1] == 0xBB
            && bytes[line.lowerBound &+ 2] == 0xBF
    }
}

extension [UInt8] {
    /// Appends the bytes at `range`, which must lie in `bytes`.
    @inline(__always)
    mutating func append(bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        append(addingCapacity: range.count) { output in
            for index in range { output.append(bytes[index]) }
        }
    }
}

extension String {
    /// UTF-8 at `range`, which must lie in `bytes`, with U+FFFD for what is invalid.
    init(copying bytes: Span<UInt8>, _ range: Range<Int>) {
        var copy: [UInt8] = []
        copy.append(bytes: bytes, range)
        self.init(decoding: copy, as: UTF8.self)
    }
}
