/// Turns the gateway's events into the bytes of one answer. What differs between the stream formats, and between a
/// stream and a whole answer, is here and nowhere else (protocol.md, "Three formats of one stream").
///
/// An encoder does not check the order of events: the pipeline holds that.
protocol EventEncoder: Sendable {
    /// A piece of a summary, before the summary itself. All pieces together are its text.
    /// - Parameter index: counts a summary's pieces, from 0.
    mutating func summaryDelta(
        _ subject: SummaryPrompts.Subject, _ text: String, index: Int, to output: inout [UInt8])

    /// - Parameter shown: whether the text was given in pieces before.
    mutating func summary(
        _ subject: SummaryPrompts.Subject, _ summary: Summary, shown: Bool, to output: inout [UInt8])

    /// - Parameters:
    ///   - text: the inside of a JSON string, escaped.
    ///   - members: further members of the upstream's delta, `"name":value` parted by commas.
    ///   - logprobs: a JSON value; empty: null.
    mutating func outputDelta(
        _ text: Span<UInt8>, members: Span<UInt8>, logprobs: Span<UInt8>, to output: inout [UInt8])

    mutating func error(_ error: StreamError, to output: inout [UInt8])

    mutating func done(_ end: OutputEnd, to output: inout [UInt8])

    /// What breaks a silence without saying anything. Only between events.
    mutating func keepAlive(to output: inout [UInt8])

    /// The upstream has told something of itself that belongs beside the choices of all further chunks:
    /// `"system_fingerprint":…` or `"service_tier":…`.
    mutating func adopt(chunkMember: Span<UInt8>)

    /// Bytes of an answer that is kept until its end.
    var assembledBytes: Int { get }
}

extension EventEncoder {
    var assembledBytes: Int { 0 }
}

extension SummaryPrompts.Subject {
    /// The event that tells the summary.
    var eventName: StaticString { self == .prompt ? "summary.prompt" : "summary.reasoning" }
}

/// The shapes in which one answer can be given.
public enum StreamFormat: String, Sendable, CaseIterable {
    /// Named events whose data are at the same time `chat.completion.chunk` objects.
    case unified
    /// `chat.completion.chunk` objects without names, closed by `[DONE]`.
    case openai
    /// Named events with the reference's keys and nothing else.
    case events
}

/// What the client gets: a stream, or one JSON object at the end.
public enum AnswerForm: Sendable, Equatable {
    case stream(StreamFormat)
    case whole
}

extension PipelineSettings {
    func encoder() -> any EventEncoder {
        switch form {
        case .stream(.unified): UnifiedEncoder(requestID: requestID, created: created, model: model)
        case .stream(.openai):
            OpenAIEncoder(requestID: requestID, created: created, model: model, includesUsage: includesUsage)
        case .stream(.events): EventsEncoder(requestID: requestID)
        case .whole: AnswerAssembler(requestID: requestID, created: created, model: model)
        }
    }
}
