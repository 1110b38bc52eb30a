import JSON

/// What the body of a refusal says to a person.
struct ErrorBody: Equatable, Sendable {
    /// One line; nil when the body says nothing readable.
    let message: String?
    /// A machine-readable cause, such as `model_not_allowed`.
    let code: String?

    /// Longest message shown, in characters.
    static let messageLimit = 500

    /// Reads `{"error":{"message","code"}}`, `{"error":"…"}`, `{"message":"…"}`, `{"detail":"…"}`; of another body
    /// its own text, unless it is a web page.
    init(_ body: [UInt8]) {
        var fields = Fields()
        if let text = try? fields.read(body.span), text {
            message = (fields.errorMessage ?? fields.message ?? fields.detail).flatMap(ErrorBody.line)
            code = fields.code
        } else {
            let text = String(decoding: body, as: UTF8.self).trimmingBlanks()
            message = text.hasPrefix("<") ? nil : ErrorBody.line(text)
            code = nil
        }
    }

    private static func line(_ text: String) -> String? {
        let folded = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !folded.isEmpty else { return nil }
        return folded.count > messageLimit ? "\(folded.prefix(messageLimit))…" : folded
    }

    private struct Fields {
        var errorMessage: String?
        var code: String?
        var message: String?
        var detail: String?

        /// - Returns: false for JSON that is no object.
        mutating func read(_ bytes: Span<UInt8>) throws(JSONError) -> Bool {
            var cursor = JSONCursor()
            guard try cursor.peekKind(bytes) == .object else { return false }
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let name = key.name(in: bytes)
                if name == JSONName("error"), try cursor.peekKind(bytes) == .object {
                    try readError(bytes, &cursor)
                    continue
                }
                let text = try cursor.value(bytes).string(in: bytes)
                if name == JSONName("error") { errorMessage = text }
                if name == JSONName("message") { message = text }
                if name == JSONName("detail") { detail = text }
                if name == JSONName("code") { code = code ?? text }
            }
            try cursor.end(bytes)
            return true
        }

        private mutating func readError(_ bytes: Span<UInt8>, _ cursor: inout JSONCursor) throws(JSONError) {
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let name = key.name(in: bytes)
                let text = try cursor.value(bytes).string(in: bytes)
                if name == JSONName("message") { errorMessage = text }
                if name == JSONName("code") { code = text }
            }
        }
    }
}
