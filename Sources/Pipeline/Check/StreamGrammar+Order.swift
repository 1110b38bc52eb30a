internal import JSON

/// The order of events.
extension StreamGrammar {
    /// One event, whatever its format.
    struct Event {
        var name: String
        var text: String?
        var members: EventMembers
        /// The chunk's choice; nil in a format without chunks.
        var data: ChunkIdentity.Choice?
    }

    mutating func advance(_ event: Event, isFatal: Bool, in data: Span<UInt8>) {
        if stage == .failed, event.name != "output.done" { violation("\(event.name) follows a fatal error") }
        if stage == .ended { violation("\(event.name) follows the answer's end") }
        if let choice = event.data { check(choice, of: event.name) }
        switch event.name {
        case "summary.prompt":
            expect(.start, event.name)
            count(summary: event.text ?? "")
            if stage == .start { stage = .promptDone }
        case "summary.prompt.delta":
            expect(.start, event.name)
        case "summary.reasoning":
            expect(.promptDone, event.name)
            count(summary: event.text ?? "")
            if stage == .promptDone { stage = .reasoningDone }
        case "summary.reasoning.delta":
            expect(.promptDone, event.name)
        case "output.delta":
            expect(.reasoningDone, event.name)
            count(answer: event.text ?? "")
        case "error":
            takeError(event, isFatal: isFatal, in: data)
        case "output.done":
            takeEnd(event, in: data)
        case "keep-alive" where verdict.format == .openai:
            break
        default:
            violation("\(event.name) is no event of this protocol")
        }
    }

    private mutating func expect(_ expected: Stage, _ name: String) {
        guard stage != expected, stage != .failed, stage != .ended else { return }
        violation("\(name) is out of order")
    }

    private mutating func check(_ choice: ChunkIdentity.Choice, of name: String) {
        if choice.content != nil, choice.reasoning != nil { violation("content and reasoning in one delta") }
        if choice.content != nil, name != "output.delta" { violation("content in \(name)") }
        if choice.reasoning != nil, !name.hasPrefix("summary.") { violation("reasoning in \(name)") }
        if choice.finishReason != nil, name != "output.done" { violation("finish_reason before the end") }
    }

    private mutating func takeError(_ event: Event, isFatal: Bool, in data: Span<UInt8>) {
        let stageName = event.members["stage"]?.string(in: data) ?? ""
        if event.members["message"]?.kind != .string { violation("message is missing") }
        if ErrorStage(rawValue: stageName) == nil { violation("stage is missing") }
        // In `events` nothing but the stage tells a fatal error.
        if isFatal || verdict.format == .events && stageName == ErrorStage.upstreamStream.rawValue { fail() }
    }

    private mutating func takeEnd(_ event: Event, in data: Span<UInt8>) {
        if stage.rawValue < Stage.reasoningDone.rawValue { violation("output.done comes before the summaries") }
        let failed = stage == .failed
        let reason = event.data?.finishReason
        if event.data != nil {
            let status = event.members["status"]?.string(in: data)
            if status != (failed ? "incomplete" : "completed") { violation("status does not fit what came before") }
            if failed == (reason != nil) { violation("finish_reason does not fit what came before") }
        }
        end(isComplete: !failed, finishReason: reason)
    }
}
