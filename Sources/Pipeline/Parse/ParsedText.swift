/// What a reasoning parser made of the text it was given: UTF-8 bytes, divided into reasoning and content.
///
/// A parser appends, the caller takes and clears. The bytes of one piece may end inside a UTF-8 sequence only where the
/// parser's input did.
public struct ParsedText: Sendable, Equatable {
    /// Text of the model's reasoning.
    public var reasoning: [UInt8]
    /// Text of the answer.
    public var content: [UInt8]

    public init(reasoning: [UInt8] = [], content: [UInt8] = []) {
        self.reasoning = reasoning
        self.content = content
    }

    /// True when there is neither reasoning nor content.
    public var isEmpty: Bool { reasoning.isEmpty && content.isEmpty }

    /// Empties both sides and keeps their storage for the next piece.
    public mutating func clear() {
        reasoning.removeAll(keepingCapacity: true)
        content.removeAll(keepingCapacity: true)
    }
}

/// How far a parsed stream has come. It never goes back: reasoning that comes while `answering` is late reasoning.
public enum ReasoningPhase: Sendable, Equatable {
    /// Nothing was released and no block was opened.
    case undecided
    /// A reasoning block was opened; no content yet.
    case reasoning
    /// Content was released, or the block of the answer was opened.
    case answering
    /// The answer was closed by its own marker; what follows is dropped.
    case ended
}

/// How the text of a stream came to its end.
public enum StreamEnd: Sendable, Equatable {
    /// The upstream said that it was done, whatever its finish reason.
    case complete
    /// The stream broke off.
    case truncated
}
