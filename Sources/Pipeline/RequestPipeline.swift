internal import JSON

/// The heart of the gateway: what an upstream sends goes in, a stream of gateway events comes out, in strict order:
/// prompt summary, reasoning summary, output, end (protocol.md, "The stream").
///
/// A value without clock, socket or task. Its user calls what happened and appends the bytes that each call writes to
/// the client's stream. Four stages, in the data's way:
/// 1. parse: a chunk's text is parted into reasoning and answer (`ReasoningSplitter`);
/// 2. buffer: the answer is held until the summaries are out (`AnswerBuffer`);
/// 3. summarize: reasoning is divided into parts for its summary (`ReasoningParts`);
/// 4. emit: events are written, in the form that the client wants (`EventEncoder`).
public struct RequestPipeline: Sendable {
    public let settings: PipelineSettings
    var splitter: ReasoningSplitter
    var buffer = AnswerBuffer()
    var parts: ReasoningParts
    /// A summary of its reasoning that the upstream sent by itself.
    var adopted: ReasoningTranscript
    var encoder: any EventEncoder

    var promptSummary = SummaryLine()
    var reasoningSummary = SummaryLine()
    /// Whether pieces of the part in flight have been shown.
    var partShown = false
    /// Why the last part that failed did.
    var partFailure: String?
    var summaryUsage = SummaryUsage()
    /// No more reasoning will be summarised: the answer has begun or the upstream has ended.
    public internal(set) var reasoningEnded = false
    var end: (OutputEnd, StreamError?)?
    /// Whether the last event is written.
    public internal(set) var isDone = false
    public internal(set) var progress = PipelineProgress()
    var usage: [UInt8] = []
    /// Names of members that stand beside the upstream's choices, once the encoder has them.
    var hasSystemFingerprint = false
    var hasServiceTier = false
    var finishReason: [UInt8]?
    /// Whether anything of the present attempt has been used, so that another attempt is out of the question.
    public internal(set) var hasUsedUpstream = false
    /// A delta has brought something, in the present attempt.
    var deltasSeen = false
    /// The answer holds more than white space.
    var answerHasText = false
    var delta = OutputDelta()
    /// Log probabilities of text that may still turn out to be a marker.
    var heldLogprobs = DeltaAccumulator()
    var reasoning: [UInt8] = []

    public init(_ settings: PipelineSettings) {
        self.settings = settings
        splitter = ReasoningSplitter(settings)
        parts = ReasoningParts(
            rollingCharacters: settings.rollingCharacters, maximumCharacters: settings.reasoningCharacters)
        adopted = ReasoningTranscript(maximumCharacters: settings.reasoningCharacters)
        encoder = settings.encoder()
    }

    // MARK: What happens

    /// The stream begins. What is switched off is known already.
    public mutating func begin(into output: inout [UInt8]) {
        if !settings.summarizesPrompt { promptSummary.settle(.empty) }
        emit(into: &output)
    }

    /// One `data:` payload has come from the upstream.
    /// - Returns: a fault when the upstream's stream cannot go on; the caller decides whether to try again, and else
    ///   calls `upstreamFailed`.
    public mutating func receive(_ payload: Span<UInt8>, into output: inout [UInt8]) -> StreamFault? {
        guard end == nil else { return nil }
        if UpstreamChunk.isDone(payload) {
            endUpstream(into: &output)
            return nil
        }
        do throws(JSONError) {
            let chunk = try UpstreamChunk(parsing: payload)
            if let fault = chunk.fault { return StreamFault(fault, in: payload) }
            take(chunk, of: payload, into: &output)
            return nil
        } catch {
            return StreamFault(
                code: "upstream_error", message: "The upstream sent a malformed chunk.", detail: "\(error)")
        }
    }

    /// A whole JSON answer has come in place of a stream.
    public mutating func receiveWhole(_ body: Span<UInt8>, into output: inout [UInt8]) -> StreamFault? {
        if let fault = receive(body, into: &output) { return fault }
        return upstreamClosed(into: &output)
    }

    /// The upstream's stream has ended in due form, as far as HTTP goes.
    /// - Returns: a fault when the answer in it is not whole.
    public mutating func upstreamClosed(into output: inout [UInt8]) -> StreamFault? {
        guard end == nil else { return nil }
        guard finishReason != nil else { return .truncated }
        endUpstream(into: &output)
        return nil
    }

    /// The upstream is given up, or the gateway shuts down.
    /// - Parameter status: of the response that has broken off; nil when there was none.
    public mutating func upstreamFailed(_ fault: StreamFault, status: Int? = nil, into output: inout [UInt8]) {
        guard end == nil else {
            // The answer is whole; only a summary is still awaited, and nobody will wait for it any more.
            if !isDone {
                giveUpSummaries()
                emit(into: &output)
            }
            return
        }
        progress.faultCause = fault.cause
        finishSplitting(.truncated)
        var detail = fault.detail.isEmpty ? "" : fault.detail + "; "
        detail += "received \(progress.reasoningCharacters) characters of reasoning"
        detail += " and \(progress.answerCharacters) of the answer"
        if let status { detail += ", after HTTP status \(status)" }
        end = (
            OutputEnd(escapedFinishReason: nil, usage: usage, isComplete: false),
            StreamError(stage: .upstreamStream, message: fault.message, detail: detail, code: fault.code)
        )
        giveUpSummaries()
        emit(into: &output)
    }

    /// Breaks the silence of a stream. Between two calls of the others.
    public mutating func keepAlive(into output: inout [UInt8]) {
        encoder.keepAlive(to: &output)
    }

    /// Another attempt begins; nothing of the last one was used.
    public mutating func restartUpstream() {
        splitter = ReasoningSplitter(settings)
        finishReason = nil
        usage = []
        deltasSeen = false
        answerHasText = false
        heldLogprobs = DeltaAccumulator()
    }

    // MARK: What it asks for

    /// Whether no more is expected from the upstream.
    public var upstreamEnded: Bool { end != nil }

    /// Answer text that is held back, in bytes.
    public var heldBytes: Int { buffer.heldBytes }

    /// Bytes of an answer that is given whole, as far as it has come; 0 for a stream.
    public var assembledBytes: Int { encoder.assembledBytes }
}
