import Testing

@testable import Pipeline

@Suite("The reasoning transcript")
struct ReasoningTranscriptTests {
    private func transcript(_ pieces: [[UInt8]], limit: Int) -> ReasoningTranscript {
        var transcript = ReasoningTranscript(maximumCharacters: limit)
        for piece in pieces { transcript.append(piece.span) }
        return transcript
    }

    @Test(
        "keeps the first characters, to the last whole grapheme",
        arguments: [
            ("Hello", 10, "Hello"),
            ("Hello", 5, "Hello"),
            ("Hello", 4, "Hell"),
            ("Hello", 0, ""),
            ("Hello", -1, ""),
            ("", 5, ""),
            ("漢字かな", 3, "漢字か"),
            ("🙂🙃", 1, "🙂"),
            ("ae\u{301}b", 2, "a"),
            ("ae\u{301}b", 3, "ae\u{301}"),
            ("a👩‍👩‍👧b", 5, "a"),
            ("a👩‍👩‍👧b", 6, "a👩‍👩‍👧"),
            ("🇩🇪🇫🇷", 3, "🇩🇪"),
            ("\r\n\r\n", 3, "\r\n"),
            ("👩‍👩‍👧", 3, "👩\u{200D}👩"),
        ]
    )
    func limit(text: String, limit: Int, kept: String) {
        for division in Rechunking.divisions(of: [text]) {
            let transcript = transcript(division.chunks, limit: limit)
            #expect(Array(transcript.text.unicodeScalars) == Array(kept.unicodeScalars), "\(division.name)")
            #expect(transcript.characters == text.unicodeScalars.count, "\(division.name)")
            #expect(transcript.bytes == text.utf8.count, "\(division.name)")
            #expect(transcript.isCut == (text.unicodeScalars.count > max(0, limit)), "\(division.name)")
            #expect(transcript.isEmpty == text.isEmpty)
        }
    }

    @Test(
        "repairs what is no UTF-8 and leaves an unfinished end out",
        arguments: [
            ([0x61, 0xFF, 0x62], "a\u{FFFD}b"),
            ([0x61, 0x80], "a\u{FFFD}"),
            ([0x61, 0xE6], "a"),
            ([0x61, 0xE6, 0xBC], "a"),
            ([0x61, 0xF0, 0x9F, 0x99], "a"),
            ([0xE6, 0xBC, 0xA2], "漢"),
            ([0x80, 0x80, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
        ] as [([UInt8], String)]
    )
    func repair(bytes: [UInt8], text: String) {
        #expect(transcript([bytes], limit: 100).text == text)
        #expect(transcript(bytes.map { [$0] }, limit: 100).text == text)
    }

    @Test func isBoundedWhateverTheBytes() {
        for byte in [0x61, 0x80, 0xE6, 0xFF] as [UInt8] {
            let transcript = transcript(Array(repeating: Array(repeating: byte, count: 1_000), count: 50), limit: 10)
            #expect(transcript.bytes == 50_000)
            #expect(transcript.text.unicodeScalars.count <= 10)
            #expect(transcript.keptBytes <= 44)
        }
    }

    @Test func takesAnyLimit() {
        #expect(transcript([Array("abc".utf8)], limit: .max).text == "abc")
        #expect(transcript([Array("abc".utf8)], limit: .min).text == "")
    }
}
