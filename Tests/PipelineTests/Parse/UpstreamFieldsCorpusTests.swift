import Foundation
import Testing

@testable import Pipeline

/// The cases of `upstream-fields.jsonl`, through the whole pipeline: fields and tags together (rules U1 to U6).
@Suite("The corpus of upstream fields")
struct UpstreamFieldsCorpusTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let id: String
        let payloads: [String]
        let usesFields: Bool
        /// The format that is configured for the model.
        let format: String?
        let reasoning: String
        let content: String

        var testDescription: String { id }

        init?(line: Substring) throws {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard let object, let id = object["id"] as? String, let deltas = object["deltas"] as? [Any] else {
                return nil
            }
            let options = object["options"] as? [String: Any] ?? [:]
            let expected = object["gateway"] as? [String: Any] ?? object
            self.id = id
            usesFields = options["enable_parse_reasoning"] as? Bool ?? true
            format = options["format"] as? String
            reasoning = expected["reasoning"] as? String ?? ""
            content = expected["content"] as? String ?? ""
            payloads = try deltas.map { delta in
                var choice: [String: Any] = ["index": 0, "delta": delta]
                if var members = delta as? [String: Any], let reason = members.removeValue(forKey: "_finish_reason") {
                    choice["delta"] = members
                    choice["finish_reason"] = reason
                }
                let data = try JSONSerialization.data(withJSONObject: ["choices": [choice]])
                return String(decoding: data, as: UTF8.self)
            }
        }
    }

    static let cases: [Case] = {
        let url = Bundle.module.bundleURL.appendingPathComponent("Resources/upstream-fields.jsonl")
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? Case(line: $0) }
    }()

    @Test func isThere() {
        #expect(Self.cases.count >= 20)
    }

    @Test("holds with and without our instruction", arguments: cases, [true, false])
    func holds(_ example: Case, instructed: Bool) throws {
        var settings = PipelineRun(instruction: instructed ? "" : nil, fields: example.usesFields).pipeline.settings
        if let name = example.format {
            let format = try #require(ReasoningFormat.named(name))
            settings.expectation = TextExpectation(
                format: format, startsInReasoning: format.startsInReasoning, recoveryBytes: 1 << 20)
        }
        var splitter = ReasoningSplitter(settings)
        var answer = OutputDelta()
        var reasoning: [UInt8] = []
        for payload in example.payloads {
            let bytes = Array(payload.utf8)
            let chunk = try UpstreamChunk(parsing: bytes.span)
            splitter.split(chunk.choice, of: bytes.span, answer: &answer, reasoning: &reasoning)
        }
        splitter.finish(.complete, stopped: true, answer: &answer, reasoning: &reasoning)
        #expect(String(decoding: reasoning, as: UTF8.self) == example.reasoning)
        #expect(EscapedText.string(answer.escapedText.span) == example.content)
    }
}
