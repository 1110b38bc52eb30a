/// One event of a `text/event-stream`.
public struct ServerSentEvent: Equatable, Sendable {
    /// Where the data is. Several `data` lines are joined by LF.
    public enum Payload: Equatable, Sendable {
        /// In the input that the event was decoded from.
        case slice(Range<Int>)
        /// Put together from several reads or lines.
        case assembled([UInt8])
    }

    /// The `event` field, or empty where there was none (which the standard calls `message`).
    public let name: String
    public let payload: Payload
    /// False for an event that the stream's end cut off before its blank line.
    public let isTerminated: Bool

    /// Calls `body` with the data; `input` is what the event was decoded from. The bytes are not checked to be UTF-8.
    public func withData<Result, Failure: Error>(
        in input: Span<UInt8>,
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch payload {
        case .slice(let range): try body(input.extracting(range.clamped(to: 0..<input.count)))
        case .assembled(let bytes): try body(bytes.span)
        }
    }
}
