public import JSON

/// What one `data:` payload of an upstream says: a `chat.completion.chunk`, or a whole `chat.completion`.
///
/// Read and validated in one pass. It holds positions in the payload only, so every use is given the payload again.
/// Of the choices the one with index 0 counts. Where a member comes twice, the last one counts. Members of an unexpected
/// type are taken as absent, except that anything but an object at the top is an error.
public struct UpstreamChunk: Sendable, Equatable {
    /// The upstream's error, where it sent one; the rest may be there all the same.
    public internal(set) var fault: UpstreamFault?
    /// Where the `usage` object is.
    public internal(set) var usage: Range<Int>?
    public internal(set) var id: JSONValue?
    public internal(set) var model: JSONValue?
    public internal(set) var systemFingerprint: JSONValue?
    public internal(set) var serviceTier: JSONValue?
    /// Elements of `choices`, whatever their index.
    public internal(set) var choiceCount = 0
    /// The choice with index 0, or without an index; empty where there is none.
    public internal(set) var choice = UpstreamChoice()

    /// Whether a payload is the `[DONE]` that ends a stream.
    public static func isDone(_ payload: Span<UInt8>) -> Bool {
        var bounds = payload.indices
        while let last = bounds.last, payload[last] <= 0x20 { bounds = bounds.dropLast() }
        while let first = bounds.first, payload[first] <= 0x20 { bounds = bounds.dropFirst() }
        let done = "[DONE]".utf8.span
        guard bounds.count == done.count else { return false }
        for offset in done.indices where payload[bounds.lowerBound &+ offset] != done[offset] { return false }
        return true
    }

    /// - Throws: where the payload is not JSON, or no object.
    public init(parsing payload: Span<UInt8>) throws(JSONError) {
        let names = ChunkNames.shared
        var faultMembers = UpstreamFault.Members()
        var hasChoices = false
        var isErrorObject = false
        var cursor = JSONCursor()
        try cursor.enterObject(payload)
        while let key = try cursor.nextKey(payload) {
            let name = key.name(in: payload)
            if name == names.choices, try cursor.peekKind(payload) == .array {
                hasChoices = true
                try readChoices(payload, &cursor, names)
                continue
            }
            let value = try cursor.value(payload)
            if name == names.object {
                isErrorObject = value.name(in: payload) == names.error
            } else if name == names.created {
                continue
            } else if name == names.id {
                id = value.ifString
            } else if name == names.model {
                model = value.ifString
            } else if name == names.usage {
                usage = value.kind == .object ? value.range : nil
            } else if name == names.systemFingerprint {
                systemFingerprint = value.ifString
            } else if name == names.serviceTier {
                serviceTier = value.ifString
            } else if name == names.error {
                fault = UpstreamFault(error: value, in: payload)
            } else {
                faultMembers.note(name, value)
            }
        }
        try cursor.end(payload)
        if fault == nil, isErrorObject || !hasChoices {
            fault = UpstreamFault(faultMembers, whole: 0..<payload.count, isErrorObject: isErrorObject, in: payload)
        }
    }

    private mutating func readChoices(
        _ payload: Span<UInt8>,
        _ cursor: inout JSONCursor,
        _ names: ChunkNames
    ) throws(JSONError) {
        choiceCount = 0
        var hasFound = false
        try cursor.enterArray(payload)
        while try cursor.nextElement(payload) {
            choiceCount &+= 1
            let kind = try cursor.peekKind(payload)
            if kind == .object, !hasFound {
                hasFound = try choice.read(payload, &cursor, names)
            } else {
                _ = try cursor.value(payload)
            }
        }
        if !hasFound { choice = UpstreamChoice() }
    }
}

extension JSONValue {
    var ifString: JSONValue? { kind == .string ? self : nil }
}
