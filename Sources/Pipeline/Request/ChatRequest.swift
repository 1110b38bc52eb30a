internal import JSON

/// A client's chat completion request: what the gateway reads of it, and its body as it came.
///
/// Protocol.md, "Request". The body is kept byte for byte; ``upstreamBody(instruction:includeUsage:extraMembers:)`` splices it.
public struct ChatRequest: Sendable {
    /// 1 to 256 bytes without control characters.
    public let model: String
    /// Whether the client wants a stream; absent and null count as false.
    public let stream: Bool
    /// Held to the rules of ``model``.
    public let summaryModel: String?
    /// As it came; the name may be unknown.
    public let streamFormat: String?
    public let promptSummary: Bool?
    /// `final`, `rolling` or `off`.
    public let reasoningSummary: String?
    /// Whether the client's own `stream_options.include_usage` is true.
    public let includeUsageAsked: Bool
    /// Whether `tools` or `functions` is an array that is not empty.
    public let hasTools: Bool
    /// Whether `response_format` has a type other than `text`.
    public let asksForJSON: Bool

    let body: [UInt8]
    let members: ChatRequestMembers
    let usageOption: UsageOption

    /// Reads and checks a body. What is not read is validated as JSON, but otherwise left to the upstream.
    ///
    /// - Parameter maximumDepth: objects and arrays that may be open at once, at most 128.
    /// - Throws: a 400 that names the member at fault, or the position where the body is not JSON.
    public init(parsing body: [UInt8], maximumDepth: Int = 128) throws(APIError) {
        let members: ChatRequestMembers
        do throws(JSONError) {
            members = try ChatRequestMembers(reading: body.span, maximumDepth: maximumDepth)
        } catch {
            if error.code == .expectedObject { throw .invalidRequest("The request body must be a JSON object.") }
            throw .invalidRequest("The request body is not valid JSON: \(error).")
        }
        if let name = members.duplicate {
            throw .invalidRequest("The member '\(name.rawValue)' occurs more than once.", param: name.rawValue)
        }
        let reader = MemberReader(body: body)
        guard let model = try reader.modelName(members[.model], "model") else {
            throw .invalidRequest("You must provide a 'model'.", param: "model")
        }
        self.model = model
        try ChatRequest.checkMessages(members)
        stream = try reader.bool(members[.stream], "stream") ?? false
        summaryModel = try reader.modelName(members[.summaryModel], "summary_model")
        streamFormat = try reader.string(members[.streamFormat], "stream_format")
        promptSummary = try reader.bool(members[.promptSummary], "prompt_summary")
        reasoningSummary = try reader.string(members[.reasoningSummary], "reasoning_summary")
        if let reasoningSummary, !["final", "rolling", "off"].contains(reasoningSummary) {
            throw .invalidRequest(
                "'reasoning_summary' must be 'final', 'rolling' or 'off'.",
                param: "reasoning_summary"
            )
        }
        if let number = members[.n]?.double(in: body.span), number > 1 {
            throw .invalidRequest("'n' above 1 is not supported.", param: "n", code: "unsupported_parameter")
        }
        usageOption = UsageOption(members[.streamOptions], in: body.span)
        includeUsageAsked = usageOption.isAsked
        hasTools = [members[.tools], members[.functions]].contains { value in
            value.map { $0.kind == .array && !$0.isEmptyArray(in: body.span) } ?? false
        }
        asksForJSON = reader.hasFormatOtherThanText(members[.responseFormat])
        self.members = members
        self.body = body
    }

    private static func checkMessages(_ members: ChatRequestMembers) throws(APIError) {
        guard let messages = members[.messages] else {
            throw .invalidRequest("You must provide 'messages'.", param: "messages")
        }
        guard messages.kind == .array else {
            throw .invalidRequest("'messages' must be an array.", param: "messages")
        }
        guard members.messageCount > 0 else {
            throw .invalidRequest("'messages' must not be empty.", param: "messages")
        }
        if let index = members.firstMessageNotObject {
            throw .invalidRequest("'messages[\(index)]' must be an object.", param: "messages")
        }
    }
}

/// Reads members of known types; null counts as absent.
private struct MemberReader {
    /// Longest model name, in bytes.
    static let maximumModelBytes = 256

    let body: [UInt8]

    func bool(_ value: JSONValue?, _ name: String) throws(APIError) -> Bool? {
        guard let value, value.kind != .null else { return nil }
        guard let bool = value.bool else {
            throw .invalidRequest("'\(name)' must be a boolean.", param: name)
        }
        return bool
    }

    func string(_ value: JSONValue?, _ name: String) throws(APIError) -> String? {
        guard let value, value.kind != .null else { return nil }
        guard let string = value.string(in: body.span) else {
            throw .invalidRequest("'\(name)' must be a string.", param: name)
        }
        return string
    }

    func modelName(_ value: JSONValue?, _ name: String) throws(APIError) -> String? {
        guard let string = try string(value, name) else { return nil }
        guard !string.isEmpty, string.utf8.count <= MemberReader.maximumModelBytes else {
            throw .invalidRequest("'\(name)' must have 1 to \(MemberReader.maximumModelBytes) bytes.", param: name)
        }
        guard !string.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalidRequest("'\(name)' must not hold control characters.", param: name)
        }
        return string
    }

    /// Whether `response_format` is an object whose `type` is a string other than `text`.
    func hasFormatOtherThanText(_ value: JSONValue?) -> Bool {
        guard let value, value.kind == .object else { return false }
        var result = false
        value.forEachMember(in: body.span) { key, member in
            if key == JSONName("type"), member.kind == .string {
                result = member.name(in: body.span) != JSONName("text")
            }
        }
        return result
    }
}
