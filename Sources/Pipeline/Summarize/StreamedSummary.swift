internal import JSON

/// A summary as it comes from its model: chunks go in, words come out. White space at both ends, and the model's own reasoning,
/// are left out.
public struct StreamedSummary: Sendable {
    /// Bytes of a summary that are taken.
    public static let longestText = 64 << 10
    static let errorDetail = "the summary model answered with an error"

    private var splitter: TextSplitter
    private var stopped = true
    private var parts = ParsedText()
    /// What was given out.
    private var text = ""
    /// White space that is given out once a word follows; and a character whose end has not come.
    private var held: [UInt8] = []
    private var fault: String?
    /// What the model told of its tokens.
    public private(set) var usage: TokenUsage?
    /// Whether nothing more is expected.
    public private(set) var isDone = false

    /// - Parameter expectation: what is known of the summary model's text.
    public init(_ expectation: TextExpectation) {
        splitter = TextSplitter(expectation)
    }

    /// One `data:` payload of the stream.
    /// - Returns: new words, in the order in which they shall be shown; may be empty.
    public mutating func receive(_ payload: Span<UInt8>) -> String {
        if UpstreamChunk.isDone(payload) {
            isDone = true
            return ""
        }
        do throws(JSONError) {
            let chunk = try UpstreamChunk(parsing: payload)
            if chunk.fault != nil { fault = Self.errorDetail }
            return take(chunk, of: payload)
        } catch {
            fault = "the summary model's stream is malformed"
            isDone = true
            return ""
        }
    }

    mutating func take(_ chunk: UpstreamChunk, of payload: Span<UInt8>) -> String {
        if let range = chunk.usage { usage = TokenUsage(payload.extracting(range)) }
        if let reason = chunk.choice.finishReason { stopped = reason.string(in: payload) == "stop" }
        if chunk.choice.reasoning != nil { splitter.reasoningFieldSeen(into: &parts) }
        var content: [UInt8] = []
        chunk.choice.appendContent(of: payload, to: &content)
        guard !content.isEmpty else { return "" }
        splitter.consume(content.span, into: &parts)
        return flush()
    }

    /// The stream has ended.
    /// - Returns: the last words, and the whole summary or why there is none.
    public mutating func finish() -> (words: String, outcome: SummaryOutcome) {
        isDone = true
        splitter.finish(.complete, stopped: stopped, into: &parts)
        let words = flush()
        if let fault { return (words, .failed(detail: fault)) }
        return (words, text.isEmpty ? .failed(detail: "the summary model's answer is empty") : .text(text))
    }

    private mutating func flush() -> String {
        guard text.utf8.count < Self.longestText, held.count < Self.longestText else {
            parts = ParsedText()
            return ""
        }
        held += parts.content
        parts = ParsedText()
        let end = held.count - Self.unfinishedBytes(held)
        let whole = String(decoding: held[..<end], as: UTF8.self)
        let words = text.isEmpty ? whole.drop { $0.isWhitespace } : Substring(whole)
        guard let last = words.lastIndex(where: { !$0.isWhitespace }) else {
            if text.isEmpty { held.removeFirst(end) }
            return ""
        }
        let shown = String(words[...last])
        held = Array(words[words.index(after: last)...].utf8) + held[end...]
        text += shown
        return shown
    }

    /// Bytes at the end that begin a UTF-8 sequence and do not end it.
    private static func unfinishedBytes(_ bytes: [UInt8]) -> Int {
        for length in 1...3 where length <= bytes.count {
            let byte = bytes[bytes.count - length]
            if byte & 0xC0 == 0x80 { continue }
            let expected = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return expected > length ? length : 0
        }
        return 0
    }
}

/// What a model says of the tokens it took and gave.
public struct TokenUsage: Sendable, Equatable {
    public var prompt = 0
    public var completion = 0

    init?(_ usage: Span<UInt8>) {
        guard let value = try? JSONCursor.document(usage), value.kind == .object else { return nil }
        value.forEachMember(in: usage) { name, member in
            let number = max(0, member.integer(in: usage) ?? 0)
            if name == JSONName("prompt_tokens") { prompt = number }
            if name == JSONName("completion_tokens") { completion = number }
        }
    }

    /// Adds what another call took, up to what an `Int` holds.
    mutating func add(_ other: TokenUsage) {
        prompt = prompt.addingReportingOverflow(other.prompt).overflow ? .max : prompt &+ other.prompt
        completion =
            completion.addingReportingOverflow(other.completion).overflow ? .max : completion &+ other.completion
    }
}
