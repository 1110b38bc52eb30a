import Foundation
import JSON
import Testing

@testable import Pipeline

/// A case of the conformance corpus, `upstream-fields.jsonl`.
struct UpstreamFieldsCase: Sendable, CustomTestStringConvertible {
    let id: String
    /// The `choices[0].delta` objects, as JSON.
    let deltas: [String]
    let reasoning: String
    let content: String

    var testDescription: String { id }

    /// Cases that the fields alone decide; those with tags (rules U4 to U6) need a format.
    static func loadFieldCases() throws -> [UpstreamFieldsCase] {
        let url = try #require(
            Bundle.module.url(forResource: "upstream-fields", withExtension: "jsonl", subdirectory: "Resources")
        )
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        return try lines.compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let values = try #require(object)
            let deltas = try #require(values["deltas"] as? [Any])
            let options = values["options"] as? [String: Any] ?? [:]
            let texts = try deltas.map {
                String(
                    decoding: try JSONSerialization.data(withJSONObject: $0, options: [.fragmentsAllowed]),
                    as: UTF8.self
                )
            }
            if !options.isEmpty || texts.contains(where: { $0.contains("<") }) { return nil }
            return UpstreamFieldsCase(
                id: try #require(values["id"] as? String),
                deltas: texts,
                reasoning: values["reasoning"] as? String ?? "",
                content: values["content"] as? String ?? ""
            )
        }
    }
}

/// The text of a chunk's choice.
func text(of chunk: UpstreamChunk, in payload: [UInt8]) -> (reasoning: String, content: String) {
    var reasoning: [UInt8] = []
    var content: [UInt8] = []
    chunk.choice.appendReasoning(of: payload.span, to: &reasoning)
    chunk.choice.appendContent(of: payload.span, to: &content)
    return (String(decoding: reasoning, as: UTF8.self), String(decoding: content, as: UTF8.self))
}

func text(ofDelta delta: String) throws -> (reasoning: String, content: String) {
    let payload = Array(#"{"choices":[{"index":0,"delta":\#(delta)}]}"#.utf8)
    return text(of: try UpstreamChunk(parsing: payload.span), in: payload)
}

@Suite struct UpstreamFieldsTests {
    @Test func theCorpusIsThere() throws {
        #expect(try UpstreamFieldsCase.loadFieldCases().count >= 12)
    }

    @Test(arguments: try UpstreamFieldsCase.loadFieldCases())
    func conformance(_ example: UpstreamFieldsCase) throws {
        var reasoning = ""
        var content = ""
        for delta in example.deltas {
            let texts = try text(ofDelta: delta)
            reasoning += texts.reasoning
            content += texts.content
        }
        #expect(reasoning == example.reasoning)
        #expect(content == example.content)
    }

    @Test(arguments: [
        // The order of U1, whatever the order of the members.
        (
            #"{"thinking":"5","reasoning_details":[{"type":"reasoning.text","text":"3"}],"reasoning":"2","reasoning_content":"1"}"#,
            "1", ""
        ),
        (#"{"thinking":"5","reasoning_details":[{"type":"reasoning.text","text":"3"}],"reasoning":"2"}"#, "2", ""),
        (#"{"thinking":"5","reasoning_details":[{"type":"reasoning.text","text":"3"}]}"#, "3", ""),
        (#"{"content":[{"type":"thinking","thinking":"6"}],"thinking":"5"}"#, "5", ""),
        (#"{"content":[{"type":"thinking","thinking":"6"},{"type":"text","text":"x"}]}"#, "6", "x"),
        // Empty sources fall through.
        (
            #"{"reasoning_content":"","reasoning":"","reasoning_details":[],"thinking":"","content":[{"type":"thinking","thinking":[{"type":"text","text":"6"}]}]}"#,
            "6", ""
        ),
        (
            #"{"reasoning_content":null,"reasoning":{"text":""},"reasoning_details":[{"type":"reasoning.encrypted","data":"x","text":"no"}],"thinking":"t"}"#,
            "t", ""
        ),
        (#"{"reasoning_content":false,"reasoning":1}"#, "", ""),
        // Objects with text.
        (#"{"reasoning_content":{"text":"a","signature":"s"},"content":{"text":"x"}}"#, "a", "x"),
        (#"{"reasoning":{"summary":"a"}}"#, "", ""),
        (#"{"thinking":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "ab", ""),
        // Details.
        (
            #"{"reasoning_details":[{"type":"reasoning.text","text":"a"},{"type":"reasoning.summary","summary":"b"},{"type":"reasoning.encrypted","data":"c"},{"type":"reasoning.text","text":null},{"type":"other","text":"d"}]}"#,
            "ab", ""
        ),
        (
            #"{"reasoning_details":[{"type":"reasoning.text","summary":"a"},{"type":"reasoning.summary","text":"b"},7,null,"x"]}"#,
            "", ""
        ),
        // Content parts.
        (
            #"{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"text":"no"}},{"text":"b","type":"text"},{"type":"other","text":"no"},"c",null,3]}"#,
            "", "abc"
        ),
        (#"{"content":[]}"#, "", ""),
        // Escapes in texts, names and types.
        (
            #"{"reasoning\u005fcontent":"a\n\ud83d\ude00","c\u006fntent":[{"type":"te\u0078t","text":"\"x\""}]}"#,
            "a\n😀", "\"x\""
        ),
        (#"{"content":"é\u0000\ud800"}"#, "", "é\u{0}\u{FFFD}"),
    ])
    func textsOfADelta(_ delta: String, _ reasoning: String, _ content: String) throws {
        let texts = try text(ofDelta: delta)
        #expect(texts.reasoning == reasoning)
        #expect(texts.content == content)
    }
}
