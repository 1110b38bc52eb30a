import TestSupport
import Testing

@testable import Pipeline

@Suite("Log probabilities")
struct LogprobsTests {
    private static func payload(_ text: String) -> String {
        let token = Payload.json(text)
        return
            #"{"choices":[{"index":0,"delta":{"content":\#(token)},"logprobs":{"content":[{"token":\#(token),"logprob":-0.10}],"refusal":null}}]}"#
    }

    private static func run(_ texts: [String], preamble: Int = 200) throws -> [(text: String, tokens: String)] {
        var run = PipelineRun(preamble: preamble, form: .stream(.unified))
        run.summarizePrompt()
        for text in texts { run.receive(payload(text)) }
        run.receive(Payload.finish(), Payload.done)
        run.summarizeReasoning()
        let lines = String(decoding: run.output, as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.contains("\"logprob\"") }.map { line in
            let tokens = line.matches(of: /"token":"([^"]*)"/).map { String($0.1) }.joined()
            let text = line.firstMatch(of: /"content":"([^"]*)"/).map { String($0.1) } ?? ""
            return (text, tokens)
        }
    }

    @Test("go with their text, however long it is held", arguments: [0, 4, 200])
    func held(preamble: Int) throws {
        let pieces = try Self.run(["Blue", ", as", " the <", "b> sky", " is."], preamble: preamble)
        #expect(pieces.allSatisfy { !$0.text.isEmpty })
        #expect(pieces.map(\.text).joined() == "Blue, as the <b> sky is.")
        #expect(pieces.map(\.tokens).joined() == "Blue, as the <b> sky is.")
    }

    @Test("of a thought are not shown, nor those of its marker")
    func thought() throws {
        let pieces = try Self.run(["<anal", "ysis>", "hidden", "</analysis>", "<final>", "shown", "</final>"])
        #expect(!pieces.map(\.tokens).joined().contains("hidden"))
        #expect(!pieces.map(\.tokens).joined().contains("anal"))
        #expect(pieces.map(\.tokens).joined().contains("shown"))
    }
}
