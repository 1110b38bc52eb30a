internal import JSON

/// What has to change in a body so that `stream_options.include_usage` is true.
enum UsageOption: Sendable {
    /// There is no `stream_options`.
    case absent
    /// `stream_options` is no object.
    case unusable(Range<Int>)
    /// There is no `include_usage`; it can be put at the position.
    case missing(at: Int, isEmpty: Bool)
    /// The values of `include_usage`, of which the last one counts.
    case given([JSONValue])

    init(_ streamOptions: JSONValue?, in body: Span<UInt8>) {
        guard let streamOptions else {
            self = .absent
            return
        }
        guard streamOptions.kind == .object else {
            self = .unusable(streamOptions.range)
            return
        }
        let includeUsage = JSONName("include_usage")
        var given: [JSONValue] = []
        var isEmpty = true
        streamOptions.forEachMember(in: body) { name, value in
            isEmpty = false
            if name == includeUsage { given.append(value) }
        }
        self = given.isEmpty ? .missing(at: streamOptions.range.lowerBound + 1, isEmpty: isEmpty) : .given(given)
    }

    var isAsked: Bool {
        guard case .given(let values) = self else { return false }
        return values.last?.bool == true
    }
}

extension ChatRequest {
    /// A member to be added to the body, its value as JSON.
    public struct ExtraMember: Sendable {
        public let name: String
        public let json: String

        public init(name: String, json: String) {
            self.name = name
            self.json = json
        }
    }

    /// The body for the upstream: the client's, byte for byte, save that the gateway's own members are taken out, `stream` is
    /// true, and what the arguments ask for.
    ///
    /// - Parameters:
    ///   - instruction: text of a system message to be put first.
    ///   - includeUsage: whether `stream_options.include_usage` is set to true. Otherwise it stays as the client has it.
    ///   - extraMembers: top-level members to add, each only where the client gives none of that name.
    public func upstreamBody(
        instruction: String?,
        includeUsage: Bool,
        extraMembers: [ExtraMember] = []
    ) -> [UInt8] {
        var splices = members.removals.map { Splice(range: $0) }
        var added: [String] = []
        if let stream = members[.stream] {
            if stream.bool != true { splices.append(Splice(range: stream.range, text: "true")) }
        } else {
            added.append(#""stream":true"#)
        }
        if includeUsage {
            switch usageOption {
            case .absent:
                added.append(#""stream_options":{"include_usage":true}"#)
            case .unusable(let range):
                splices.append(Splice(range: range, text: #"{"include_usage":true}"#))
            case .missing(let position, let isEmpty):
                let text = #""include_usage":true"# + (isEmpty ? "" : ",")
                splices.append(Splice(range: position..<position, text: text))
            case .given(let values):
                for value in values where value.bool != true {
                    splices.append(Splice(range: value.range, text: "true"))
                }
            }
        }
        if let instruction, let messages = members[.messages] {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("role")
            writer.string("system")
            writer.key("content")
            writer.string(instruction)
            writer.endObject()
            let position = messages.range.lowerBound + 1
            splices.append(Splice(range: position..<position, bytes: writer.bytes + [UInt8(ascii: ",")]))
        }
        for member in extraMembers where !hasMember(member.name) {
            var name: [UInt8] = []
            JSONString.appendEscaped(member.name, to: &name)
            added.append("\"" + String(decoding: name, as: UTF8.self) + "\":" + member.json)
        }
        if !added.isEmpty {
            splices.append(Splice(range: members.end..<members.end, text: "," + added.joined(separator: ",")))
        }
        return Splice.apply(splices, to: body)
    }

    /// Whether the body has a top-level member of this name.
    private func hasMember(_ name: String) -> Bool {
        let bytes = body.span
        var cursor = JSONCursor()
        // An error cannot come, because the body has been validated.
        guard (try? cursor.enterObject(bytes)) != nil else { return false }
        while let key = try? cursor.nextKey(bytes) {
            if key.string(in: bytes) == name { return true }
            guard (try? cursor.value(bytes)) != nil else { return false }
        }
        return false
    }
}

/// Bytes to be put in the place of others.
private struct Splice {
    let range: Range<Int>
    let bytes: [UInt8]

    init(range: Range<Int>, bytes: [UInt8] = []) {
        self.range = range
        self.bytes = bytes
    }

    init(range: Range<Int>, text: String) {
        self.init(range: range, bytes: Array(text.utf8))
    }

    /// Makes all changes, which do not overlap, in one copy.
    static func apply(_ splices: [Splice], to body: [UInt8]) -> [UInt8] {
        guard !splices.isEmpty else { return body }
        let sorted = splices.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var output: [UInt8] = []
        output.reserveCapacity(sorted.reduce(body.count) { $0 + $1.bytes.count })
        var position = 0
        for splice in sorted where splice.range.lowerBound >= position {
            output += body[position..<splice.range.lowerBound]
            output += splice.bytes
            position = splice.range.upperBound
        }
        output += body[position...]
        return output
    }
}
