import Testing

@testable import Pipeline

@Suite("The analysis-final parser")
struct AnalysisFinalParserTests {
    @Test(
        "recovers the answer of an analysis that was never closed",
        arguments: [
            ParserExample("<analysis>a<final>x", reasoning: "a", content: "x", phase: .answering, recovered: true),
            ParserExample(
                "<analysis>a<final>x</final>y",
                reasoning: "a",
                content: "x",
                phase: .answering,
                recovered: true
            ),
            ParserExample(
                "<analysis>a<final>x<final>y",
                reasoning: "a<final>x",
                content: "y",
                phase: .answering,
                recovered: true
            ),
            ParserExample(
                "<analysis>a<final>x</final>b<final>y</final>z",
                reasoning: "a<final>x</final>b",
                content: "y",
                phase: .answering,
                recovered: true
            ),
            ParserExample(
                "<analysis>a<final>x</fin",
                reasoning: "a",
                content: "x</fin",
                phase: .answering,
                recovered: true
            ),
            ParserExample(
                "<analysis>a<final>x<analysis>y",
                reasoning: "a",
                content: "x<analysis>y",
                phase: .answering,
                recovered: true
            ),
            ParserExample("<analysis>a<final>", reasoning: "a", phase: .answering),
            ParserExample(
                "<analysis>a</analysis> <analysis>b<final>x",
                reasoning: "ab",
                content: "x",
                phase: .answering,
                recovered: true
            ),
        ]
    )
    func recovery(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 200))
        example.check(start: .uninstructed)
    }

    @Test(
        "takes a tag that an analysis merely mentions for text",
        arguments: [
            ParserExample(
                "<analysis>use <final> and </final> then</analysis><final>x</final>",
                reasoning: "use <final> and </final> then",
                content: "x",
                phase: .ended
            ),
            ParserExample("<analysis>a</final>b", reasoning: "a</final>b", phase: .reasoning),
            ParserExample(
                "<analysis>a</analysis>b</final>c</analysis>d",
                reasoning: "ab</final>c</analysis>d",
                phase: .reasoning
            ),
            ParserExample(
                "<final>a<analysis>b</analysis><final>c",
                content: "a<analysis>b</analysis><final>c",
                phase: .answering
            ),
        ]
    )
    func mentions(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 200))
    }

    @Test(
        "gives recovery up when more than the limit follows the tag",
        arguments: [
            ParserExample("<analysis>a<final>123", reasoning: "a", content: "123", phase: .answering, recovered: true),
            ParserExample("<analysis>a<final>1234", reasoning: "a<final>1234", phase: .reasoning, abandoned: true),
            ParserExample(
                "<analysis>a<final>1234<final>x",
                reasoning: "a<final>1234<final>x",
                phase: .reasoning,
                abandoned: true
            ),
            ParserExample(
                "<analysis>a<final>12<final>34<final>56",
                reasoning: "a<final>12<final>34",
                content: "56",
                phase: .answering,
                recovered: true
            ),
            ParserExample(
                "<analysis>a<final>1234</analysis><analysis>b<final>x",
                reasoning: "a<final>1234b",
                content: "x",
                phase: .answering,
                recovered: true,
                abandoned: true
            ),
            ParserExample(
                "<analysis>a<final>1</final>2",
                reasoning: "a<final>1</final>2",
                phase: .reasoning,
                abandoned: true
            ),
        ]
    )
    func recoveryLimit(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 200), recoveryLimit: 10)
    }

    @Test(
        "makes the text after an analysis reasoning when more than the limit follows it",
        arguments: [
            ParserExample("<analysis>a</analysis>1234567890<final>x", reasoning: "a", content: "x", phase: .answering),
            ParserExample(
                "<analysis>a</analysis>12345678901<final>x</final>y",
                reasoning: "a12345678901",
                content: "x",
                phase: .ended
            ),
            ParserExample(
                "<analysis>a</analysis>12345678901<analysis>b</analysis>c<final>x",
                reasoning: "a12345678901b",
                content: "x",
                phase: .answering
            ),
        ]
    )
    func gapLimit(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 200), recoveryLimit: 10)
    }

    @Test(
        "holds nothing for recovery when the limit is too small for a tag",
        arguments: [Int.min, -1, 0, 6]
    )
    func noRecovery(limit: Int) {
        ParserExample("<analysis>a<final>x", reasoning: "a<final>x", phase: .reasoning, abandoned: true)
            .check(start: .instructed(preambleCharacters: 200), recoveryLimit: limit)
    }

    @Test(
        "goes by the first tag when the start was not instructed",
        arguments: [
            ParserExample(
                " \t\r\n<analysis>a</analysis> <final>x</final>",
                reasoning: "a",
                content: "x",
                phase: .ended
            ),
            ParserExample("\n<final>x", content: "x", phase: .answering),
            ParserExample("x<analysis>a</analysis>", content: "x<analysis>a</analysis>", phase: .answering),
            ParserExample("\u{A0}<final>x", content: "\u{A0}<final>x", phase: .answering),
            ParserExample(" <<final>x</final>", content: " <<final>x</final>", phase: .answering),
            ParserExample("<analysi</analysis>", content: "<analysi</analysis>", phase: .answering),
            ParserExample("</final>x", content: "</final>x", phase: .answering),
            ParserExample("  <fin", content: "  <fin", phase: .answering),
            ParserExample(" \n", content: " \n", phase: .answering),
            ParserExample("", phase: .undecided),
        ]
    )
    func uninstructed(_ example: ParserExample) {
        example.check(start: .uninstructed)
    }

    @Test("bounds the white space held at an uninstructed start")
    func leadingSpaceLimit() {
        ParserExample("     <final>x", content: "x", phase: .answering).check(start: .uninstructed, recoveryLimit: 5)
        ParserExample("      <final>x", content: "      <final>x", phase: .answering)
            .check(start: .uninstructed, recoveryLimit: 5)
    }

    @Test(
        "strips the tags from content beside reasoning fields",
        arguments: [
            ParserExample("<final>x</final>", content: "x", phase: .answering),
            ParserExample("<analysis>b</analysis><final>x</final>", reasoning: "b", content: "x", phase: .answering),
            ParserExample("<analysis>b</analysis>x", reasoning: "b", content: "x", phase: .answering),
            ParserExample(
                "x</final>y<analysis>b<final>c</analysis>z",
                reasoning: "bc",
                content: "xyz",
                phase: .answering
            ),
            ParserExample("</analysis>x<analysis>b", reasoning: "b", content: "x", phase: .answering),
            ParserExample("x<fin<final>al>", content: "x<final>", phase: .answering),
            ParserExample("x <b> </analysi", content: "x <b> </analysi", phase: .answering),
            ParserExample("<analysis>b<fi", reasoning: "b<fi", phase: .reasoning),
            ParserExample("<analysis>b<final>c", reasoning: "bc", phase: .reasoning),
            ParserExample("<final>", phase: .answering),
            ParserExample("</final>", phase: .undecided),
        ]
    )
    func afterFields(_ example: ParserExample) {
        example.check(start: .afterFields)
    }

    @Test(
        "drops a partial tag of a truncated stream only while nothing is decided",
        arguments: [
            ParserExample("Hello <ana", content: "Hello ", phase: .answering),
            ParserExample("<", phase: .undecided),
            ParserExample("<analysis>a</ana", reasoning: "a</ana", phase: .reasoning),
            ParserExample("<analysis>a</analysis>b<fi", reasoning: "ab<fi", phase: .reasoning),
            ParserExample("<final>x</fi", content: "x</fi", phase: .answering),
            ParserExample(
                "<analysis>a<final>x</fi",
                reasoning: "a",
                content: "x</fi",
                phase: .answering,
                recovered: true
            ),
        ]
    )
    func truncated(_ example: ParserExample) {
        example.check(start: .instructed(preambleCharacters: 200), end: .truncated)
    }

    @Test func finishingTwiceGivesNothingMore() {
        var parser = AnalysisFinalParser(start: .instructed(preambleCharacters: 200), recoveryLimit: 100)
        var output = ParsedText()
        parser.consume("Hello", into: &output)
        parser.finish(.complete, into: &output)
        parser.finish(.complete, into: &output)
        parser.consume(" again", into: &output)
        #expect(output.contentString == "Hello")
        #expect(parser.heldBytes == 0)
    }
}
