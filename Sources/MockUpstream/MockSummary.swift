internal import EventLoop

/// Answers to summary calls: what a summary model would say, the same for the same text.
enum MockSummary {
    static func script(_ request: MockRequest) -> MockScript {
        let settings = MockCatalog.Settings(request.scriptName)
        switch settings.name {
        case "mock-summary-fail": return .refusal(500, "no summary today")
        case "mock-summary-hang": return .silent
        case "mock-summary-garbage": return .whole(200, "<html>not JSON</html>")
        case "mock-summary-empty": return .whole(200, MockPayload.completion(" \n"))
        case "mock-summary-cut": return MockScript([.event(MockPayload.content("Summary: ")), .cut])
        default: return answer(summary(of: request.lastUserText), settings, isStreamed: request.isStreamed)
        }
    }

    /// Settings: `delay`, in milliseconds, before the first word; `interval` before each further one of a stream.
    private static func answer(_ text: String, _ settings: MockCatalog.Settings, isStreamed: Bool) -> MockScript {
        let delay = Duration.milliseconds(settings["delay", 0])
        guard isStreamed else {
            var script = MockScript.whole(200, MockPayload.completion(text))
            script.delay = delay
            return script
        }
        var steps: [MockScript.Step] = []
        for (number, word) in text.split(separator: " ").enumerated() {
            let pause = number == 0 ? delay : settings.interval(0)
            if pause > .zero { steps.append(.pause(pause)) }
            steps.append(.event(MockPayload.content(number == 0 ? String(word) : " " + word)))
        }
        return MockScript(
            steps + [
                .event(MockPayload.finish()), .event(MockPayload.usage(prompt: 1, completion: 1)),
                .event(MockPayload.done),
            ])
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
