internal import JSON

/// `MODEL_CAPABILITIES_FILE`: rows of the operator's own, in front of the built-in table (configuration.md).
public enum CapabilitiesFile {
    /// Rows that a file may have.
    public static let mostRows = 1_000

    /// - Parameter mistakes: what is wrong is appended, each with its path in the document.
    public static func parse(_ text: String, mistakes: inout [String]) -> [ModelRow] {
        let bytes = Array(text.utf8)
        do throws(JSONError) {
            let document = try JSONCursor.document(bytes.span)
            var reader = Reader()
            let rows = try reader.rows(document, bytes.span)
            mistakes += reader.mistakes
            return rows
        } catch {
            mistakes.append("not valid JSON: \(error)")
            return []
        }
    }

    private struct Reader {
        var mistakes: [String] = []

        mutating func rows(_ document: JSONValue, _ bytes: Span<UInt8>) throws(JSONError) -> [ModelRow] {
            guard document.kind == .object else {
                mistakes.append("$: must be an object")
                return []
            }
            var rows: [ModelRow] = []
            var hasModels = false
            var cursor = JSONCursor()
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let name = key.string(in: bytes) ?? ""
                guard name == "models", try cursor.peekKind(bytes) == .array else {
                    mistakes.append(
                        name == "models" ? "$.models: must be an array" : "$.\(name): unknown; known is models")
                    hasModels = hasModels || name == "models"
                    _ = try cursor.value(bytes)
                    continue
                }
                hasModels = true
                try cursor.enterArray(bytes)
                var index = 0
                while try cursor.nextElement(bytes) {
                    let value = try cursor.value(bytes)
                    if let row = try row(value, "$.models[\(index)]", bytes) { rows.append(row) }
                    index += 1
                }
                if index > CapabilitiesFile.mostRows {
                    mistakes.append("$.models: must have at most \(CapabilitiesFile.mostRows) rows")
                }
            }
            if !hasModels { mistakes.append("$.models: is missing") }
            return rows
        }

        private mutating func row(
            _ value: JSONValue, _ path: String, _ bytes: Span<UInt8>
        ) throws(JSONError) -> ModelRow? {
            guard value.kind == .object else {
                mistakes.append("\(path): must be an object")
                return nil
            }
            var pattern: String?
            var row = ModelRow("")
            var cursor = JSONCursor(at: value.range.lowerBound)
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let name = key.string(in: bytes) ?? ""
                let member = try cursor.value(bytes)
                let path = "\(path).\(name)"
                switch name {
                case "pattern":
                    pattern = member.string(in: bytes).flatMap { $0.isEmpty ? nil : $0 }
                    if pattern == nil { mistakes.append("\(path): must be a text that is not empty") }
                case "format": row.format = format(member, path, bytes)
                case "starts_in_reasoning":
                    row.start = bool(member, path).map { $0 ? .reasoning : .content }
                case "inject_tags": row.injectsTags = bool(member, path)
                case "reasoning_fields": row.usesReasoningFields = bool(member, path)
                case "extra_body": row.extraBody = try self.members(member, path, bytes)
                case "summary_body": row.summaryBody = try self.members(member, path, bytes)
                default:
                    mistakes.append(
                        "\(path): unknown; known are pattern, format, starts_in_reasoning, inject_tags, reasoning_fields, "
                            + "extra_body, summary_body")
                }
            }
            guard let pattern else {
                if !mistakes.contains(where: { $0.hasPrefix("\(path).pattern") }) {
                    mistakes.append("\(path).pattern: is missing")
                }
                return nil
            }
            return row.with(pattern: pattern)
        }

        private mutating func format(_ value: JSONValue, _ path: String, _ bytes: Span<UInt8>) -> ReasoningFormat? {
            let format = value.string(in: bytes).flatMap(ReasoningFormat.named)
            if format == nil {
                let known = ReasoningFormat.all.map(\.name).joined(separator: ", ")
                mistakes.append("\(path): must be one of \(known)")
            }
            return format
        }

        private mutating func bool(_ value: JSONValue, _ path: String) -> Bool? {
            if value.bool == nil { mistakes.append("\(path): must be true or false") }
            return value.bool
        }

        private mutating func members(
            _ value: JSONValue, _ path: String, _ bytes: Span<UInt8>
        ) throws(JSONError) -> [ChatRequest.ExtraMember]? {
            guard value.kind == .object else {
                mistakes.append("\(path): must be an object")
                return nil
            }
            var members: [ChatRequest.ExtraMember] = []
            var cursor = JSONCursor(at: value.range.lowerBound)
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                let name = key.string(in: bytes) ?? ""
                let json = bytes.extracting(try cursor.value(bytes).range)
                if ["model", "messages", "stream", "stream_options"].contains(name) {
                    mistakes.append("\(path).\(name): is the gateway's own to set")
                }
                members.append(.init(name: name, json: String(decoding: json.indices.map { json[$0] }, as: UTF8.self)))
            }
            return members
        }
    }
}

extension ModelRow {
    fileprivate func with(pattern: String) -> ModelRow {
        var row = ModelRow(pattern)
        row.format = format
        row.start = start
        row.injectsTags = injectsTags
        row.usesReasoningFields = usesReasoningFields
        row.extraBody = extraBody
        row.summaryBody = summaryBody
        return row
    }
}
