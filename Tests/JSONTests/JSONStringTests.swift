import JSON
import TestSupport
import Testing

@Suite struct JSONStringTests {
    @Test(arguments: [
        (#""""#, ""), (#""abc""#, "abc"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"),
        (#""\ud83d\ude00""#, "😀"), (#""a\uD834\uDD1Eb""#, "a𝄞b"), (#""\u0000""#, "\0"), (#""é\u00e9😀""#, "éé😀"),
        (#""\ud800""#, "\u{FFFD}"), (#""\udc00x""#, "\u{FFFD}x"), (#""\ud800\ud800""#, "\u{FFFD}\u{FFFD}"),
        (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud800\n""#, "\u{FFFD}\n"), (#""\ud800\u0041""#, "\u{FFFD}A"),
        (#""\ud800a""#, "\u{FFFD}a"), (#""\\u0041""#, "\\u0041"),
    ])
    func escapesAreResolved(_ json: String, _ expected: String) throws {
        let bytes = Array(json.utf8)
        let value = try JSONCursor.document(bytes.span)
        #expect(value.string(in: bytes.span) == expected)
        var output = Array("<".utf8)
        JSONString.appendUnescaped(value.text, of: bytes.span, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "<" + expected)
    }

    @Test func unvalidatedRangesNeverTrap() {
        let bytes = Array(#"\u12\ud800\u\"#.utf8)
        for start in -2...bytes.count + 2 {
            for end in start...bytes.count + 3 {
                var output: [UInt8] = []
                JSONString.appendUnescaped(start..<end, of: bytes.span, to: &output)
                #expect(output.count <= 3 * bytes.count)
            }
        }
    }

    @Test func aBodyReadInPartsIsTheSame() throws {
        var random = SeededGenerator(seed: 9)
        let bytes = Array(#""ab\n\u00e9\ud83d\ude00é😀\\xyz\ud800end""#.utf8)
        let value = try JSONCursor.document(bytes.span)
        let whole = JSONString.unescaped(value, of: bytes.span)
        for _ in 0..<200 {
            var output: [UInt8] = []
            var position = value.text.lowerBound
            while position < value.text.upperBound {
                let count = 1 + random.below(5)
                let before = output.count
                position = JSONString.appendUnescaped(
                    position..<value.text.upperBound,
                    of: bytes.span,
                    to: &output,
                    atMost: count
                )
                #expect((1...count + 3).contains(output.count - before))
            }
            #expect(String(decoding: output, as: UTF8.self) == whole)
        }
    }

    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("a\"b\\c", #"a\"b\\c"#), ("\u{8}\u{C}\n\r\t", #"\b\f\n\r\t"#),
        ("\u{0}\u{1}\u{F}\u{10}\u{1F}", #"\u0000\u0001\u000f\u0010\u001f"#),
        ("é€😀/\u{7F}\u{2028}", "é€😀/\u{7F}\u{2028}"),
        ("0123456789\n0123456789", #"0123456789\n0123456789"#),
    ])
    func onlyWhatMustBeIsEscaped(_ text: String, _ expected: String) {
        var output: [UInt8] = []
        JSONString.appendEscaped(text, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == expected)
    }

    @Test(
        arguments: [
            ([0x80], 1), ([0x61, 0xC3], 1), ([0xC0, 0x80], 2), ([0xED, 0xA0, 0x80], 3), ([0xF5], 1),
            ([0xE2, 0x82, 0x61], 2),
        ] as [([UInt8], Int)]
    )
    func invalidBytesBecomeReplacementCharacters(_ text: [UInt8], _ replaced: Int) throws {
        var output = [UInt8(ascii: "\"")]
        JSONString.appendEscaped(text.span, to: &output)
        output.append(UInt8(ascii: "\""))
        let string = try #require(try JSONCursor.document(output.span).string(in: output.span))
        #expect(string.unicodeScalars.filter { $0 == "\u{FFFD}" }.count == replaced)
    }

    @Test func everyStringComesBackFromItsEscapedForm() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2_000 {
            let text = random.string(scalars: random.below(40))
            var output = [UInt8(ascii: "\"")]
            JSONString.appendEscaped(text, to: &output)
            output.append(UInt8(ascii: "\""))
            let value = try JSONCursor.document(output.span)
            #expect(value.string(in: output.span) == text, "seed 7")
        }
    }
}

@Suite struct JSONWriterTests {
    @Test func commasGoWhereTheyBelong() throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a\"")
        writer.string("x\n")
        writer.key("b")
        writer.beginArray()
        writer.integer(-3)
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        let member = Array(#""tool_calls":[1]"#.utf8)
        writer.raw(member.span)
        writer.key("c")
        writer.string(utf8: [0x61, 0xFF].span)
        writer.endObject()
        let expected = #"{"a\"":"x\n","b":[-3,true,null,{},[]],"tool_calls":[1],"c":"a\#u{FFFD}"}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }
}
