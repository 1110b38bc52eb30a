extension UInt8 {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let slash = UInt8(ascii: "/")
    static let minus = UInt8(ascii: "-")
    static let plus = UInt8(ascii: "+")
    static let point = UInt8(ascii: ".")
    static let digit0 = UInt8(ascii: "0")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let objectStart = UInt8(ascii: "{")
    static let objectEnd = UInt8(ascii: "}")
    static let arrayStart = UInt8(ascii: "[")
    static let arrayEnd = UInt8(ascii: "]")
    static let letterU = UInt8(ascii: "u")
}

/// The tokens of RFC 8259, sections 2 to 7. Each function starts at a position and leaves it behind the token.
enum Lexer {
    @inline(__always)
    static func skipWhitespace(_ bytes: Span<UInt8>, _ position: inout Int) {
        while position < bytes.count {
            switch bytes[unchecked: position] {
            case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
            default: return
            }
        }
    }

    /// Skips white space and gives the byte behind it.
    @inline(__always)
    static func nextByte(_ bytes: Span<UInt8>, _ position: inout Int) throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(code: .unexpectedEnd, offset: position) }
        let byte = bytes[unchecked: position]
        if byte > 0x20 { return byte }
        skipWhitespace(bytes, &position)
        guard position < bytes.count else { throw JSONError(code: .unexpectedEnd, offset: position) }
        return bytes[unchecked: position]
    }

    /// A string, number or literal that begins with `byte` at `position`.
    @inline(__always)
    static func scalar(_ byte: UInt8, _ bytes: Span<UInt8>, _ position: inout Int) throws(JSONError) -> JSONValue {
        let start = position
        switch byte {
        case .quote:
            let hasEscapes = try string(bytes, &position)
            return JSONValue(kind: .string, start: start, end: position, hasEscapes: hasEscapes)
        case .minus, .digit0...UInt8(ascii: "9"):
            try number(bytes, &position)
            return JSONValue(kind: .number, start: start, end: position)
        case UInt8(ascii: "n"):
            try literal((UInt8(ascii: "u"), UInt8(ascii: "l"), UInt8(ascii: "l")), bytes, &position)
            return JSONValue(kind: .null, start: start, end: position)
        case UInt8(ascii: "t"):
            try literal((UInt8(ascii: "r"), UInt8(ascii: "u"), UInt8(ascii: "e")), bytes, &position)
            return JSONValue(kind: .true, start: start, end: position)
        case UInt8(ascii: "f"):
            position &+= 1
            try literal((UInt8(ascii: "l"), UInt8(ascii: "s"), UInt8(ascii: "e")), bytes, &position)
            guard bytes[start &+ 1] == UInt8(ascii: "a") else {
                throw JSONError(code: .invalidLiteral, offset: start)
            }
            return JSONValue(kind: .false, start: start, end: position)
        default:
            throw notAValue(byte, bytes, position)
        }
    }

    private static func notAValue(_ byte: UInt8, _ bytes: Span<UInt8>, _ position: Int) -> JSONError {
        let isByteOrderMark =
            byte == 0xEF && position &+ 2 < bytes.count
            && bytes[position &+ 1] == 0xBB && bytes[position &+ 2] == 0xBF
        return JSONError(code: isByteOrderMark ? .byteOrderMark : .expectedValue, offset: position)
    }

    /// The three bytes behind the one at `position`.
    @inline(__always)
    private static func literal(
        _ rest: (UInt8, UInt8, UInt8),
        _ bytes: Span<UInt8>,
        _ position: inout Int
    ) throws(JSONError) {
        guard position &+ 3 < bytes.count,
            bytes[unchecked: position &+ 1] == rest.0,
            bytes[unchecked: position &+ 2] == rest.1,
            bytes[unchecked: position &+ 3] == rest.2
        else { throw JSONError(code: .invalidLiteral, offset: position) }
        position &+= 4
    }

    static func number(_ bytes: Span<UInt8>, _ position: inout Int) throws(JSONError) {
        let start = position
        if position < bytes.count, bytes[unchecked: position] == .minus { position &+= 1 }
        if position < bytes.count, bytes[unchecked: position] == .digit0 {
            position &+= 1
        } else {
            guard digits(bytes, &position) else { throw JSONError(code: .invalidNumber, offset: start) }
        }
        if position < bytes.count, bytes[unchecked: position] == .point {
            position &+= 1
            guard digits(bytes, &position) else { throw JSONError(code: .invalidNumber, offset: start) }
        }
        if position < bytes.count, bytes[unchecked: position] | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if position < bytes.count, bytes[unchecked: position] == .plus || bytes[unchecked: position] == .minus {
                position &+= 1
            }
            guard digits(bytes, &position) else { throw JSONError(code: .invalidNumber, offset: start) }
        }
    }

    /// Skips digits and says whether there was any.
    @inline(__always)
    private static func digits(_ bytes: Span<UInt8>, _ position: inout Int) -> Bool {
        let start = position
        while position < bytes.count, bytes[unchecked: position] &- .digit0 < 10 { position &+= 1 }
        return position > start
    }

    /// A string from its opening quote on. Says whether it holds escapes.
    @inline(__always)
    static func string(_ bytes: Span<UInt8>, _ position: inout Int) throws(JSONError) -> Bool {
        let end = plainEnd(bytes, from: position &+ 1)
        if end < bytes.count, bytes[unchecked: end] == .quote {
            position = end &+ 1
            return false
        }
        return try stringRest(bytes, from: end, &position)
    }

    /// The part of a string that begins with something else than plain ASCII.
    private static func stringRest(
        _ bytes: Span<UInt8>,
        from start: Int,
        _ position: inout Int
    ) throws(JSONError) -> Bool {
        var hasEscapes = false
        var index = start
        while true {
            index = plainEnd(bytes, from: index)
            guard index < bytes.count else { throw JSONError(code: .unexpectedEnd, offset: bytes.count) }
            let byte = bytes[unchecked: index]
            switch byte {
            case .quote:
                position = index &+ 1
                return hasEscapes
            case .backslash:
                hasEscapes = true
                try escape(bytes, &index)
            case 0..<0x20:
                throw JSONError(code: .controlCharacter, offset: index)
            default:
                // Text that is not ASCII comes in runs.
                repeat {
                    let length = UTF8Sequence.length(bytes, at: index)
                    guard length > 0 else { throw JSONError(code: .invalidUTF8, offset: index) }
                    index &+= length
                } while index < bytes.count && bytes[unchecked: index] >= 0x80
            }
        }
    }

    /// The first position from `start` on that holds a quote, a backslash, a control character or a byte of
    /// a longer UTF-8 sequence; or the end.
    @inline(__always)
    static func plainEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= bytes.count {
            // The offset is checked by the line above; every bit pattern is a UInt64.
            let loaded = bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
            let word = UInt64(littleEndian: loaded)
            // A subtraction borrows only upward, so the lowest marked byte is exact, and only that one is used.
            let controls = word &- ones &* 0x20
            let quotes = (word ^ (ones &* UInt64(UInt8.quote))) &- ones
            let backslashes = (word ^ (ones &* UInt64(UInt8.backslash))) &- ones
            let stops = (word | controls | quotes | backslashes) & highBits
            if stops != 0 { return index &+ (stops.trailingZeroBitCount &>> 3) }
            index &+= 8
        }
        while index < bytes.count {
            let byte = bytes[unchecked: index]
            if byte == .quote || byte == .backslash || byte < 0x20 || byte >= 0x80 { return index }
            index &+= 1
        }
        return index
    }

    /// An escape from its backslash on.
    private static func escape(_ bytes: Span<UInt8>, _ index: inout Int) throws(JSONError) {
        guard index &+ 1 < bytes.count else { throw JSONError(code: .unexpectedEnd, offset: bytes.count) }
        switch bytes[unchecked: index &+ 1] {
        case .quote, .backslash, .slash,
            UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index &+= 2
        case .letterU:
            guard hexadecimal(bytes, at: index &+ 2) != nil else {
                throw JSONError(code: .invalidEscape, offset: index)
            }
            index &+= 6
        default:
            throw JSONError(code: .invalidEscape, offset: index)
        }
    }

    /// The value of the four hexadecimal digits at `start`.
    static func hexadecimal(_ bytes: Span<UInt8>, at start: Int) -> UInt32? {
        guard start &+ 4 <= bytes.count else { return nil }
        var result: UInt32 = 0
        for index in start..<(start &+ 4) {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case .digit0...UInt8(ascii: "9"): digit = byte &- .digit0
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: return nil
            }
            result = result &<< 4 | UInt32(digit)
        }
        return result
    }
}
