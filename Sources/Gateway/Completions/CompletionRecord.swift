internal import EventLoop
internal import Logging
internal import Pipeline

/// What the log says of one completion. Times are counted from the moment at which the request was read.
struct CompletionRecord: Sendable {
    private let requestID: String
    private let model: String
    private let summaryModel: String
    private let clientAddress: String
    private let start: MonotonicInstant
    var attempts = 0
    var upstreamStatus: Int?
    /// Base URL of the member that got the last attempt.
    var upstream: String?
    /// The HTTP status that the client got.
    var status = 200
    private(set) var bytes = 0
    private var promptSummaryAt: MonotonicInstant?
    private var reasoningSummaryAt: MonotonicInstant?
    private var firstOutputAt: MonotonicInstant?
    private var end: MonotonicInstant?
    private var progress = PipelineProgress()
    private var outcome = Outcome.completed

    enum Outcome: String { case completed, incomplete, refused, clientGone = "client_gone" }

    init(requestID: String, model: String, summaryModel: String, clientAddress: String, start: MonotonicInstant) {
        self.requestID = requestID
        self.model = model
        self.summaryModel = summaryModel
        self.clientAddress = clientAddress
        self.start = start
    }

    /// Something was written.
    mutating func wrote(_ count: Int, _ progress: borrowing PipelineProgress, at now: MonotonicInstant) {
        bytes &+= count
        if promptSummaryAt == nil, progress.promptSummary != nil { promptSummaryAt = now }
        if reasoningSummaryAt == nil, progress.reasoningSummary != nil { reasoningSummaryAt = now }
        if firstOutputAt == nil, progress.outputBegun { firstOutputAt = now }
    }

    mutating func finish(_ progress: PipelineProgress, clientGone: Bool, at now: MonotonicInstant) {
        self.progress = progress
        end = now
        outcome =
            clientGone
            ? .clientGone : status != 200 ? .refused : progress.fault == nil ? .completed : .incomplete
    }

    /// Whether the model spent all its words on thinking.
    var isEmptyAnswer: Bool {
        outcome == .completed && progress.answerCharacters == 0 && progress.reasoningCharacters > 0
    }

    func metadata(withContent: Bool, prompt: @autoclosure () -> String) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "request_id": "\(requestID)", "model": "\(model)", "summary_model": "\(summaryModel)",
            "client": "\(clientAddress)", "status": .stringConvertible(status), "outcome": "\(outcome.rawValue)",
            "attempts": .stringConvertible(attempts), "bytes": .stringConvertible(bytes),
            "deltas": .stringConvertible(progress.deltas),
            "reasoning_chars": .stringConvertible(progress.reasoningCharacters),
            "answer_chars": .stringConvertible(progress.answerCharacters),
        ]
        metadata["upstream"] = upstream.map { "\($0)" }
        metadata["upstream_status"] = upstreamStatus.map { .stringConvertible($0) }
        metadata["reasoning_format"] = progress.format.map { "\($0)" }
        metadata["finish_reason"] = progress.finishReason.map { "\($0)" }
        metadata["prompt_summary"] = progress.promptSummary.map { "\($0.source.rawValue)" }
        metadata["reasoning_summary"] = progress.reasoningSummary.map { "\($0.source.rawValue)" }
        if progress.lateReasoningCharacters > 0 {
            metadata["late_reasoning_chars"] = .stringConvertible(progress.lateReasoningCharacters)
        }
        if progress.recovered { metadata["recovered"] = .stringConvertible(true) }
        if progress.recoveryAbandoned { metadata["recovery_abandoned"] = .stringConvertible(true) }
        if let fault = progress.fault {
            metadata["error"] = "\(fault.code ?? "")"
            metadata["error_detail"] = "\(withContent ? fault.detail : progress.faultCause ?? "")"
        }
        metadata["prompt_summary_s"] = seconds(promptSummaryAt)
        metadata["reasoning_summary_s"] = seconds(reasoningSummaryAt)
        metadata["first_output_s"] = seconds(firstOutputAt)
        metadata["duration_s"] = seconds(end)
        if withContent {
            metadata["prompt"] = "\(prompt())"
            metadata["prompt_summary_text"] = progress.promptSummary.map { "\($0.text)" }
            metadata["reasoning_summary_text"] = progress.reasoningSummary.map { "\($0.text)" }
            metadata["answer"] = "\(progress.loggedAnswer)"
        }
        return metadata
    }

    private func seconds(_ instant: MonotonicInstant?) -> Logger.MetadataValue? {
        guard let instant else { return nil }
        return .stringConvertible(Double(start.duration(to: instant).wholeNanoseconds / 1_000) / 1_000_000)
    }
}
