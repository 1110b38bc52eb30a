import Testing

@testable import Pipeline

/// A text, and what must come of it however it is divided.
struct ParserExample: Sendable, CustomTestStringConvertible {
    var text: String
    var reasoning: String
    var content: String
    var phase: ReasoningPhase
    var recovered = false
    var abandoned = false

    init(
        _ text: String,
        reasoning: String = "",
        content: String = "",
        phase: ReasoningPhase,
        recovered: Bool = false,
        abandoned: Bool = false
    ) {
        self.text = text
        self.reasoning = reasoning
        self.content = content
        self.phase = phase
        self.recovered = recovered
        self.abandoned = abandoned
    }

    var testDescription: String { text.debugDescription }

    func check(start: AnalysisFinalParser.Start, recoveryLimit: Int = 1 << 20, end: StreamEnd = .complete) {
        let expected = ParsedStream(
            reasoning: reasoning,
            content: content,
            phase: phase,
            recovered: recovered,
            recoveryAbandoned: abandoned
        )
        for division in Rechunking.divisions(of: [text]) {
            let parsed = AnalysisFinalParser.parse(
                division.chunks,
                start: start,
                recoveryLimit: recoveryLimit,
                end: end
            )
            #expect(parsed == expected, "\(division.name)")
        }
    }
}
