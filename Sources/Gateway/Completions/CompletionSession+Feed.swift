internal import Pipeline
internal import ServerSentEvents

/// Bytes of the upstream's stream, on their way into the pipeline.
extension CompletionSession {
    /// - Returns: a fault when the stream cannot go on.
    func feed(_ bytes: [UInt8], to decoder: inout EventStreamDecoder) -> StreamFault? {
        var fault: StreamFault?
        advance { pipeline, output in
            var position = 0
            let span = bytes.span
            do throws(EventStreamError) {
                while fault == nil, let event = try decoder.next(span, &position) {
                    fault = event.withData(in: span) { data in pipeline.receive(data, into: &output) }
                }
            } catch {
                fault = .oversizedEvent
            }
        }
        if fault == nil, pipeline.assembledBytes > Self.answerLimit { fault = .oversizedAnswer }
        return fault
    }

    /// The upstream's stream has ended, as far as HTTP goes.
    /// - Returns: a fault when what came is not a whole answer.
    func feedEnd(of decoder: inout EventStreamDecoder) -> StreamFault? {
        var fault: StreamFault?
        advance { pipeline, output in
            // Some servers leave out the line end behind their last event. Half an event is another thing: its JSON is
            // not whole, and the fault is that the stream was cut.
            if let last = decoder.finish() {
                fault = last.withData(in: Span()) { data in pipeline.receive(data, into: &output) }
            }
            fault = fault == nil ? pipeline.upstreamClosed(into: &output) : .truncated
        }
        return fault
    }
}

extension StreamFault {
    static let oversizedAnswer = StreamFault(
        code: "upstream_error", message: "The answer is too large to be given whole: ask for a stream.",
        detail: "more than \(CompletionSession.answerLimit) bytes")

    static let oversizedEvent = StreamFault(
        code: "upstream_error", message: "The upstream sent an event that is too large.",
        detail: "more than \(CompletionSession.answerLimit) bytes")
}
