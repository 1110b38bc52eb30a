internal import JSON
internal import Pipeline

/// `SUMMARY_PROMPTS_FILE`: a JSON object whose members replace the built-in texts of the summary calls, as
/// `{"prompt":{"system":"…"}}` or `{"prompt.system":"…"}`.
enum PromptsFile {
    /// What may be replaced.
    private enum Text: String, CaseIterable {
        case promptSystem = "prompt.system"
        case promptUser = "prompt.user"
        case reasoningSystem = "reasoning.system"
        case reasoningUser = "reasoning.user"
        case rollingUser = "rolling.user"

        func replace(in prompts: inout SummaryPrompts, by text: String) {
            switch self {
            case .promptSystem: prompts.prompt.system = text
            case .promptUser: prompts.prompt.user = text
            case .reasoningSystem: prompts.reasoning.system = text
            case .reasoningUser: prompts.reasoning.user = text
            case .rollingUser: prompts.rolling = text
            }
        }
    }

    /// - Parameter mistakes: what is wrong is appended, each with its path in the document.
    static func parse(_ text: String, mistakes: inout [String]) -> SummaryPrompts {
        var prompts = SummaryPrompts()
        let bytes = Array(text.utf8)
        do throws(JSONError) {
            let document = try JSONCursor.document(bytes.span)
            guard document.kind == .object else {
                mistakes.append("$: must be an object")
                return prompts
            }
            try read(document, "", bytes.span, &prompts, &mistakes)
        } catch {
            mistakes.append("not valid JSON: \(error)")
        }
        return prompts
    }

    private static func read(
        _ object: JSONValue, _ prefix: String, _ bytes: Span<UInt8>, _ prompts: inout SummaryPrompts,
        _ mistakes: inout [String]
    ) throws(JSONError) {
        var cursor = JSONCursor(at: object.range.lowerBound)
        try cursor.enterObject(bytes)
        while let key = try cursor.nextKey(bytes) {
            let name = prefix + (key.string(in: bytes) ?? "")
            let value = try cursor.value(bytes)
            if value.kind == .object, prefix.isEmpty,
                Text.allCases.contains(where: { $0.rawValue.hasPrefix(name + ".") })
            {
                try read(value, name + ".", bytes, &prompts, &mistakes)
            } else if let text = Text(rawValue: name) {
                if let string = value.string(in: bytes), !string.isEmpty {
                    text.replace(in: &prompts, by: string)
                } else {
                    mistakes.append("$.\(name): must be a text that is not empty")
                }
            } else {
                let known = Text.allCases.map(\.rawValue).joined(separator: ", ")
                mistakes.append("$.\(name): unknown; known are \(known)")
            }
        }
    }
}
