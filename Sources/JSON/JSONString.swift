/// The bodies of JSON strings: escapes resolved, escapes made (RFC 8259, section 7).
public enum JSONString {
    /// Appends the string body at `range` (without its quotes) with its escapes resolved, as UTF-8.
    ///
    /// A surrogate pair becomes its scalar, a lone surrogate U+FFFD. `range` is taken as validated; where it is not, and where it
    /// reaches beyond `bytes`, the result is meaningless but nothing traps.
    public static func appendUnescaped(_ range: Range<Int>, of bytes: Span<UInt8>, to output: inout [UInt8]) {
        _ = appendUnescaped(range, of: bytes, to: &output, atMost: .max)
    }

    /// Does so for a part of the body only, and gives the position where the rest begins.
    ///
    /// - Parameter count: bytes to append, which the last scalar may exceed by up to three. The part may end within
    ///   a scalar that is not escaped.
    public static func appendUnescaped(
        _ range: Range<Int>,
        of bytes: Span<UInt8>,
        to output: inout [UInt8],
        atMost count: Int
    ) -> Int {
        let range = range.clamped(to: 0..<bytes.count)
        let body = bytes.extracting(range)
        // Resolved escapes are never longer than written ones, so a limit above the body's length is none.
        let limit = max(0, min(count, body.count &+ 1))
        let full = output.count &+ limit
        output.reserve(additional: limit)
        var index = 0
        while index < body.count, output.count < full {
            let start = index
            let end = min(body.count, start &+ (full &- output.count))
            while index < end, body[unchecked: index] != .backslash { index &+= 1 }
            output.append(bytes: body, start..<index)
            guard index < end else { continue }
            guard index &+ 1 < body.count else { return range.upperBound }
            let escaped = body[index &+ 1]
            index &+= 2
            switch escaped {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case .letterU: UTF8Sequence.append(scalar(body, &index), to: &output)
            default: output.append(escaped)
            }
        }
        return range.lowerBound &+ index
    }

    /// The scalar whose escape's digits begin at `index`, a second half of a surrogate pair taken along.
    private static func scalar(_ body: Span<UInt8>, _ index: inout Int) -> UInt32 {
        guard let high = Lexer.hexadecimal(body, at: index) else { return 0xFFFD }
        index &+= 4
        guard 0xD800..<0xDC00 ~= high,
            index &+ 2 <= body.count, body[index] == .backslash, body[index &+ 1] == .letterU,
            let low = Lexer.hexadecimal(body, at: index &+ 2), 0xDC00..<0xE000 ~= low
        else { return high }
        index &+= 6
        return 0x10000 &+ ((high &- 0xD800) &<< 10) &+ (low &- 0xDC00)
    }

    /// Appends a string value's text with its escapes resolved; nothing for every other kind.
    public static func appendUnescaped(_ value: JSONValue, of bytes: Span<UInt8>, to output: inout [UInt8]) {
        guard value.kind == .string else { return }
        if value.hasEscapes {
            appendUnescaped(value.text, of: bytes, to: &output)
        } else {
            output.append(bytes: bytes, value.text.clamped(to: 0..<bytes.count))
        }
    }

    /// A string value's text with its escapes resolved; empty for every other kind.
    public static func unescaped(_ value: JSONValue, of bytes: Span<UInt8>) -> String {
        var output: [UInt8] = []
        appendUnescaped(value, of: bytes, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends UTF-8 as the body of a JSON string, without the quotes.
    ///
    /// Escaped are `"`, `\` and the control characters below U+0020, nothing else. Each byte that belongs to no valid
    /// sequence becomes U+FFFD, so that the result is valid JSON whatever comes in.
    public static func appendEscaped(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.reserve(additional: text.count)
        var index = 0
        var copied = 0
        while true {
            index = Lexer.plainEnd(text, from: index)
            guard index < text.count else { break }
            let byte = text[index]
            if byte >= 0x80 {
                let length = UTF8Sequence.length(text, at: index)
                if length > 0 {
                    index &+= length
                    continue
                }
            }
            output.append(bytes: text, copied..<index)
            index &+= 1
            copied = index
            if byte >= 0x80 {
                UTF8Sequence.append(0xFFFD, to: &output)
            } else {
                appendEscape(of: byte, to: &output)
            }
        }
        output.append(bytes: text, copied..<text.count)
    }

    /// Appends a string as the body of a JSON string, without the quotes.
    public static func appendEscaped(_ text: String, to output: inout [UInt8]) {
        appendEscaped(text.utf8.span, to: &output)
    }

    private static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(.backslash)
        switch byte {
        case .quote, .backslash: output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            output.append(.letterU)
            output.append(.digit0)
            output.append(.digit0)
            output.append(.digit0 &+ byte &>> 4)
            let low = byte & 0x0F
            output.append(low < 10 ? .digit0 &+ low : UInt8(ascii: "a") &+ low &- 10)
        }
    }
}

extension [UInt8] {
    /// Makes room at once, growing by the array's own rule, so that repeated calls stay linear.
    @inline(__always)
    fileprivate mutating func reserve(additional count: Int) {
        // Also with nothing to add this writes the count, and an empty array's storage is shared by all threads.
        if count > 0 { append(addingCapacity: count) { _ in } }
    }

    /// Appends the bytes at `range`, which must lie in `bytes`.
    @inline(__always)
    mutating func append(bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        append(addingCapacity: range.count) { output in
            for index in range { output.append(bytes[index]) }
        }
    }
}
