import Glibc
import TestSupport
import Testing

@testable import Pipeline

/// The full rules applied to a whole text at once, by searching strings: slow, and plain enough to be read against the
/// contract.
private enum WholeTextRules {
    static func parse(_ text: String) -> (reasoning: String, content: String) {
        var rest = Substring(text)
        var reasoning = ""
        var seenTag = false
        while true {
            let analysis = split(rest, at: "<analysis>")
            let final = split(rest, at: "<final>")
            switch (analysis, final) {
            case (nil, nil): return seenTag ? (reasoning + rest, "") : ("", text)
            case (let analysis?, let final) where final.map({ analysis.before.count < $0.before.count }) ?? true:
                seenTag = true
                if let block = split(analysis.after, at: "</analysis>") {
                    reasoning += block.before
                    rest = block.after
                } else if let last = splitAtLast(analysis.after, "<final>") {
                    return (reasoning + last.before, String(split(last.after, at: "</final>")?.before ?? last.after))
                } else {
                    return (reasoning + analysis.after, "")
                }
            case (_, let final):
                let body = final?.after ?? ""
                return (reasoning, String(split(body, at: "</final>")?.before ?? body))
            }
        }
    }

    private typealias Parts = (before: Substring, after: Substring)

    private static func split(_ text: Substring, at tag: String) -> Parts? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(tag) { return (text[..<start], text[start...].dropFirst(tag.count)) }
            start = text.index(after: start)
        }
        return nil
    }

    private static func splitAtLast(_ text: Substring, _ tag: String) -> Parts? {
        var last: Parts?
        var rest = text
        while let found = split(rest, at: tag) {
            last = (text[..<found.before.endIndex], found.after)
            rest = found.after
        }
        return last
    }
}

@Suite("Whatever the text, the analysis-final parser")
struct AnalysisFinalPropertyTests {
    private static let fragments = [
        "<analysis>", "</analysis>", "<final>", "</final>", "<ana", "lysis>", "</", "<", "<<", ">", "final>", "<fin",
        "al>", "/final>", " ", "\n", "a", "bc", "The answer. ", "漢", "🙂",
    ]

    private static let starts: [AnalysisFinalParser.Start] = [
        .instructed(preambleCharacters: 0), .instructed(preambleCharacters: 12),
        .instructed(preambleCharacters: 10_000),
        .uninstructed, .afterFields,
    ]

    private static func text(_ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: 0...14, using: &generator)).map { _ in fragments.randomElement(using: &generator) ?? "" }
            .joined()
    }

    @Test("agrees with the rules applied to the whole text at once", arguments: [11, 12, 13] as [UInt64])
    func wholeTextRules(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<1_000 {
            let text = Self.text(&generator)
            let expected = WholeTextRules.parse(text)
            let parsed = AnalysisFinalParser.parse(
                [Array(text.utf8)],
                start: .instructed(preambleCharacters: 10_000)
            )
            #expect(parsed.reasoning == expected.reasoning, "seed \(seed), round \(round): \(text.debugDescription)")
            #expect(parsed.content == expected.content, "seed \(seed), round \(round): \(text.debugDescription)")
        }
    }

    @Test("gives the same for any division, and never more than it was given", arguments: [21, 22, 23] as [UInt64])
    func anyDivision(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<800 {
            let text = Self.text(&generator)
            let bytes = text.utf8.map { [$0] }
            let limit = [0, 7, 12, 1_000].randomElement(using: &generator) ?? 0
            let end: StreamEnd = Bool.random(using: &generator) ? .complete : .truncated
            for start in Self.starts {
                let whole = AnalysisFinalParser.parse([Array(text.utf8)], start: start, recoveryLimit: limit, end: end)
                let chunks = Rechunking.random(bytes, seed: generator.next())
                let divided = AnalysisFinalParser.parse(chunks, start: start, recoveryLimit: limit, end: end)
                let place = "seed \(seed), round \(round), \(start), limit \(limit), \(end): \(text.debugDescription)"
                #expect(divided == whole, "\(place)")
                #expect(whole.reasoning.utf8.count + whole.content.utf8.count <= text.utf8.count, "\(place)")
            }
        }
    }

    @Test("passes text without '<' on whole whenever it says so", arguments: [31, 32, 33] as [UInt64])
    func passesPlainText(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var timesTrue = 0
        for round in 0..<2_000 {
            for start in Self.starts {
                var parser = AnalysisFinalParser(start: start, recoveryLimit: 12)
                var output = ParsedText()
                parser.consume(Self.text(&generator), into: &output)
                if Int.random(in: 0..<4, using: &generator) == 0 { parser.upstreamReasoningFieldSeen(into: &output) }
                let place = "seed \(seed), round \(round), \(start)"
                if parser.passesEverything { #expect(parser.passesPlainText, "\(place)") }
                guard parser.passesPlainText else { continue }
                timesTrue += 1
                let before = parser.phase
                let piece = parser.passesEverything ? Self.text(&generator) : " plain > text/final>漢"
                output.clear()
                parser.consume(piece, into: &output)
                #expect(output == ParsedText(content: Array(piece.utf8)), "\(place)")
                #expect(parser.phase == before && parser.passesPlainText && parser.heldBytes == 0, "\(place)")
            }
        }
        #expect(timesTrue > 1_000)
    }

    @Test("holds no more than its limits and a part of a tag", arguments: [41, 42] as [UInt64])
    func bounded(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            for start in [AnalysisFinalParser.Start.instructed(preambleCharacters: 12), .uninstructed, .afterFields] {
                var parser = AnalysisFinalParser(start: start, recoveryLimit: 50)
                var output = ParsedText()
                for _ in 0..<10 {
                    parser.consume(Self.text(&generator), into: &output)
                    #expect(parser.heldBytes <= 50 + 10)
                    if parser.phase == .answering { #expect(parser.heldBytes <= 10) }
                }
            }
        }
    }

    @Test("survives bytes that are no text", arguments: [51, 52] as [UInt64])
    func arbitraryBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let length = Int.random(in: 0..<60, using: &generator)
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for start in Self.starts {
                var parser = AnalysisFinalParser(start: start, recoveryLimit: 12)
                var output = ParsedText()
                parser.consume(bytes.span, into: &output)
                parser.finish(.complete, into: &output)
                #expect(output.content == bytes || start == .afterFields || bytes.contains(UInt8(ascii: "<")))
                #expect(output.content.count + output.reasoning.count <= bytes.count)
            }
        }
    }
}

@Suite("The analysis-final parser's work")
struct AnalysisFinalLinearityTests {
    private static func processorTime(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        body()
        return now() - start
    }

    @Test(
        "is linear in the text, however small the pieces",
        arguments: [
            ("<final>", "plain text "), ("<analysis>", "<final>"), ("<analysis><final>", "</final"),
            ("<analysis></analysis>", "<analysi"), ("", "<<<<<<<<"), ("", " "), ("", "</analysis><analysis>"),
        ]
    )
    func linear(opening: String, filler: String) {
        // A quadratic parser takes hundreds of times as long in single bytes; calls alone cost some ten times.
        let text = Array((opening + String(repeating: filler, count: (1 << 18) / filler.utf8.count)).utf8)
        func time(chunk size: Int) -> Double {
            var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 1 << 21), recoveryLimit: 1 << 21)
            var output = ParsedText()
            return Self.processorTime {
                var position = 0
                while position < text.count {
                    let end = min(position + size, text.count)
                    parser.consume(text.span.extracting(position..<end), into: &output)
                    position = end
                }
            }
        }
        #expect(time(chunk: 1) < 0.05 + 100 * time(chunk: 1_024))
    }
}
