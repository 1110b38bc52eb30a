import JSON
import Testing

/// Cases after the families of JSONTestSuite (`y_` must be accepted, `n_` refused).
@Suite struct JSONGrammarTests {
    @Test(arguments: [
        "[]", "{}", "[[] ]", "[null, 1, \"1\", {}]", "[1\n]", " [1]", "[1] ", "[1,null,null,null,2]", "[\"\"]",
        "\"\"", "\" \"", "42", "-0.1", "null", "true", "false", "-0", "\t\r\n 1\t\r\n ",
        "[0e+1]", "[0e1]", "[ 4]", "[-0.000000000000000000000000000000001]", "[20e1]", "[-0]", "[-123]", "[-1]",
        "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123.456789]", "[1e999999]",
        "[123456789012345678901234567890]", "9223372036854775808",
        "{\"a\":\"b\",\"a\":\"c\"}", "{\"\":0}", "{\"foo\\u0000bar\": 42}", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }",
        "{\"x\":[{\"id\": \"xxx\"}], \"id\": \"xxx\"}", "{\n\"a\": \"b\"\n}", "{\"a\":[]}", "{\"a\":{}}",
        "[\"\\u0060\\u012a\\u12AB\"]", "[\"\\uD801\\udc37\"]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\\\u0000\"]",
        "[\"\\u0000\"]", "[\"\\u0012\"]", "[\"\\uFFFF\"]", "[\"a/*b*/c/*d//e\"]", "[\"\\uD83F\\uDFFE\"]",
        "[\"asd\"]", "[\"\u{7F}\"]", "[\"€𝄞\"]", "[\"\u{2028}\u{2029}\"]", "[\"\u{FFFF}\u{10FFFF}\"]", "[\"\u{FEFF}\"]",
        "[\"\\uD800\"]", "[\"\\uDd1ea\"]", "[\"\\uD800\\uD800\\n\"]", "[\"\\ud800abc\"]", "[\"\\uDFAA\"]",
    ])
    func accepted(_ text: String) throws {
        let bytes = Array(text.utf8)
        let value = try JSONCursor.document(bytes.span)
        #expect(!value.range.isEmpty)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 0), (" ", .unexpectedEnd, 1), ("[", .unexpectedEnd, 1), ("{", .unexpectedEnd, 1),
            ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3), ("{\"a\":1", .unexpectedEnd, 6),
            ("{\"a\"", .unexpectedEnd, 4), ("{\"a\":", .unexpectedEnd, 5), ("\"", .unexpectedEnd, 1),
            ("\"abc", .unexpectedEnd, 4), ("\"\\", .unexpectedEnd, 2), ("[\"a\",\n4\n,1", .unexpectedEnd, 10),
            ("[1 true]", .expectedCommaOrArrayEnd, 3), ("[\"\": 1]", .expectedCommaOrArrayEnd, 3),
            ("[1}", .expectedCommaOrArrayEnd, 2), ("{\"a\":1]", .expectedCommaOrObjectEnd, 6),
            ("[,1]", .expectedValue, 1), ("[1,,2]", .expectedValue, 3), ("[1,]", .expectedValue, 3),
            ("[,]", .expectedValue, 1),
            ("[x", .expectedValue, 1), ("['a']", .expectedValue, 1), ("<.>", .expectedValue, 0),
            ("]", .expectedValue, 0),
            ("[\u{0C}]", .expectedValue, 1), ("[\u{0B}1]", .expectedValue, 1), ("\u{A0}1", .expectedValue, 0),
            ("[+1]", .expectedValue, 1), ("[.5]", .expectedValue, 1), ("[Inf]", .expectedValue, 1),
            ("[NaN]", .expectedValue, 1), ("[1]x", .expectedEnd, 3), ("[]]", .expectedEnd, 2), ("1 2", .expectedEnd, 2),
            ("{}#", .expectedEnd, 2), ("[1]\u{0}", .expectedEnd, 3), ("{\"a\":\"b\"}/**/", .expectedEnd, 9),
            ("012", .expectedEnd, 1), ("1a", .expectedEnd, 1), ("0x42", .expectedEnd, 1), ("truex", .expectedEnd, 4),
            ("[012]", .expectedCommaOrArrayEnd, 2), ("[0x1]", .expectedCommaOrArrayEnd, 2),
            ("[1.]", .invalidNumber, 1), ("[-]", .invalidNumber, 1), ("[1e]", .invalidNumber, 1),
            ("[1e+]", .invalidNumber, 1),
            ("[0.e1]", .invalidNumber, 1), ("[-x]", .invalidNumber, 1), ("[1.0e-]", .invalidNumber, 1),
            ("-", .invalidNumber, 0),
            ("[- 1]", .invalidNumber, 1), ("[-.5]", .invalidNumber, 1), ("1e", .invalidNumber, 0),
            ("[nul]", .invalidLiteral, 1), ("[tru]", .invalidLiteral, 1), ("nulL", .invalidLiteral, 0),
            ("[True]", .expectedValue, 1), ("n", .invalidLiteral, 0), ("frlse", .invalidLiteral, 0),
            ("{1:1}", .expectedKey, 1), ("{a:1}", .expectedKey, 1), ("{'a':1}", .expectedKey, 1),
            ("{,}", .expectedKey, 1),
            ("{\"a\":1,}", .expectedKey, 7), ("{null:1}", .expectedKey, 1), ("{[:\"x\"}", .expectedKey, 1),
            ("{\"a\" 1}", .expectedColon, 5), ("{\"a\",1}", .expectedColon, 4), ("{\"a\"}", .expectedColon, 4),
            ("{\"x\"::\"b\"}", .expectedValue, 5), ("{\"a\":}", .expectedValue, 5),
            ("[\"\\x00\"]", .invalidEscape, 2), ("[\"\\u00A\"]", .invalidEscape, 2),
            ("[\"\\U0041\"]", .invalidEscape, 2),
            ("[\"\\u{41}\"]", .invalidEscape, 2), ("[\"\\\u{1F300}\"]", .invalidEscape, 2),
            ("\"\\u12", .invalidEscape, 1),
            ("[\"\\'\"]", .invalidEscape, 2),
            ("[\"a\u{0}a\"]", .controlCharacter, 3), ("[\"a\nb\"]", .controlCharacter, 3),
            ("[\"\t\"]", .controlCharacter, 2),
            ("[\"\u{1F}\"]", .controlCharacter, 2), ("\u{FEFF}{}", .byteOrderMark, 0),
        ] as [(String, JSONError.Code, Int)]
    )
    func refusedWithCauseAndPosition(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError(code: code, offset: offset)) { try JSONCursor.document(bytes.span) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xFF],
            [0xFE], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xF0, 0x9D, 0x84],
            [0xF0, 0x9D, 0x28, 0x9E],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE9],
        ] as [[UInt8]]
    )
    func invalidUTF8IsRefused(_ sequence: [UInt8]) {
        for prefix in ["", "0123456", "01234567", "é"] {
            let start = Array("\"\(prefix)".utf8)
            let bytes = start + sequence + Array("\"".utf8)
            #expect(throws: JSONError(code: .invalidUTF8, offset: start.count)) {
                try JSONCursor.document(bytes.span)
            }
        }
    }

    @Test func everyScalarIsAcceptedBareOrEscapedExactlyAsTheGrammarSays() {
        for number in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(number) else { continue }
            let bytes = [UInt8(ascii: "\"")] + Array(String(Character(scalar)).utf8) + [UInt8(ascii: "\"")]
            let isAccepted = (try? JSONCursor.document(bytes.span)) != nil
            if isAccepted != (number >= 0x20 && scalar != "\"" && scalar != "\\") {
                Issue.record("U+\(String(number, radix: 16))")
            }
        }
    }

    @Test func nestingIsBoundedExactly() throws {
        for depth in [0, 1, 2, 127, 128] {
            let fits = Array((String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)).utf8)
            _ = try JSONCursor.document(fits.span, maximumDepth: depth)
            let beyond = [UInt8(ascii: "[")] + fits + [UInt8(ascii: "]")]
            #expect(throws: JSONError(code: .nestedTooDeeply, offset: depth)) {
                try JSONCursor.document(beyond.span, maximumDepth: depth)
            }
        }
        let mixed = Array((String(repeating: #"{"a":["#, count: 64) + String(repeating: "]}", count: 64)).utf8)
        _ = try JSONCursor.document(mixed.span)
    }

    @Test(arguments: ["[", "{\"\":", "[{\"a\":"])
    func aMegabyteOfOpenBracketsIsRefusedAtTheBound(_ opening: String) {
        let bytes = Array(String(repeating: opening, count: 1_000_000 / opening.utf8.count).utf8)
        #expect(throws: JSONError.self) { try JSONCursor.document(bytes.span) }
        #expect(throws: JSONError.self) { try JSONCursor.document(bytes.span, maximumDepth: .max) }
    }

    @Test func descriptionsSayWhereAndWhat() {
        #expect(JSONError(code: .expectedColon, offset: 17).description == "at byte 17: expected ':'")
    }
}
