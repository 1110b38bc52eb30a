/// Answers without `stream`: what a summary model would say, the same for the same text.
enum MockSummary {
    static func script(_ request: MockRequest) -> MockScript {
        switch MockCatalog.Settings(request.scriptName).name {
        case "mock-summary-fail": .refusal(500, "no summary today")
        case "mock-summary-hang": .silent
        case "mock-summary-garbage": .whole(200, "<html>not JSON</html>")
        case "mock-summary-empty": .whole(200, MockPayload.completion(" \n"))
        default: .whole(200, MockPayload.completion(summary(of: request.lastUserText)))
        }
    }

    /// `Summary: ` and the first twenty words of the text behind the label, or of all of it.
    static func summary(of text: String) -> String {
        var text = Substring(text)
        for label in ["Prompt:\n", "Reasoning:\n"] {
            if let range = text.ranges(of: label).first { text = text[range.upperBound...] }
        }
        return "Summary: " + text.split(whereSeparator: \.isWhitespace).prefix(20).joined(separator: " ")
    }
}
