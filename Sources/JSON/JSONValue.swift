/// A validated JSON value as a slice of the bytes it was read from.
///
/// It holds positions only; each use is given the same bytes again. With other bytes the results are meaningless,
/// but nothing traps.
public struct JSONValue: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        case object
        case array
        case string
        case number
        case `true`
        case `false`
        case null
    }

    public let kind: Kind
    /// From the value's first byte to its last; of a string with its quotes.
    public let range: Range<Int>
    /// Whether a string holds backslashes. Always false for the other kinds.
    public let hasEscapes: Bool

    @usableFromInline
    init(kind: Kind, start: Int, end: Int, hasEscapes: Bool = false) {
        self.kind = kind
        self.range = Range(uncheckedBounds: (start, end))
        self.hasEscapes = hasEscapes
    }

    /// A string without its quotes, escapes as they stand. The whole value for the other kinds.
    public var text: Range<Int> {
        guard kind == .string else { return range }
        return Range(uncheckedBounds: (range.lowerBound &+ 1, range.upperBound &- 1))
    }

    /// Whether this is a string of no characters.
    public var isEmptyString: Bool {
        kind == .string && range.count == 2
    }

    /// `true` and `false`; nil for every other kind.
    public var bool: Bool? {
        switch kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A string with its escapes resolved (see ``JSONString``); nil for every other kind.
    public func string(in bytes: Span<UInt8>) -> String? {
        guard kind == .string else { return nil }
        return JSONString.unescaped(self, of: bytes)
    }

    /// A number written without fraction and exponent that fits an `Int`; nil for everything else.
    public func integer(in bytes: Span<UInt8>) -> Int? {
        guard kind == .number, range.upperBound <= bytes.count else { return nil }
        var result = 0
        let isNegative = bytes[range.lowerBound] == .minus
        for index in (isNegative ? range.dropFirst() : range) {
            let digit = Int(bytes[index]) &- Int(UInt8.digit0)
            guard (0...9).contains(digit) else { return nil }
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = product.subtractingReportingOverflow(digit)
            guard !overflow, !overflow2 else { return nil }
            result = sum
        }
        // Counted downward, because the negative numbers reach one further.
        if isNegative { return result }
        return result == Int.min ? nil : 0 &- result
    }

    /// A number's nearest double; nil for every other kind. Not meant for hot paths.
    public func double(in bytes: Span<UInt8>) -> Double? {
        guard kind == .number, range.upperBound <= bytes.count else { return nil }
        var text = ""
        for index in range {
            text.unicodeScalars.append(Unicode.Scalar(bytes[index]))
        }
        return Double(text)
    }
}
