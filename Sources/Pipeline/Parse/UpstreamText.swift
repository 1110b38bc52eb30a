public import JSON

/// Text in an upstream's payload, in one of the shapes that servers give it: one string, or pieces to be joined.
public enum UpstreamText: Sendable, Equatable {
    case string(JSONValue)
    /// Strings, none of them empty.
    case pieces([JSONValue])

    public var isEmpty: Bool {
        switch self {
        case .string(let value): value.isEmptyString
        case .pieces(let pieces): pieces.isEmpty
        }
    }

    /// The one string that this is, whose escaped slice may be copied as it stands.
    public var single: JSONValue? {
        switch self {
        case .string(let value): value
        case .pieces(let pieces): pieces.count == 1 ? pieces.first : nil
        }
    }

    /// Appends the text, escapes resolved.
    public func append(of payload: Span<UInt8>, to output: inout [UInt8]) {
        switch self {
        case .string(let value):
            JSONString.appendUnescaped(value, of: payload, to: &output)
        case .pieces(let pieces):
            for piece in pieces { JSONString.appendUnescaped(piece, of: payload, to: &output) }
        }
    }

    /// A string, an object's `text`, or a list of such.
    init?(_ value: JSONValue, in payload: Span<UInt8>) {
        switch value.kind {
        case .string:
            self = .string(value)
        case .object:
            guard let text = Part(value, in: payload)?.text else { return nil }
            self = .string(text)
        case .array:
            var pieces: [JSONValue] = []
            value.forEachElement(in: payload) { element in
                pieces.appendText(element.ifString ?? Part(element, in: payload)?.text)
            }
            self = .pieces(pieces)
        default:
            return nil
        }
    }

    /// `content`: a string, or a list of which the `text` parts count; its `thinking` parts are put apart.
    init?(content value: JSONValue, thinking: inout UpstreamText?, in payload: Span<UInt8>) {
        guard value.kind == .array else {
            self.init(value, in: payload)
            return
        }
        let names = ChunkNames.shared
        var content: [JSONValue] = []
        var reasoning: [JSONValue] = []
        value.forEachElement(in: payload) { element in
            guard let part = Part(element, in: payload) else {
                content.appendText(element.ifString)
                return
            }
            if part.type == names.thinking {
                switch part.thinking.flatMap({ UpstreamText($0, in: payload) }) {
                case .string(let text): reasoning.appendText(text)
                case .pieces(let pieces): reasoning += pieces
                case nil: reasoning.appendText(part.text)
                }
            } else if part.type == names.text || part.type == nil {
                content.appendText(part.text)
            }
        }
        thinking = .pieces(reasoning)
        self = .pieces(content)
    }

    /// OpenRouter's list: `text` of `reasoning.text`, `summary` of `reasoning.summary`, nothing of what is encrypted.
    init?(reasoningDetails value: JSONValue, in payload: Span<UInt8>) {
        guard value.kind == .array else {
            self.init(value, in: payload)
            return
        }
        let names = ChunkNames.shared
        var pieces: [JSONValue] = []
        value.forEachElement(in: payload) { element in
            guard let part = Part(element, in: payload) else { return }
            if part.type == names.reasoningText || part.type == nil { pieces.appendText(part.text) }
            if part.type == names.reasoningSummary || part.type == nil { pieces.appendText(part.summary) }
        }
        self = .pieces(pieces)
    }

    /// The summaries alone in OpenRouter's list; nil where there are none.
    init?(reasoningSummaries value: JSONValue, in payload: Span<UInt8>) {
        let names = ChunkNames.shared
        var pieces: [JSONValue] = []
        value.forEachElement(in: payload) { element in
            guard let part = Part(element, in: payload), part.type == names.reasoningSummary else { return }
            pieces.appendText(part.summary)
        }
        guard !pieces.isEmpty else { return nil }
        self = .pieces(pieces)
    }
}

/// The members of a part, or of a reasoning detail, that matter.
private struct Part {
    var type: JSONName?
    var text: JSONValue?
    var summary: JSONValue?
    var thinking: JSONValue?

    init?(_ value: JSONValue, in payload: Span<UInt8>) {
        guard value.kind == .object else { return nil }
        let names = ChunkNames.shared
        value.forEachMember(in: payload) { name, member in
            switch name {
            case names.type where member.kind == .string: type = member.name(in: payload)
            case names.text: text = member.ifString
            case names.summary: summary = member.ifString
            case names.thinking: thinking = member
            default: break
            }
        }
    }
}

extension [JSONValue] {
    fileprivate mutating func appendText(_ text: JSONValue?) {
        guard let text, !text.isEmptyString else { return }
        append(text)
    }
}
