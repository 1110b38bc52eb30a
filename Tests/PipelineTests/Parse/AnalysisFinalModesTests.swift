import Testing

@testable import Pipeline

@Suite("The analysis-final parser's preamble")
struct AnalysisFinalPreambleTests {
    @Test(
        "is held up to its limit, then released as content with stripping after it",
        arguments: [
            ParserExample("1234<analysis>a</analysis>b<final>x</final>y", reasoning: "a", content: "x", phase: .ended),
            ParserExample(
                "12345<analysis>a</analysis>b<final>x</final>y",
                reasoning: "a",
                content: "12345bxy",
                phase: .answering
            ),
            ParserExample("1234", content: "1234", phase: .answering),
            ParserExample("123</final>4", content: "123</final>4", phase: .answering),
            ParserExample("1234</final>5</final>6", content: "1234</final>56", phase: .answering),
            ParserExample("漢字é🙂<final>x", content: "x", phase: .answering),
            ParserExample("漢字é🙂。<final>x", content: "漢字é🙂。x", phase: .answering),
            ParserExample("    <fi<final>x", content: "    <fix", phase: .answering),
        ]
    )
    func limit(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 5))
    }

    @Test("of no characters still lets a first tag count", arguments: [Int.min, -1, 0, 1])
    func noPreamble(limit: Int) {
        ParserExample("<analysis>a</analysis>b<final>x</final>y", reasoning: "a", content: "x", phase: .ended)
            .check(start: .instructed(preambleCharacters: limit))
        ParserExample("-<analysis>a</analysis>b", reasoning: "a", content: "-b", phase: .answering)
            .check(start: .instructed(preambleCharacters: limit))
    }

    @Test func isReleasedByTheCharacterThatReachesTheLimit() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 5), recoveryLimit: 100)
        var output = ParsedText()
        parser.consume("1234", into: &output)
        #expect(output.isEmpty)
        #expect(parser.heldBytes == 4)
        #expect(parser.phase == .undecided)
        parser.consume("5", into: &output)
        #expect(output.contentString == "12345")
        #expect(parser.heldBytes == 0)
        #expect(parser.phase == .answering)
    }

    @Test func isBoundedWhenTheTextIsNotUTF8() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 5), recoveryLimit: 100)
        var output = ParsedText()
        for _ in 0..<100 {
            parser.consume([0x80].span, into: &output)
            #expect(parser.heldBytes < 20)
        }
        #expect(output.content.count == 100)
    }

    @Test func letsLateReasoningComeAfterIt() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 5), recoveryLimit: 100)
        var output = ParsedText()
        parser.consume("Sure, let me think. ", into: &output)
        output.clear()
        parser.consume("<analysis>late", into: &output)
        #expect(output == ParsedText(reasoning: Array("late".utf8)))
        #expect(parser.phase == .answering)
        #expect(!parser.passesPlainText)
        output.clear()
        parser.consume("</analysis><final>x", into: &output)
        #expect(output == ParsedText(content: Array("x".utf8)))
        #expect(parser.passesPlainText)
    }
}

