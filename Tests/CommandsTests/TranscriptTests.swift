import Testing

@testable import Commands

@Suite("The transcript")
struct TranscriptTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let events: [GatewayEvent]
        let text: String

        init(_ description: String, _ events: [GatewayEvent], _ text: String) {
            testDescription = description
            self.events = events
            self.text = text
        }
    }

    static let heading1 = "\n=== 1) Summary of the prompt ===\n"
    static let heading2 = "\n=== 2) Summary of the model's reasoning ===\n"
    static let heading3 = "\n=== 3) The model's final output ===\n"
    static let done = GatewayEvent.outputDone(isComplete: true)

    static func fault(_ stage: String, isFatal: Bool = false) -> GatewayEvent {
        .error(StreamFault(stage: stage, message: "broke", isFatal: isFatal))
    }

    static let cases = [
        Case(
            "has three sections in order",
            [
                .promptSummary(text: "P"), .reasoningSummary(text: "R"), .outputDelta(text: "a"),
                .outputDelta(text: "b"), done,
            ],
            "\(heading1)P\n\(heading2)R\n\(heading3)ab\n\n[done]\n"
        ),
        Case(
            "shows the pieces of a summary as they come, and the summary not again",
            [
                .promptSummaryDelta(text: "P"), .promptSummaryDelta(text: "p"), .promptSummary(text: "Pp"),
                .reasoningSummaryDelta(text: "R"), .reasoningSummaryDelta(text: "\n\nS"),
                .reasoningSummary(text: "R\n\nS"), .outputDelta(text: "a"), done,
            ],
            "\(heading1)Pp\n\(heading2)R\n\nS\n\(heading3)a\n\n[done]\n"
        ),
        Case(
            "has an empty line where there was no reasoning",
            [.promptSummary(text: "P"), .reasoningSummary(text: ""), .outputDelta(text: "a"), done],
            "\(heading1)P\n\(heading2)\n\(heading3)a\n\n[done]\n"
        ),
        Case(
            "has the third heading without an answer",
            [.promptSummary(text: "P"), .reasoningSummary(text: "R"), done],
            "\(heading1)P\n\(heading2)R\n\(heading3)\n\n[done]\n"
        ),
        Case(
            "has the third heading once with an empty first delta",
            [.outputDelta(text: ""), .outputDelta(text: "a"), done],
            "\(heading3)a\n\n[done]\n"
        ),
        Case(
            "adds no line where the text ends its own",
            [.promptSummary(text: "P\n"), .reasoningSummary(text: "- R\n- S\n"), .outputDelta(text: "a\n"), done],
            "\(heading1)P\n\(heading2)- R\n- S\n\(heading3)a\n\n[done]\n"
        ),
        Case(
            "tells of a failed summary before the section",
            [fault("prompt_summary"), .promptSummary(text: "P")],
            "[error] prompt_summary: broke\n\(heading1)P\n"
        ),
        Case(
            "tells of a fatal error on a line of its own",
            [.outputDelta(text: "half"), fault("upstream_stream", isFatal: true), .outputDone(isComplete: false)],
            "\(heading3)half\n[error] upstream_stream: broke\n\n[done]\n"
        ),
        Case(
            "shows an upstream that is down",
            [
                fault("prompt_summary"), .promptSummary(text: "P"), .reasoningSummary(text: ""),
                fault("upstream_stream", isFatal: true), .outputDone(isComplete: false),
            ],
            "[error] prompt_summary: broke\n\(heading1)P\n\(heading2)\n[error] upstream_stream: broke\n"
                + "\(heading3)\n\n[done]\n"
        ),
        Case("ignores what it does not know", [.other(name: "summary.prompt.delta"), .other(name: "")], ""),
        Case(
            "has each summary once",
            [.promptSummary(text: "P"), .promptSummary(text: "Q")],
            "\(heading1)P\n"
        ),
    ]

    @Test("renders", arguments: cases)
    func rendering(_ aCase: Case) {
        var transcript = Transcript()
        #expect(aCase.events.map { transcript.render($0) }.joined() == aCase.text)
    }

    @Test("a line of its own stays one line")
    func lines() {
        var transcript = Transcript()
        #expect(transcript.line("[info] a\nb\r\nc") == "[info] a b c\n")
        _ = transcript.render(.outputDelta(text: "x"))
        #expect(!transcript.isAtLineStart)
        #expect(transcript.line("[warn] d") == "\n[warn] d\n")
        #expect(transcript.isAtLineStart)
    }

    @Test("each event's text is given at once")
    func incremental() {
        var transcript = Transcript()
        #expect(transcript.render(.promptSummary(text: "P")) == "\(Self.heading1)P\n")
        #expect(transcript.render(.reasoningSummary(text: "R")) == "\(Self.heading2)R\n")
        #expect(transcript.render(.outputDelta(text: "a")) == "\(Self.heading3)a")
        #expect(transcript.render(.outputDelta(text: " b")) == " b")
    }
}
