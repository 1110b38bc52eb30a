internal import EventLoop
internal import Inbound
internal import Logging
internal import Outbound
internal import Pipeline

/// One completion, from its parsed request to its last event: the shell around `RequestPipeline`.
///
/// The pipeline decides; the session makes its calls, feeds it what comes, and writes what it emits. All of it runs on
/// the reactor of the client's connection. Cancelling the task that runs it, as a client's disconnect does, ends all
/// of its calls.
actor CompletionSession {
    nonisolated let worker: Worker
    nonisolated let request: ChatRequest
    nonisolated let target: UpstreamTarget
    /// What is known of the summary model.
    nonisolated let summaryCapabilities: ModelCapabilities
    private var answer: AnswerDelivery
    private(set) var pipeline: RequestPipeline
    private var record: CompletionRecord
    private let done = Gate()
    /// Pulsed when a part of the reasoning may be due.
    let partsChanged = Gate()
    /// Opened when no summary of the reasoning is awaited any more.
    let reasoningSettled = Gate()
    private let roomMade = Gate()
    private var lastWrite: MonotonicInstant
    private var waitsForRoom = false
    /// Whether the present attempt at the upstream has brought no response head yet.
    var awaitsHead = true
    private var reasoningIsOver = false
    private var keepAliveTimer: TimerToken?
    private var headTimer: TimerToken?
    private var intervalTimer: TimerToken?
    private var holdTimer: TimerToken?

    nonisolated var reactor: Reactor { worker.reactor }
    nonisolated var configuration: GatewayConfiguration { worker.shared.configuration }
    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    init(
        worker: Worker, request: ChatRequest, form: AnswerForm, exchange: Exchange, target: UpstreamTarget,
        requestID: String
    ) {
        self.worker = worker
        self.request = request
        answer = AnswerDelivery(form: form, exchange: exchange, requestID: requestID)
        self.target = target
        lastWrite = worker.reactor.now
        let configuration = worker.shared.configuration
        summaryCapabilities = configuration.streams.models.capabilities(of: configuration.summaryModel(for: request))
        pipeline = RequestPipeline(configuration.pipelineSettings(for: request, form: form, requestID: requestID))
        record = CompletionRecord(
            requestID: requestID, model: request.model, summaryModel: configuration.summaryModel(for: request),
            clientAddress: exchange.head.clientAddress, start: worker.reactor.now)
    }

    /// Runs until the last event is written or the client has gone.
    func run() async {
        holdHead()
        advance { pipeline, output in pipeline.begin(into: &output) }
        scheduleKeepAlive()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.callUpstream() }
            group.addTask { await self.summarizePrompt() }
            group.addTask { await self.summarizeReasoning() }
            await done.wait()
            group.cancelAll()
        }
        for timer in [keepAliveTimer, headTimer, intervalTimer, holdTimer] {
            if let timer { reactor.cancel(timer) }
        }
        log()
    }

    /// Ends the stream with an error because the process is about to end.
    func shutDown() {
        fail(StreamFault(code: "shutting_down", message: "The gateway is shutting down.", detail: "drain timeout"))
    }

    // MARK: The pipeline's way in and out

    /// Gives the pipeline something and does what it asks for.
    func advance(_ step: (inout RequestPipeline, inout [UInt8]) -> Void) {
        let before = answer.pendingBytes
        answer.write { output in step(&pipeline, &output) }
        let written = answer.pendingBytes &- before
        if written > 0 {
            lastWrite = reactor.now
            record.wrote(written, pipeline.progress, at: reactor.now)
        }
        if !reasoningIsOver { followReasoning() }
        if pipeline.isDone {
            answer.finish()
            done.open()
        }
        if waitsForRoom, pipeline.isDone || pipeline.heldBytes == 0 { roomMade.pulse() }
    }

    func fail(_ fault: StreamFault) {
        guard !pipeline.isDone else { return }
        if !pipeline.upstreamEnded, answer.canRefuse {
            let error = APIError(fault)
            record.status = error.status
            answer.refuse(ErrorResponse.make(error, requestID: pipeline.settings.requestID))
        }
        // A status that is no success is what the fault tells of.
        let status = awaitsHead ? nil : record.upstreamStatus.flatMap { (200..<300).contains($0) ? $0 : nil }
        advance { pipeline, output in pipeline.upstreamFailed(fault, status: status, into: &output) }
    }

    /// Another attempt begins; nothing of the last one was used.
    func restartUpstream() {
        pipeline.restartUpstream()
    }

    // MARK: Summaries

    /// Looks what the reasoning's summary needs now: a call, or a time after which there shall be one.
    private func followReasoning() {
        if pipeline.reasoningIsSettled {
            reasoningIsOver = true
            reasoningSettled.open()
            partsChanged.open()
            return
        }
        if pipeline.reasoningPartIsDue { partsChanged.pulse() }
        if pipeline.awaitsRollingInterval, intervalTimer == nil {
            intervalTimer = reactor.schedule(after: configuration.summary.rollingInterval) { [weak self] in
                self?.assumeIsolated { session in
                    session.intervalTimer = nil
                    session.advance { pipeline, _ in pipeline.rollingIntervalPassed() }
                }
            }
        }
        if pipeline.reasoningEnded, holdTimer == nil {
            holdTimer = reactor.schedule(after: configuration.summary.hold) { [weak self] in
                self?.assumeIsolated { session in
                    session.advance { pipeline, output in pipeline.summaryHoldPassed(into: &output) }
                }
            }
        }
    }

    /// The part of the reasoning to be summarised now; the interval to the next one begins with it.
    func nextPart() -> ReasoningParts.Part? {
        guard let part = pipeline.nextReasoningPart() else { return nil }
        if let intervalTimer { reactor.cancel(intervalTimer) }
        intervalTimer = nil
        return part
    }

    // MARK: The response's head

    /// Sends the head at once, or when the upstream's status is known, or when that takes too long (`HEAD_HOLD`).
    private func holdHead() {
        guard case .stream(let format) = pipeline.settings.form else { return }
        let limit = configuration.streams.headHold
        guard format == .openai, limit > .zero else { return answer.open() }
        headTimer = reactor.schedule(after: limit) { [weak self] in
            self?.assumeIsolated { $0.answer.open() }
        }
    }

    /// The upstream has answered with a status of success.
    func upstreamAccepted() {
        answer.open()
    }

    // MARK: Back-pressure

    private var backlog: Int { pipeline.heldBytes &+ answer.pendingBytes }
    private var lowWatermark: Int { configuration.streams.bufferBytes / 2 }

    /// Whether more answer text waits, for a summary or for the client, than may (`STREAM_BUFFER_BYTES`).
    var isCrowded: Bool { backlog > configuration.streams.bufferBytes }

    /// Returns once it is well within that bound.
    func room() async {
        guard isCrowded else { return }
        waitsForRoom = true
        defer { waitsForRoom = false }
        while backlog > lowWatermark, !pipeline.isDone, !Task.isCancelled {
            // Held before the reasoning has ended: its end is still to be read, so there is nothing to wait for.
            if pipeline.heldBytes > 0, !pipeline.reasoningEnded { return }
            if pipeline.heldBytes > 0 {
                await roomMade.wait()
            } else if !answer.isStreaming {
                return
            } else {
                await answer.drained(to: lowWatermark)
            }
        }
    }

    // MARK: Keep-alive

    private func scheduleKeepAlive() {
        let interval = configuration.serving.keepaliveInterval
        guard interval > .zero else { return }
        keepAliveTimer = reactor.schedule(at: lastWrite.advanced(by: interval)) { [weak self] in
            self?.assumeIsolated { $0.keepAliveDue(interval) }
        }
    }

    private func keepAliveDue(_ interval: Duration) {
        guard !pipeline.isDone else { return }
        if lastWrite.advanced(by: interval) <= reactor.now {
            // A client that has not taken what was written before needs no more of it.
            if !answer.isStreaming || answer.pendingBytes == 0 {
                answer.write { output in pipeline.keepAlive(into: &output) }
            }
            lastWrite = reactor.now
        }
        scheduleKeepAlive()
    }

    // MARK: Record

    func note(_ change: (inout CompletionRecord) -> Void) {
        change(&record)
    }

    /// Takes a retry from the budget that all calls share.
    func mayRetry(_ stage: String, _ budget: Locked<RetryBudget>) -> Bool {
        if budget.takeRetry() { return true }
        worker.shared.logger.warning(
            "retry budget spent",
            metadata: ["request_id": "\(pipeline.settings.requestID)", "stage": "\(stage)"])
        return false
    }

    func warnOfRetry(_ stage: String, _ reason: String, delay: Duration, retry: Int) {
        worker.shared.logger.warning(
            "retry",
            metadata: [
                "request_id": "\(pipeline.settings.requestID)", "stage": "\(stage)", "reason": "\(reason)",
                "retry": .stringConvertible(retry),
                "delay_s": .stringConvertible(Double(delay.wholeNanoseconds / 1_000_000) / 1_000),
            ])
    }

    private func log() {
        let progress = pipeline.progress
        record.finish(progress, clientGone: !pipeline.isDone, at: .now())
        let logger = worker.shared.logger
        let logging = configuration.logging
        let request = request
        let metadata = record.metadata(
            withContent: logging.content, prompt: request.promptText(maximumCharacters: Self.loggedCharacters))
        logger.info("completion", metadata: metadata)
        for failed in progress.failedSummaries {
            logger.warning(
                "summary fallback",
                metadata: [
                    "request_id": "\(pipeline.settings.requestID)", "stage": "\(failed.stage.rawValue)",
                    "reason": "\(failed.detail)",
                ])
        }
        if record.isEmptyAnswer {
            logger.warning(
                "answer empty",
                metadata: [
                    "request_id": "\(pipeline.settings.requestID)",
                    "reasoning_chars": .stringConvertible(progress.reasoningCharacters),
                ])
        }
    }

    /// Characters of the prompt, and of the answer, in a log line that shall hold them.
    static let loggedCharacters = 8_000
}
