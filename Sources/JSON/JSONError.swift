/// Why a text is not JSON (RFC 8259), and where.
public struct JSONError: Error, Equatable, Sendable {
    public enum Code: Equatable, Sendable {
        case unexpectedEnd
        case expectedValue
        case expectedObject
        case expectedArray
        case expectedKey
        case expectedColon
        case expectedCommaOrObjectEnd
        case expectedCommaOrArrayEnd
        case expectedEnd
        case invalidLiteral
        case invalidNumber
        case invalidEscape
        case controlCharacter
        case invalidUTF8
        case byteOrderMark
        case nestedTooDeeply
    }

    public let code: Code
    /// Bytes before the fault.
    public let offset: Int

    public init(code: Code, offset: Int) {
        self.code = code
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    /// Such as `at byte 17: expected ':'`. Holds nothing of the text itself.
    public var description: String {
        "at byte \(offset): \(code.description)"
    }
}

extension JSONError.Code: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpectedEnd: "unexpected end"
        case .expectedValue: "expected a value"
        case .expectedObject: "expected an object"
        case .expectedArray: "expected an array"
        case .expectedKey: "expected a member name in quotes"
        case .expectedColon: "expected ':'"
        case .expectedCommaOrObjectEnd: "expected ',' or '}'"
        case .expectedCommaOrArrayEnd: "expected ',' or ']'"
        case .expectedEnd: "expected nothing more"
        case .invalidLiteral: "invalid literal"
        case .invalidNumber: "invalid number"
        case .invalidEscape: "invalid escape in a string"
        case .controlCharacter: "unescaped control character in a string"
        case .invalidUTF8: "invalid UTF-8"
        case .byteOrderMark: "a byte-order mark is not allowed"
        case .nestedTooDeeply: "nested too deeply"
        }
    }
}
