internal import JSON

/// Text as it stands inside a JSON string.
enum EscapedText {
    /// Unicode scalars in escaped text; a surrogate pair's two escapes count as one.
    static func characters(_ text: Span<UInt8>) -> Int {
        var count = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index &+ 1 < text.count {
                let isUnicode = text[index &+ 1] == UInt8(ascii: "u")
                // \uDC00 to \uDFFF is the second half of a pair.
                let isSecondHalf =
                    isUnicode && index &+ 3 < text.count && text[index &+ 2] | 0x20 == UInt8(ascii: "d")
                    && (text[index &+ 3] | 0x20 >= UInt8(ascii: "c"))
                if !isSecondHalf { count &+= 1 }
                index &+= isUnicode ? 6 : 2
            } else {
                if byte.beginsScalar { count &+= 1 }
                index &+= 1
            }
        }
        return count
    }

    /// Whether there is nothing but white space, also as `\n`, `\r` and `\t`.
    static func isBlank(_ text: Span<UInt8>) -> Bool {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\\"), index &+ 1 < text.count {
                let escaped = text[index &+ 1]
                guard escaped == UInt8(ascii: "n") || escaped == UInt8(ascii: "r") || escaped == UInt8(ascii: "t")
                else { return false }
                index &+= 2
            } else {
                guard byte.isMarkupWhiteSpace else { return false }
                index &+= 1
            }
        }
        return true
    }

    /// Unicode scalars in UTF-8.
    static func scalars(_ text: Span<UInt8>) -> Int {
        var count = 0
        for index in text.indices where text[index].beginsScalar { count &+= 1 }
        return count
    }

    static func string(_ text: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        JSONString.appendUnescaped(0..<text.count, of: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
