/// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
    /// Bytes of the well-formed sequence at `start`, 1 to 4; 0 where there is none.
    @inline(__always)
    static func length(_ bytes: Span<UInt8>, at start: Int) -> Int {
        guard start < bytes.count else { return 0 }
        let lead = bytes[start]
        // The second byte's range tells overlong forms, surrogates and the upper bound apart (RFC 3629, section 4).
        let length: Int
        let second: ClosedRange<UInt8>
        switch lead {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard bytes.count &- start >= length, second.contains(bytes[start &+ 1]) else { return 0 }
        if length > 2, bytes[start &+ 2] & 0xC0 != 0x80 { return 0 }
        if length > 3, bytes[start &+ 3] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// Appends a scalar's UTF-8; a surrogate becomes U+FFFD.
    static func append(_ scalar: UInt32, to output: inout [UInt8]) {
        let scalar = Unicode.Scalar(scalar) ?? "\u{FFFD}"
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
