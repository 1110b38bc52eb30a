/// Holds the pieces of an answer in order while the summaries in front of it are awaited.
///
/// All bytes lie in one array, with a small record for each piece. Neighbouring pieces that have text alone are merged up
/// to `mergedBytes`, so that thousands of small deltas leave as a few. The buffer itself never refuses: its user
/// looks at `heldBytes` and pauses the upstream.
public struct AnswerBuffer: Sendable {
    /// Most bytes of text that merging gives a piece. A longer piece stays whole.
    public static let mergedBytes = 4_096

    private struct Record {
        var textCount: Int
        var extrasCount: Int
        var logprobsCount: Int

        var isTextOnly: Bool { extrasCount == 0 && logprobsCount == 0 }
    }

    /// Text, extras and log probabilities of each record in turn.
    private var bytes: [UInt8] = []
    private var records: [Record] = []

    public init() {}

    public var isEmpty: Bool { records.isEmpty }

    /// Pieces that `drain` would give.
    public var pieceCount: Int { records.count }

    /// Memory that the pieces take, their records included.
    public var heldBytes: Int { bytes.count &+ records.count &* MemoryLayout<Record>.stride }

    /// Adds a piece; one without any byte is ignored.
    ///
    /// - Parameters:
    ///   - text: the inside of a JSON string, escaped; may be empty. Must not end inside an escape.
    ///   - extras: further members of the upstream's delta, as raw JSON in the caller's own shape.
    ///   - logprobs: the upstream's `logprobs`, as raw JSON.
    public mutating func append(
        text: Span<UInt8>,
        extras: Span<UInt8> = Span(),
        logprobs: Span<UInt8> = Span()
    ) {
        guard !(text.isEmpty && extras.isEmpty && logprobs.isEmpty) else { return }
        let record = Record(
            textCount: text.count,
            extrasCount: extras.count,
            logprobsCount: logprobs.count
        )
        if record.isTextOnly, let last = records.last, last.isTextOnly,
            text.count <= Self.mergedBytes &- last.textCount
        {
            records[records.count - 1].textCount = last.textCount &+ text.count
        } else {
            records.append(record)
        }
        bytes.append(contentsOf: text)
        bytes.append(contentsOf: extras)
        bytes.append(contentsOf: logprobs)
    }

    /// Gives every piece in order, and leaves the buffer empty, its memory returned. Absent parts are empty spans.
    public mutating func drain(
        _ body: (_ text: Span<UInt8>, _ extras: Span<UInt8>, _ logprobs: Span<UInt8>) -> Void
    ) {
        let drained = self
        self = AnswerBuffer()
        let span = drained.bytes.span
        var position = 0
        for record in drained.records {
            let text = position..<position + record.textCount
            let extras = text.upperBound..<text.upperBound + record.extrasCount
            let logprobs = extras.upperBound..<extras.upperBound + record.logprobsCount
            body(span.extracting(text), span.extracting(extras), span.extracting(logprobs))
            position = logprobs.upperBound
        }
    }
}