@Suite("The analysis-final parser's phase")
struct AnalysisFinalPhaseTests {
    @Test func followsTheBlocks() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 200), recoveryLimit: 100)
        var output = ParsedText()
        let steps: [(String, ReasoningPhase)] = [
            ("Hm", .undecided), ("<analysis", .undecided), (">", .reasoning), ("a<final>b", .reasoning),
            ("</analysis>", .reasoning), (" so ", .reasoning), ("<final", .reasoning), (">", .answering),
            ("x", .answering), ("</final", .answering), (">", .ended), ("y", .ended),
        ]
        for (text, phase) in steps {
            parser.consume(text, into: &output)
            #expect(parser.phase == phase, "after \(text)")
        }
        #expect(output.reasoningString == "a<final>b")
        #expect(output.contentString == "x")
    }

    @Test func releasesTheAnswerAsItComes() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 200), recoveryLimit: 100)
        var output = ParsedText()
        parser.consume("<analysis>a", into: &output)
        #expect(output == ParsedText(reasoning: Array("a".utf8)))
        parser.consume("</analysis><final>x", into: &output)
        #expect(output == ParsedText(reasoning: Array("a".utf8), content: Array("x".utf8)))
        parser.consume("</", into: &output)
        #expect(output.contentString == "x")
        parser.consume("b>", into: &output)
        #expect(output.contentString == "x</b>")
    }

    @Test(
        "passes plain text on only where it is the answer",
        arguments: [
            (AnalysisFinalParser.Start.instructed(preambleCharacters: 5), "", false, false),
            (.instructed(preambleCharacters: 5), "12345", true, false),
            (.instructed(preambleCharacters: 5), "12345<", false, false),
            (.instructed(preambleCharacters: 5), "<analysis>", false, false),
            (.instructed(preambleCharacters: 5), "<analysis></analysis>", false, false),
            (.instructed(preambleCharacters: 5), "<final>", true, false),
            (.instructed(preambleCharacters: 5), "<final></fin", false, false),
            (.instructed(preambleCharacters: 5), "<final></final>", false, false),
            (.uninstructed, " ", false, false),
            (.uninstructed, "x", true, true),
            (.uninstructed, "x<final", true, true),
            (.afterFields, "", false, false),
            (.afterFields, "x", true, false),
            (.afterFields, "x<analysis>", false, false),
        ]
    )
    func passing(start: AnalysisFinalParser.Start, text: String, plain: Bool, everything: Bool) {
        var parser = AnalysisFinalParser(start: start, recoveryLimit: 100)
        var output = ParsedText()
        parser.consume(text, into: &output)
        #expect(parser.passesPlainText == plain)
        #expect(parser.passesEverything == everything)
    }
}

@Suite("A reasoning field of the upstream")
struct AnalysisFinalFieldSeenTests {
    /// Text before the field, text after it, and what comes of the two.
    struct Example: Sendable, CustomTestStringConvertible {
        var before: String
        var after: String
        var reasoning: String
        var content: String
        var start = AnalysisFinalParser.Start.instructed(preambleCharacters: 200)

        var testDescription: String { "\(before.debugDescription) | \(after.debugDescription)" }
    }

    @Test(
        "puts the parser into stripping",
        arguments: [
            Example(before: "", after: "<final>x</final>y", reasoning: "", content: "xy"),
            Example(before: "Hello</final> ", after: "x<final>", reasoning: "", content: "Hello x"),
            Example(before: "Hello <fi", after: "nal>x", reasoning: "", content: "Hello x"),
            Example(before: "Hello <fi", after: "b", reasoning: "", content: "Hello <fib"),
            Example(before: " <ana", after: "lysis>a</analysis>x", reasoning: "a", content: " x", start: .uninstructed),
            Example(before: "a<final>", after: "b<final>", reasoning: "", content: "a<final>b", start: .uninstructed),
            Example(before: "<analysis>a", after: "b</analysis>x</final>y", reasoning: "ab", content: "xy"),
            Example(before: "<analysis>a<final>b", after: "</analysis>x", reasoning: "a<final>b", content: "x"),
            Example(before: "<analysis>a", after: "b<final>x", reasoning: "ab", content: "x"),
            Example(before: "<analysis>a</analysis>b", after: "c<final>x", reasoning: "a", content: "bcx"),
            Example(before: "<final>x</fin", after: "al>y", reasoning: "", content: "xy"),
            Example(before: "<final>x</final>y", after: "z", reasoning: "", content: "x"),
        ]
    )
    func stripping(_ example: Example) {
        var parser = AnalysisFinalParser(start: example.start, recoveryLimit: 100)
        var output = ParsedText()
        parser.consume(example.before, into: &output)
        parser.upstreamReasoningFieldSeen(into: &output)
        parser.upstreamReasoningFieldSeen(into: &output)
        parser.consume(example.after, into: &output)
        parser.finish(.complete, into: &output)
        #expect(output.reasoningString == example.reasoning)
        #expect(output.contentString == example.content)
    }

    @Test func releasesAHeldPreambleAtOnce() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 200), recoveryLimit: 100)
        var output = ParsedText()
        parser.consume("Hello", into: &output)
        #expect(output.isEmpty)
        parser.upstreamReasoningFieldSeen(into: &output)
        #expect(output.contentString == "Hello")
        #expect(parser.phase == .answering)
    }
}
