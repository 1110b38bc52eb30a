/// How a stream went, told by its events.
struct ChatOutcome: Equatable, Sendable {
    /// `output.done` has come, after which nothing does.
    private(set) var isDone = false
    private(set) var isIncomplete = false
    /// The first fatal fault.
    private(set) var fatalFault: StreamFault?
    /// Whether any event came that only a gateway sends.
    private(set) var sawGatewayEvent = false
    private(set) var eventCount = 0

    mutating func note(_ event: GatewayEvent) {
        eventCount &+= 1
        switch event {
        case .other: return
        case .error(let fault): if fault.isFatal, fatalFault == nil { fatalFault = fault }
        case .outputDone(let isComplete):
            isDone = true
            isIncomplete = !isComplete
        case .promptSummary, .reasoningSummary, .promptSummaryDelta, .reasoningSummaryDelta, .outputDelta: break
        }
        sawGatewayEvent = true
    }

    var exitStatus: ClientExit {
        isDone && !isIncomplete && fatalFault == nil ? .complete : .incomplete
    }
}
