internal import JSON
internal import ServerSentEvents

/// Checks a recorded stream against protocol.md: the order of events, how often each may come, one end, and the form of each
/// chunk. A value that eats bytes, however they are split.
public struct StreamGrammar: Sendable {
    /// What was found.
    public struct Verdict: Sendable {
        /// As given, or as the first event shows; nil when nothing came.
        public var format: StreamFormat?
        public var events = 0
        /// Bytes of the answer's text, and of the summaries.
        public var answerBytes = 0
        public var summaryBytes = 0
        /// Of the answer's text.
        public var answerHash = TextHash()
        /// Whether the answer is told to be whole.
        public var isComplete = false
        public var finishReason: String?
        /// In the order in which they were found, at most `longestList`; each begins with the number of its event.
        public var violations: [String] = []

        public var isValid: Bool { violations.isEmpty }
    }

    /// Violations that are kept.
    public static let longestList = 20

    /// How far a stream has come.
    enum Stage: Int {
        case start
        case promptDone
        case reasoningDone
        /// A fatal error has come; only the end may follow.
        case failed
        /// The end of the answer has come; in `openai` usage and `[DONE]` may follow.
        case ended
        case closed
    }

    public private(set) var verdict = Verdict()
    var stage = Stage.start
    var identity = ChunkIdentity()
    private var decoder: EventStreamDecoder
    private var lines = LineBeginnings()

    /// - Parameters:
    ///   - format: nil: told from the first event.
    ///   - maximumEventBytes: longest event that is read.
    public init(format: StreamFormat? = nil, maximumEventBytes: Int = 64 << 20) {
        verdict.format = format
        decoder = EventStreamDecoder(maximumEventBytes: maximumEventBytes)
    }

    public mutating func read(_ bytes: Span<UInt8>) {
        lines.read(bytes)
        var position = 0
        do throws(EventStreamError) {
            while let event = try decoder.next(bytes, &position) { take(event, in: bytes) }
        } catch {
            violation("an event is too long")
        }
    }

    /// The recording ends.
    public mutating func finish() -> Verdict {
        if decoder.finish() != nil { violation("the stream ends inside an event") }
        if verdict.format == .openai {
            if lines.hasComments { violation("there are comments") }
            if lines.hasNames { violation("there are event names") }
        }
        switch stage {
        case .closed: break
        case .ended where verdict.format == .openai: violation("[DONE] is missing")
        default: violation("the stream does not end in due form")
        }
        return verdict
    }

    private mutating func take(_ event: ServerSentEvent, in bytes: Span<UInt8>) {
        verdict.events += 1
        let name = event.name
        event.withData(in: bytes) { data in
            if stage == .closed { violation("something follows the end") }
            if UpstreamChunk.isDone(data) {
                done()
                return
            }
            guard let members = EventMembers(data) else {
                violation("the data is no JSON object")
                return
            }
            let format = verdict.format ?? Self.format(name, members)
            verdict.format = format
            switch format {
            case .unified: takeNamed(name, members, data, isChunk: true)
            case .events: takeNamed(name, members, data, isChunk: false)
            case .openai: takeChunk(members, data)
            }
        }
    }

    private static func format(_ name: String, _ members: EventMembers) -> StreamFormat {
        if name.isEmpty { return .openai }
        return members["choices"] == nil ? .events : .unified
    }

    private mutating func done() {
        guard verdict.format == .openai else {
            violation("[DONE] has no place in this format")
            return
        }
        if stage != .ended, stage != .failed { violation("[DONE] comes before the answer's end") }
        stage = .closed
    }

    private mutating func takeNamed(_ name: String, _ members: EventMembers, _ data: Span<UInt8>, isChunk: Bool) {
        if members["request_id"]?.kind != .string { violation("request_id is missing") }
        if isChunk {
            for complaint in identity.check(members, data, hasChoice: true) { violation(complaint) }
        } else {
            let known: Set = ["text", "message", "stage", "request_id", "detail"]
            for key in members.names where !known.contains(key) { violation("the key \(key) has no place here") }
        }
        let text = members["text"]?.string(in: data)
        let isFatal = isChunk && members["fatal"]?.bool == true
        if isChunk, !isFatal, members["error"] != nil { violation("the key error stands outside of a fatal error") }
        let event = Event(name: name, text: text, members: members, data: isChunk ? identity.choice : nil)
        if ["summary.prompt", "summary.reasoning", "output.delta"].contains(name), text == nil {
            violation("text is missing")
        }
        advance(event, isFatal: isFatal, in: data)
        if stage == .ended { stage = .closed }
    }

    private mutating func takeChunk(_ members: EventMembers, _ data: Span<UInt8>) {
        if members["error"] != nil {
            if members.names.first != "error" { violation("error is not the first key") }
            fail()
            return
        }
        let isUsage = members["choices"]?.isEmptyArray(in: data) ?? false
        for complaint in identity.check(members, data, hasChoice: !isUsage) { violation(complaint) }
        if isUsage {
            if stage != .ended { violation("usage comes before the answer's end") }
            return
        }
        guard let name = members["gateway_event"]?.string(in: data) else {
            violation("gateway_event is missing")
            return
        }
        let choice = identity.choice
        let text = name == "output.delta" ? choice.content : choice.reasoning
        advance(Event(name: name, text: text, members: members, data: choice), isFatal: false, in: data)
    }

    mutating func fail() {
        if stage.rawValue < Stage.reasoningDone.rawValue { violation("a fatal error comes before the summaries") }
        if stage.rawValue > Stage.reasoningDone.rawValue { violation("an error follows the end") }
        stage = .failed
    }

    mutating func violation(_ text: String) {
        guard verdict.violations.count < Self.longestList else { return }
        verdict.violations.append("event \(verdict.events): \(text)")
    }

    mutating func count(answer text: String) {
        verdict.answerBytes += text.utf8.count
        verdict.answerHash.add(text)
    }

    mutating func count(summary text: String) {
        verdict.summaryBytes += text.utf8.count
    }

    mutating func end(isComplete: Bool, finishReason: String?) {
        verdict.isComplete = isComplete
        verdict.finishReason = finishReason
        stage = .ended
    }
}
