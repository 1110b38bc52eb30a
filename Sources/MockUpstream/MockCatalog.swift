/// The scripts that a request can name, as its model or in the header `X-Mock-Script`: a name, and settings behind a colon,
/// as in `mock-slow:deltas=50,interval=20,bytes=64`.
enum MockCatalog {
    static let thought = "The user asks why the sky is blue. I should explain scattering briefly and name Rayleigh."
    static let answer = """
        The sky is blue because air scatters short, blue wavelengths of sunlight much more than long, red ones. \
        This is Rayleigh scattering: the scattered blue light reaches our eyes from every direction.
        """

    /// - Parameter attempt: how often this name has been asked for before.
    static func script(_ name: String, request: MockRequest, attempt: Int) -> MockScript {
        let settings = Settings(name)
        if let dialogue = MockDialogue.named(settings.name, for: request) {
            let size = settings["bytes", 6]
            return request.isStreamed
                ? MockScript(dialogue.steps(pieceSize: size, includesUsage: request.includesUsage))
                : .whole(200, dialogue.completion(pieceSize: size))
        }
        switch settings.name {
        case "mock-reasoning": return reasoningField(settings)
        case "mock-think": return think(settings)
        case "mock-no-tags": return MockScript(pieces(answer, settings) + end)
        case "mock-missing-final":
            return MockScript(pieces("<analysis>\(thought)</analysis>\(answer)", settings) + end)
        case "mock-slow":
            return slow(settings)
        case "mock-503":
            return attempt < settings["times", 1]
                ? .refusal(503, "overloaded", code: "overloaded", retryAfter: settings.values["retry-after"])
                : tagged(settings)
        case "mock-refuse":
            return .refusal(settings["status", 401], "refused by the mock", code: "mock_refusal")
        case "mock-cut":
            return MockScript(Array(pieces(tags, settings).prefix(settings["deltas", 8])) + [.cut])
        case "mock-end-early": return MockScript(Array(pieces(tags, settings).prefix(settings["deltas", 8])))
        case "mock-error-event":
            return MockScript(
                Array(pieces(tags, settings).prefix(settings["deltas", 8]))
                    + [.event(#"{"error":{"message":"the mock broke","type":"server_error","code":"mock_error"}}"#)])
        case "mock-bad-chunk":
            return MockScript(Array(pieces(tags, settings).prefix(settings["deltas", 8])) + [.event(#"{"choices":[{"#)])
        case "mock-usage":
            return MockScript(
                pieces(tags, settings) + [
                    .event(MockPayload.finish()), .event(MockPayload.usage(prompt: 7, completion: 4)),
                    .event(MockPayload.done),
                ])
        case "mock-tools": return tools
        case "mock-echo": return echo(request)
        case "mock-json": return .whole(200, MockPayload.completion(tags))
        case "mock-garbage": return MockScript([.bytes(Array("data: this is no JSON\n\n".utf8)), .hang])
        case "mock-hang": return MockScript([.event(MockPayload.role), .hang])
        case "mock-silent": return .silent
        case "mock-endless":
            return MockScript(
                [.event(MockPayload.content("<analysis>t</analysis><final>"))]
                    + [.repeated(filler(settings["bytes", 64]), count: .max, interval: settings.interval(0))])
        default: return tagged(settings)
        }
    }

    /// Whether it has an answer of its own where no stream is asked for.
    static func answersWhole(_ request: MockRequest) -> Bool {
        let name = Settings(request.scriptName).name
        return ["mock-refuse", "mock-silent"].contains(name) || MockDialogue.named(name, for: request) != nil
    }

    private static let tags = "<analysis>\(thought)</analysis><final>\(answer)</final>"
    private static let end: [MockScript.Step] = [.event(MockPayload.finish()), .event(MockPayload.done)]

    private static func tagged(_ settings: Settings) -> MockScript {
        MockScript(pieces(tags, settings) + end)
    }

    private static func reasoningField(_ settings: Settings) -> MockScript {
        let words = thought.split(separator: " ").map { MockScript.Step.event(MockPayload.reasoning("\($0) ")) }
        return MockScript([.event(MockPayload.role)] + words + pieces(answer, settings) + end)
    }

    /// Long reasoning at a pace: so many characters in so many milliseconds, then the answer.
    private static func think(_ settings: Settings) -> MockScript {
        let total = settings["chars", 4_000]
        let interval = max(1, settings["interval", 50])
        let pieces = max(1, settings["ms", 6_000] / interval)
        var text = ""
        var step = 1
        while text.utf8.count < total {
            text += "Step \(step): the wavelength of \(400 + step) nm is scattered more than the one before it. "
            step += 1
        }
        var rest = text.prefix(total)
        let size = max(1, total / pieces)
        var steps: [MockScript.Step] = [.event(MockPayload.role)]
        while !rest.isEmpty {
            steps.append(.pause(.milliseconds(interval)))
            steps.append(.event(MockPayload.reasoning(String(rest.prefix(size)))))
            rest = rest.dropFirst(size)
        }
        return MockScript(steps + self.pieces(answer, settings) + end)
    }

    /// Many equal deltas at a pace.
    private static func slow(_ settings: Settings) -> MockScript {
        MockScript(
            [
                .event(MockPayload.content("<analysis>\(thought)</analysis><final>")),
                .repeated(
                    filler(settings["bytes", 4]), count: settings["deltas", 10], interval: settings.interval(100)),
                .event(MockPayload.content("</final>")),
            ] + end)
    }

    private static let tools = MockScript([
        .event(MockPayload.role),
        .event(
            MockPayload.chunk(
                delta:
                    #"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}"#
            )),
        .event(MockPayload.chunk(delta: #"{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}"#)),
        .event(MockPayload.chunk(delta: #"{"tool_calls":[{"index":0,"function":{"arguments":"\"Paris\"}"}}]}"#)),
        .event(MockPayload.finish("tool_calls")), .event(MockPayload.done),
    ])

    /// The request's body as the answer. `<` is written as an escape, which is the same JSON, so that what stands in the
    /// request is not taken for tags.
    private static func echo(_ request: MockRequest) -> MockScript {
        let text = String(decoding: request.body, as: UTF8.self).replacing("<", with: #"\u003c"#)
        return MockScript(
            [
                .event(MockPayload.content("<final>")), .event(MockPayload.content(text)),
                .event(MockPayload.content("</final>")),
            ] + end)
    }

    private static func filler(_ bytes: Int) -> String {
        MockPayload.content(String(repeating: "x", count: max(1, bytes)))
    }

    private static func pieces(_ text: String, _ settings: Settings) -> [MockScript.Step] {
        var steps: [MockScript.Step] = []
        var rest = Substring(text)
        let size = max(1, settings["bytes", 6])
        let interval = settings.interval(0)
        while !rest.isEmpty {
            if interval > .zero { steps.append(.pause(interval)) }
            steps.append(.event(MockPayload.content(String(rest.prefix(size)))))
            rest = rest.dropFirst(size)
        }
        return steps
    }

    struct Settings {
        let name: String
        let values: [String: Int]

        init(_ text: String) {
            let parts = text.split(separator: ":", maxSplits: 1)
            name = parts.first.map(String.init) ?? ""
            var values: [String: Int] = [:]
            for pair in parts.dropFirst().first?.split(separator: ",") ?? [] {
                let sides = pair.split(separator: "=", maxSplits: 1)
                if sides.count == 2, let number = Int(sides[1]), (0...1 << 30).contains(number) {
                    values[String(sides[0])] = number
                }
            }
            self.values = values
        }

        subscript(_ key: String, _ fallback: Int) -> Int { values[key] ?? fallback }

        /// Milliseconds between two deltas.
        func interval(_ fallback: Int) -> Duration { .milliseconds(self["interval", fallback]) }
    }
}
