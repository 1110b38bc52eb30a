public import HTTPTypes
internal import JSON

/// A request as the mock received it.
public struct MockRequest: Sendable {
    public let path: String
    public let headerFields: HTTPFields
    public let body: [UInt8]
    public let model: String
    public let isStreamed: Bool
    public let lastUserText: String

    /// Whether a summary is asked for: without a stream, or by the label in front of the text.
    public var isSummaryCall: Bool {
        !isStreamed || ["\n\nPrompt:\n", "\n\nReasoning:\n"].contains { lastUserText.contains($0) }
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
        var text = ""
        let bytes = body.span
        do throws(JSONError) {
            var cursor = JSONCursor()
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                switch key.string(in: bytes) {
                case "model": model = try cursor.value(bytes).string(in: bytes) ?? ""
                case "stream": isStreamed = try cursor.value(bytes).bool ?? false
                case "messages": text = try Self.lastUserText(&cursor, bytes)
                default: _ = try cursor.value(bytes)
                }
            }
        } catch {
            // What cannot be read is answered like anything else: the mock judges nobody.
        }
        self.model = model
        self.isStreamed = isStreamed
        lastUserText = text
    }

    private static func lastUserText(_ cursor: inout JSONCursor, _ bytes: Span<UInt8>) throws(JSONError) -> String {
        var last = ""
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
            if role == "user", let content { last = content }
        }
        return last
    }
}
