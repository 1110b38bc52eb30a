import Testing

@testable import Pipeline

@Suite("The analysis-final cases of the conformance corpus")
struct AnalysisFinalCorpusTests {
    static let wholePreamble = AnalysisFinalParser.Start.instructed(preambleCharacters: 1 << 20)

    @Test func theCorpusIsThere() throws {
        #expect(try ReasoningCorpus.cases(format: "analysis-final").count == 48)
    }

    @Test("hold for every division of the text", arguments: try ReasoningCorpus.cases(format: "analysis-final"))
    func everyDivision(_ example: ReasoningCase) {
        for division in Rechunking.divisions(of: example.chunks) {
            let parsed = AnalysisFinalParser.parse(division.chunks, start: Self.wholePreamble)
            #expect(parsed.reasoning == example.expectedReasoning, "\(example.id), \(division.name)")
            #expect(parsed.content == example.expectedContent, "\(example.id), \(division.name)")
        }
    }

    @Test("hold back no more than the preamble or a part of a tag, outside recovery and gaps")
    func heldBytes() throws {
        for example in try ReasoningCorpus.cases(format: "analysis-final") {
            var parser = AnalysisFinalParser(start: .afterFields, recoveryLimit: 1 << 20)
            var output = ParsedText()
            for byte in example.chunks.joined().utf8 {
                parser.consume([byte].span, into: &output)
                #expect(parser.heldBytes < "</analysis>".utf8.count, "\(example.id)")
            }
        }
    }
}
