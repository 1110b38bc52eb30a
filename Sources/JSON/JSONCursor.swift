/// Reads and validates JSON (RFC 8259) in one pass, without copying it and without building a tree.
///
/// The caller walks the document: it enters the objects and arrays it knows, reads or skips each value in turn, and
/// asks for the end at last. Whatever was passed over is known to be valid JSON. Every call must be given the same bytes.
///
///     var cursor = JSONCursor()
///     try cursor.enterObject(bytes)
///     while let key = try cursor.nextKey(bytes) {
///         let value = try cursor.value(bytes)
///     }
///     try cursor.end(bytes)
///
/// Strict: one value of any kind, white space around it, nothing else; strings are valid UTF-8 without bare control
/// characters. An escaped lone surrogate is accepted, as the grammar has it (section 8.2). Duplicate keys are the
/// caller's affair.
public struct JSONCursor: Sendable {
    /// Deepest nesting that can be asked for.
    public static let greatestDepth = 128

    /// Bytes read so far.
    public private(set) var position: Int
    /// Objects and arrays that are open.
    public private(set) var depth = 0
    private let maximumDepth: Int
    /// Directly behind an opening bracket, where no comma is due.
    private var isFirst = false

    /// - Parameters:
    ///   - position: where the value begins, in bytes.
    ///   - maximumDepth: objects and arrays that may be open at once, 0 to ``greatestDepth``.
    public init(at position: Int = 0, maximumDepth: Int = greatestDepth) {
        self.position = max(0, position)
        self.maximumDepth = min(max(0, maximumDepth), JSONCursor.greatestDepth)
    }

