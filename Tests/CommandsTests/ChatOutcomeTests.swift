import Testing

@testable import Commands

@Suite("The outcome of a stream")
struct ChatOutcomeTests {
    static let fatal = GatewayEvent.error(StreamFault(stage: "upstream_stream", message: "m", isFatal: true))
    static let mild = GatewayEvent.error(StreamFault(stage: "prompt_summary", message: "m", isFatal: false))

    static let cases: [([GatewayEvent], ClientExit, Bool)] = [
        ([.outputDone(isComplete: true)], .complete, true),
        ([mild, .promptSummary(text: ""), .outputDone(isComplete: true)], .complete, true),
        ([.outputDelta(text: "a"), .outputDone(isComplete: false)], .incomplete, true),
        ([fatal, .outputDone(isComplete: true)], .incomplete, true),
        ([.outputDelta(text: "a")], .incomplete, true),
        ([.other(name: "")], .incomplete, false),
        ([], .incomplete, false),
    ]

    @Test("is complete only with output.done and without a fatal error", arguments: cases)
    func status(_ events: [GatewayEvent], _ status: ClientExit, _ sawGateway: Bool) {
        var outcome = ChatOutcome()
        for event in events { outcome.note(event) }
        #expect(outcome.exitStatus == status)
        #expect(outcome.sawGatewayEvent == sawGateway)
        #expect(outcome.eventCount == events.count)
    }
}
