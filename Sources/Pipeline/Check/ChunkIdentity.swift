internal import JSON

/// The members of an event's data, which is a JSON object.
struct EventMembers {
    private(set) var names: [String] = []
    private var values: [String: JSONValue] = [:]

    /// Nothing when the data is no JSON object.
    init?(_ data: Span<UInt8>) {
        do throws(JSONError) {
            var cursor = JSONCursor()
            try cursor.enterObject(data)
            while let key = try cursor.nextKey(data) {
                let name = key.string(in: data) ?? ""
                names.append(name)
                values[name] = try cursor.value(data)
            }
            try cursor.end(data)
        } catch {
            return nil
        }
    }

    subscript(_ name: String) -> JSONValue? { values[name] }
}

/// What must be the same in every chunk of a stream, and the rules of one chunk (protocol.md, "Rules for both chunk formats").
struct ChunkIdentity: Sendable {
    /// The one choice of a chunk.
    struct Choice {
        var role: String?
        var content: String?
        var reasoning: String?
        var finishReason: String?
    }

    /// The choice of the chunk that was checked last.
    private(set) var choice = Choice()
    private var known: [String: [UInt8]] = [:]
    private var chunks = 0

    private static let forbidden: Set = [
        "type", "event", "selected_model_id", "timings", "sources", "citations", "search_results",
    ]

    /// - Returns: what is wrong.
    mutating func check(_ members: EventMembers, _ data: Span<UInt8>, hasChoice: Bool) -> [String] {
        var complaints: [String] = []
        chunks += 1
        choice = Choice()
        for name in ["request_id", "id", "object", "created", "model"] {
            guard let value = members[name] else {
                complaints.append("\(name) is missing")
                continue
            }
            let bytes = data.extracting(value.range)
            let copy = bytes.indices.map { bytes[$0] }
            if let earlier = known[name], earlier != copy { complaints.append("\(name) changes") }
            known[name] = copy
        }
        if members["object"]?.string(in: data) != "chat.completion.chunk" { complaints.append("object is another one") }
        for name in members.names where Self.forbidden.contains(name) {
            complaints.append("the key \(name) has no place here")
        }
        if hasChoice { readChoice(members["choices"], data, &complaints) }
        return complaints
    }

    private mutating func readChoice(_ choices: JSONValue?, _ data: Span<UInt8>, _ complaints: inout [String]) {
        var count = 0
        var hasDelta = false
        choices?.forEachElement(in: data) { element in
            count += 1
            element.forEachMember(in: data) { name, value in
                if name == JSONName("index"), value.integer(in: data) != 0 { complaints.append("index is not 0") }
                if name == JSONName("finish_reason") { choice.finishReason = value.string(in: data) }
                if name == JSONName("delta"), value.kind == .object {
                    hasDelta = true
                    value.forEachMember(in: data) { name, member in
                        if name == JSONName("role") { choice.role = member.string(in: data) }
                        if name == JSONName("content") { choice.content = member.string(in: data) }
                        if name == JSONName("reasoning_content") { choice.reasoning = member.string(in: data) }
                    }
                }
            }
        }
        if count != 1 { complaints.append("there are \(count) choices") }
        if !hasDelta { complaints.append("delta is missing") }
        if (choice.role != nil) != (chunks == 1) {
            complaints.append("role belongs on the first chunk, and there alone")
        }
    }
}

/// What the lines of a stream begin with, for what a decoder of events passes over.
struct LineBeginnings: Sendable {
    private(set) var hasComments = false
    private(set) var hasNames = false
    /// The beginning of the line that is being read, as far as it is looked at.
    private var beginning: [UInt8] = []
    private static let name = Array("event".utf8)

    mutating func read(_ bytes: Span<UInt8>) {
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == 0x0A || byte == 0x0D {
                beginning.removeAll(keepingCapacity: true)
            } else if beginning.count < Self.name.count {
                if beginning.isEmpty, byte == UInt8(ascii: ":") { hasComments = true }
                beginning.append(byte)
                if beginning == Self.name { hasNames = true }
            }
        }
    }
}
