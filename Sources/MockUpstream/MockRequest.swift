public import HTTPTypes
internal import JSON

/// A request as the mock received it.
public struct MockRequest: Sendable {
    public let path: String
    public let headerFields: HTTPFields
    public let body: [UInt8]
    public let model: String
    public let isStreamed: Bool
    /// `stream_options.include_usage`.
    public let includesUsage: Bool
    public let lastUserText: String
    /// Of the last message.
    public let lastRole: String

    /// Whether a summary is asked for: by the label in front of the text, or without a stream of a script that knows nothing else.
    public var isSummaryCall: Bool {
        ["\n\nPrompt:\n", "\n\nReasoning:\n"].contains { lastUserText.contains($0) }
            || !isStreamed && !MockCatalog.answersWhole(self)
    }

    /// The script it asks for.
    public var scriptName: String {
        HTTPField.Name("X-Mock-Script").flatMap { headerFields[$0] } ?? model
    }

    init(path: String, headerFields: HTTPFields, body: [UInt8]) {
        self.path = path
        self.headerFields = headerFields
        self.body = body
        var model = ""
        var isStreamed = false
        var includesUsage = false
        var text = ""
        var role = ""
        let bytes = body.span
        do throws(JSONError) {
            var cursor = JSONCursor()
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                switch key.string(in: bytes) {
                case "model": model = try cursor.value(bytes).string(in: bytes) ?? ""
                case "stream": isStreamed = try cursor.value(bytes).bool ?? false
                case "stream_options":
                    try cursor.value(bytes).forEachMember(in: bytes) { key, value in
                        if key == JSONName("include_usage") { includesUsage = value.bool ?? false }
                    }
                case "messages": (text, role) = try Self.lastMessages(&cursor, bytes)
                default: _ = try cursor.value(bytes)
                }
            }
        } catch {
            // What cannot be read is answered like anything else: the mock judges nobody.
        }
        self.model = model
        self.isStreamed = isStreamed
        self.includesUsage = includesUsage
        lastUserText = text
        lastRole = role
    }

    private static func lastMessages(
        _ cursor: inout JSONCursor, _ bytes: Span<UInt8>
    ) throws(JSONError) -> (userText: String, role: String) {
        var last = (userText: "", role: "")
        try cursor.enterArray(bytes)
        while try cursor.nextElement(bytes) {
            var role: String?
            var content: String?
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let value = try cursor.value(bytes)
                switch key.string(in: bytes) {
                case "role": role = value.string(in: bytes)
                case "content": content = value.string(in: bytes)
                default: break
                }
            }
            last.role = role ?? ""
            if role == "user", let content { last.userText = content }
        }
        return last
    }
}
