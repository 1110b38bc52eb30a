import Foundation
import Testing

/// One line of `reasoning.jsonl`.
struct ReasoningCase: Decodable, Sendable, CustomTestStringConvertible {
    struct Expected: Decodable, Sendable {
        var reasoning: String?
        var content: String?
    }

    struct Options: Decodable, Sendable {
        var starts_in_reasoning: Bool?
    }

    var id: String
    var format: String
    var options: Options?
    var chunks: [String]
    var reasoning: String?
    var content: String?
    var gateway: Expected?

    var expectedReasoning: String { (gateway.map(\.reasoning) ?? reasoning) ?? "" }
    var expectedContent: String { (gateway.map(\.content) ?? content) ?? "" }
    var testDescription: String { id }
}

enum ReasoningCorpus {
    /// The cases of one format, in the file's order.
    static func cases(format: String) throws -> [ReasoningCase] {
        try cases().filter { $0.format == format }
    }

    static func cases() throws -> [ReasoningCase] {
        let file = Bundle.module.bundleURL.appendingPathComponent("Resources/reasoning.jsonl")
        let lines = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n"))
        return try lines.map { try JSONDecoder().decode(ReasoningCase.self, from: $0) }
    }
}
