import JSON
import Testing

@Suite struct JSONCursorTests {
    private static let document = Array(
        #" { "a" : [ 1 , {"b":[]} , "x\n" ] ,"c":{}, "d":-12.5e3 ,"e":null,"f":true,"g":false,"h":"" } "#.utf8
    )

    @Test func walkedAndSkippedMembersAreTheSameSlices() throws {
        let bytes = JSONCursorTests.document
        var members: [String] = []
        var cursor = JSONCursor()
        try cursor.enterObject(bytes.span)
        while let key = try cursor.nextKey(bytes.span) {
            let kind = try cursor.peekKind(bytes.span)
            let value = try cursor.value(bytes.span)
            #expect(kind == value.kind)
            members.append(String(decoding: bytes[key.range.lowerBound..<value.range.upperBound], as: UTF8.self))
        }
        try cursor.end(bytes.span)
        #expect(
            members == [
                #""a" : [ 1 , {"b":[]} , "x\n" ]"#, #""c":{}"#, #""d":-12.5e3"#, #""e":null"#, #""f":true"#,
                #""g":false"#, #""h":"""#,
            ]
        )
    }

    @Test func nestedValuesAreReadInTheSamePass() throws {
        let bytes = JSONCursorTests.document
        var cursor = JSONCursor()
        try cursor.enterObject(bytes.span)
        let key = try #require(try cursor.nextKey(bytes.span))
        #expect(key.name(in: bytes.span) == JSONName("a"))
        try cursor.enterArray(bytes.span)
        #expect(try cursor.nextElement(bytes.span))
        #expect(try cursor.value(bytes.span).integer(in: bytes.span) == 1)
        #expect(try cursor.nextElement(bytes.span))
        try cursor.enterObject(bytes.span)
        #expect(try cursor.nextKey(bytes.span) != nil)
        try cursor.enterArray(bytes.span)
        #expect(cursor.depth == 4)
        #expect(try cursor.nextElement(bytes.span) == false)
        #expect(try cursor.nextKey(bytes.span) == nil)
        #expect(try cursor.nextElement(bytes.span))
        let string = try cursor.value(bytes.span)
        #expect(string.hasEscapes)
        #expect(string.string(in: bytes.span) == "x\n")
        #expect(try cursor.nextElement(bytes.span) == false)
        #expect(cursor.depth == 1)
        #expect(try cursor.nextKey(bytes.span)?.string(in: bytes.span) == "c")
    }

    @Test(
        arguments: [
            ("[1,]", .expectedValue, 3), ("[1 2]", .expectedCommaOrArrayEnd, 3), ("[,1]", .expectedValue, 1),
            ("[1", .unexpectedEnd, 2), ("{}", .expectedArray, 0), ("[1}", .expectedCommaOrArrayEnd, 2),
        ] as [(String, JSONError.Code, Int)]
    )
    func walkedArraysAreValidated(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError(code: code, offset: offset)) {
            var cursor = JSONCursor()
            try cursor.enterArray(bytes.span)
            while try cursor.nextElement(bytes.span) { _ = try cursor.value(bytes.span) }
            try cursor.end(bytes.span)
        }
    }

    @Test(
        arguments: [
            ("{\"a\":1,}", .expectedKey, 7), ("{\"a\":1 \"b\":2}", .expectedCommaOrObjectEnd, 7),
            ("{,}", .expectedKey, 1),
            ("{\"a\" 1}", .expectedColon, 5), ("{\"a\":}", .expectedValue, 5), ("{\"a\":1", .unexpectedEnd, 6),
            ("[]", .expectedObject, 0), ("{}{}", .expectedEnd, 2), ("{\"a\":1]", .expectedCommaOrObjectEnd, 6),
        ] as [(String, JSONError.Code, Int)]
    )
    func walkedObjectsAreValidated(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONError(code: code, offset: offset)) {
            var cursor = JSONCursor()
            try cursor.enterObject(bytes.span)
            while try cursor.nextKey(bytes.span) != nil { _ = try cursor.value(bytes.span) }
            try cursor.end(bytes.span)
        }
    }

    @Test func theDepthCountsEnteredAndSkippedBracketsTogether() throws {
        let bytes = Array("[[[1]]]".utf8)
        for (bound, fits) in [(3, true), (2, false)] {
            var cursor = JSONCursor(maximumDepth: bound)
            try cursor.enterArray(bytes.span)
            #expect(try cursor.nextElement(bytes.span))
            #expect(((try? cursor.value(bytes.span)) != nil) == fits)
        }
    }

    @Test func positionsOutsideTheBytesGiveAnError() {
        let bytes = Array("1".utf8)
        for position in [1, 2, Int.max] {
            var cursor = JSONCursor(at: position)
            #expect(throws: JSONError.self) { try cursor.value(bytes.span) }
        }
        var negative = JSONCursor(at: -5)
        #expect((try? negative.value(bytes.span))?.range == 0..<1)
    }

    @Test(arguments: [
        #""model""#, #""mod\u0065l""#, #""\u006d\u006F\u0064\u0065\u006C""#,
    ])
    func namesAreEqualHoweverTheyAreWritten(_ text: String) throws {
        for padding in ["", "                              "] {
            let bytes = Array((text + padding).utf8)
            let value = try JSONCursor.document(bytes.span)
            #expect(value.name(in: bytes.span) == JSONName("model"))
            #expect(value.name(in: bytes.span) != JSONName("modem"))
        }
    }

    @Test func namesDifferInEveryByteAndInLength() throws {
        let alphabet = "abcdefghijklmnopqrstuvwx"
        let full = JSONName("abcdefghijklmnopqrstuvwx")
        for count in 0...25 {
            let text = String((alphabet + "y").prefix(count))
            let bytes = Array("\"\(text)\"".utf8)
            let name = try JSONCursor.document(bytes.span).name(in: bytes.span)
            #expect((name == full) == (count == 24))
        }
        for position in 0..<24 {
            var bytes = Array("\"\(alphabet)\"".utf8)
            bytes[position + 1] = UInt8(ascii: "A")
            #expect(try JSONCursor.document(bytes.span).name(in: bytes.span) != full)
        }
        let withZero = Array(#""a\u0000""#.utf8)
        #expect(try JSONCursor.document(withZero.span).name(in: withZero.span) != JSONName("a"))
        let number = Array("1".utf8)
        #expect(try JSONCursor.document(number.span).name(in: number.span) != JSONName("1"))
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("17", 17), ("-17", -17), ("9223372036854775807", Int.max),
            ("-9223372036854775808", Int.min), ("9223372036854775808", nil), ("-9223372036854775809", nil),
            ("99999999999999999999999", nil), ("1.0", nil), ("1e2", nil), ("\"1\"", nil), ("null", nil),
        ] as [(String, Int?)]
    )
    func integersAreExactOrNothing(_ text: String, _ expected: Int?) throws {
        let bytes = Array(text.utf8)
        #expect(try JSONCursor.document(bytes.span).integer(in: bytes.span) == expected)
    }

    @Test func doublesAreRead() throws {
        let bytes = Array("-12.5e1".utf8)
        #expect(try JSONCursor.document(bytes.span).double(in: bytes.span) == -125)
    }
}
