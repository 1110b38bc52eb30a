@testable import Pipeline

/// What a whole stream was parsed into.
struct ParsedStream: Equatable, CustomStringConvertible {
    var reasoning: String
    var content: String
    var phase: ReasoningPhase
    var recovered: Bool
    var recoveryAbandoned: Bool

    var description: String {
        "reasoning \(reasoning.debugDescription), content \(content.debugDescription), \(phase)"
            + (recovered ? ", recovered" : "") + (recoveryAbandoned ? ", recovery abandoned" : "")
    }
}

extension ParsedText {
    var reasoningString: String { String(decoding: reasoning, as: UTF8.self) }
    var contentString: String { String(decoding: content, as: UTF8.self) }
}

extension AnalysisFinalParser {
    /// The far side of every test: one parser, these pieces, this end.
    static func parse(
        _ chunks: [[UInt8]],
        start: Start,
        recoveryLimit: Int = 1 << 20,
        end: End = .complete
    ) -> ParsedStream {
        var parser = AnalysisFinalParser(start: start, recoveryLimit: recoveryLimit)
        var output = ParsedText()
        for chunk in chunks { parser.consume(chunk.span, into: &output) }
        parser.finish(end, into: &output)
        return ParsedStream(
            reasoning: output.reasoningString,
            content: output.contentString,
            phase: parser.phase,
            recovered: parser.recovered,
            recoveryAbandoned: parser.recoveryAbandoned
        )
    }

    mutating func consume(_ text: String, into output: inout ParsedText) {
        consume(Array(text.utf8).span, into: &output)
    }
}
