/// A member name, or another short string, of at most 24 bytes, packed so that two are compared in a few instructions.
///
/// Escapes are resolved: `"mod\u0065l"` is `model`.
public struct JSONName: Equatable, Sendable {
    /// Longest name that can be held, in bytes of UTF-8.
    public static let maximumCount = 24

    let count: Int
    let first: UInt64
    let second: UInt64
    let third: UInt64

    /// Every string that is too long to be held. Equal to no name made from a literal.
    static let long = JSONName(count: -1, first: 0, second: 0, third: 0)

    init(count: Int, first: UInt64, second: UInt64, third: UInt64) {
        self.count = count
        self.first = first
        self.second = second
        self.third = third
    }

    /// Packs a name known in the source. It must not be longer than ``maximumCount``.
    public init(_ name: StaticString) {
        let text = name.description
        precondition(text.utf8.count <= JSONName.maximumCount, "name too long to be compared")
        self.init(packing: text.utf8.span)
    }

    init(packing bytes: Span<UInt8>) {
        self.init(packing: 0..<bytes.count, of: bytes)
    }

    /// Packs the bytes at `range`, which must lie in `bytes`, as they stand.
    init(packing range: Range<Int>, of bytes: Span<UInt8>) {
        let start = range.lowerBound
        let count = range.count
        guard count <= JSONName.maximumCount else {
            self = .long
            return
        }
        self.init(
            count: count,
            first: JSONName.word(bytes, at: start, count: count),
            second: count > 8 ? JSONName.word(bytes, at: start &+ 8, count: count &- 8) : 0,
            third: count > 16 ? JSONName.word(bytes, at: start &+ 16, count: count &- 16) : 0
        )
    }

    /// The next `count` bytes, at most eight, little-endian with zeros above.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
        if start &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            return count >= 8 ? word : word & ((1 &<< (UInt64(truncatingIfNeeded: count) &* 8)) &- 1)
        }
        var word: UInt64 = 0
        for offset in 0..<min(count, 8) {
            word |= UInt64(bytes[start &+ offset]) &<< (UInt64(truncatingIfNeeded: offset) &* 8)
        }
        return word
    }
}

extension JSONValue {
    /// A string, packed for comparison; every other kind gives a name that equals none made from a literal.
    public func name(in bytes: Span<UInt8>) -> JSONName {
        guard kind == .string, range.lowerBound >= 0, range.upperBound <= bytes.count else { return .long }
        guard hasEscapes else { return JSONName(packing: text, of: bytes) }
        // An escape takes at most six bytes for one, so a longer text cannot shrink to a name.
        guard text.count <= JSONName.maximumCount &* 6 else { return .long }
        var unescaped: [UInt8] = []
        JSONString.appendUnescaped(text, of: bytes, to: &unescaped)
        return JSONName(packing: unescaped.span)
    }
}