    /// The kind of the next value, told by its first byte; the value itself is not yet validated.
    public mutating func peekKind(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue.Kind {
        let byte = try Lexer.nextByte(bytes, &position)
        switch byte {
        case .objectStart: return .object
        case .arrayStart: return .array
        case .quote: return .string
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        case .minus, .digit0...UInt8(ascii: "9"): return .number
        default:
            // Finds the error's name.
            _ = try Lexer.scalar(byte, bytes, &position)
            throw JSONError(code: .expectedValue, offset: position)
        }
    }

    /// Steps into the object that comes next.
    public mutating func enterObject(_ bytes: Span<UInt8>) throws(JSONError) {
        try enter(.objectStart, orThrow: .expectedObject, bytes)
    }

    /// Steps into the array that comes next.
    public mutating func enterArray(_ bytes: Span<UInt8>) throws(JSONError) {
        try enter(.arrayStart, orThrow: .expectedArray, bytes)
    }

    @inline(__always)
    private mutating func enter(
        _ bracket: UInt8,
        orThrow code: JSONError.Code,
        _ bytes: Span<UInt8>
    ) throws(JSONError) {
        guard try Lexer.nextByte(bytes, &position) == bracket else { throw JSONError(code: code, offset: position) }
        guard depth < maximumDepth else { throw JSONError(code: .nestedTooDeeply, offset: position) }
        position &+= 1
        depth &+= 1
        isFirst = true
    }

    /// The next member's name and its colon, or nil with the object's end. The value must be read, entered or skipped
    /// before the next call.
    public mutating func nextKey(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue? {
        var byte = try Lexer.nextByte(bytes, &position)
        if byte == .objectEnd {
            try leave()
            return nil
        }
        if !isFirst {
            guard byte == .comma else { throw JSONError(code: .expectedCommaOrObjectEnd, offset: position) }
            position &+= 1
            byte = try Lexer.nextByte(bytes, &position)
        }
        isFirst = false
        return try JSONCursor.key(byte, bytes, &position)
    }

    /// Whether an element follows; false with the array's end. The element must be read, entered or skipped before
    /// the next call.
    public mutating func nextElement(_ bytes: Span<UInt8>) throws(JSONError) -> Bool {
        let byte = try Lexer.nextByte(bytes, &position)
        if byte == .arrayEnd {
            try leave()
            return false
        }
        if !isFirst {
            guard byte == .comma else { throw JSONError(code: .expectedCommaOrArrayEnd, offset: position) }
            position &+= 1
        }
        isFirst = false
        return true
    }

    private mutating func leave() throws(JSONError) {
        guard depth > 0 else { throw JSONError(code: .expectedValue, offset: position) }
        position &+= 1
        depth &-= 1
        isFirst = false
    }

    /// Reads the next value whole, whatever its kind.
    public mutating func value(_ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let byte = try Lexer.nextByte(bytes, &position)
        isFirst = false
        if byte == .objectStart || byte == .arrayStart { return try container(byte, bytes) }
        return try Lexer.scalar(byte, bytes, &position)
    }

    /// Checks that nothing but white space follows.
    public mutating func end(_ bytes: Span<UInt8>) throws(JSONError) {
        Lexer.skipWhitespace(bytes, &position)
        guard position >= bytes.count else { throw JSONError(code: .expectedEnd, offset: position) }
    }

    /// Validates a whole document.
    public static func document(
        _ bytes: Span<UInt8>,
        maximumDepth: Int = greatestDepth
    ) throws(JSONError) -> JSONValue {
        var cursor = JSONCursor(maximumDepth: maximumDepth)
        let value = try cursor.value(bytes)
        try cursor.end(bytes)
        return value
    }

    @inline(__always)
    private static func key(
        _ byte: UInt8,
        _ bytes: Span<UInt8>,
        _ position: inout Int
    ) throws(JSONError) -> JSONValue {
        guard byte == .quote else { throw JSONError(code: .expectedKey, offset: position) }
        let start = position
        let hasEscapes = try Lexer.string(bytes, &position)
        let key = JSONValue(kind: .string, start: start, end: position, hasEscapes: hasEscapes)
        guard try Lexer.nextByte(bytes, &position) == .colon else {
            throw JSONError(code: .expectedColon, offset: position)
        }
        position &+= 1
        return key
    }

    /// An object or array that begins with `byte`, without recursion: one bit an open bracket says which it is.
    private mutating func container(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) -> JSONValue {
        let start = position
        let kind: JSONValue.Kind = byte == .objectStart ? .object : .array
        var byte = byte
        var objects: UInt128 = 0
        var open = 0
        repeat {
            // At a value's first byte.
            if byte == .objectStart || byte == .arrayStart {
                guard depth &+ open < maximumDepth else {
                    throw JSONError(code: .nestedTooDeeply, offset: position)
                }
                let isObject = byte == .objectStart
                objects = objects &<< 1 | (isObject ? 1 : 0)
                open &+= 1
                position &+= 1
                byte = try Lexer.nextByte(bytes, &position)
                if isObject && byte != .objectEnd {
                    _ = try JSONCursor.key(byte, bytes, &position)
                    byte = try Lexer.nextByte(bytes, &position)
                    continue
                }
                if !isObject && byte != .arrayEnd { continue }
            } else {
                _ = try Lexer.scalar(byte, bytes, &position)
                byte = try Lexer.nextByte(bytes, &position)
            }
            // Behind a value, or at the end of an empty object or array.
            while true {
                let isObject = objects & 1 == 1
                if byte == (isObject ? .objectEnd : .arrayEnd) {
                    position &+= 1
                    objects = objects &>> 1
                    open &-= 1
                    if open == 0 { return JSONValue(kind: kind, start: start, end: position) }
                    byte = try Lexer.nextByte(bytes, &position)
                    continue
                }
                guard byte == .comma else {
                    let code: JSONError.Code = isObject ? .expectedCommaOrObjectEnd : .expectedCommaOrArrayEnd
                    throw JSONError(code: code, offset: position)
                }
                position &+= 1
                byte = try Lexer.nextByte(bytes, &position)
                if isObject {
                    _ = try JSONCursor.key(byte, bytes, &position)
                    byte = try Lexer.nextByte(bytes, &position)
                }
                break
            }
        } while true
    }
}
