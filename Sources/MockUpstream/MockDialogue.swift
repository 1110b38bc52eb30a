/// An answer as OpenAI's API gives it, streamed or whole: what the tests of real clients compare.
///
/// Every name takes `bytes`, the characters of a delta.
struct MockDialogue {
    enum Part {
        case content(String)
        case reasoning(String)
        case refusal(String)
        /// Text of which every delta has its log probabilities.
        case scored(String)
        case toolCall(id: String, name: String, arguments: String)
    }

    var parts: [Part] = []
    var finishReason = "stop"
    /// The chunk before the first delta has only the role.
    var startsWithRole = true
    /// A chunk with no choices comes first.
    var startsEmpty = false
    /// The finish reason stands in the chunk of the last delta.
    var endsAtOnce = false

    /// What stands beside `choices` in every chunk.
    static let identity = #""system_fingerprint":"fp_mock","service_tier":"default""#
    static let usage = """
        {"prompt_tokens":31,"completion_tokens":1207,"total_tokens":1238,\
        "prompt_tokens_details":{"cached_tokens":16,"audio_tokens":0},\
        "completion_tokens_details":{"reasoning_tokens":9,"audio_tokens":0,\
        "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}
        """

    /// - Returns: nil for a name that stands for something else.
    static func named(_ name: String, for request: MockRequest) -> MockDialogue? {
        var dialogue = MockDialogue()
        // What comes after a tool's result is the answer.
        if name.hasPrefix("mock-tool"), request.lastRole == "tool" {
            dialogue.parts = [.content("It is 18 °C in Paris.")]
            return dialogue
        }
        switch name {
        case "mock-chat": dialogue.parts = [.content(text)]
        // What looks like lines and ends of a stream to those who look at its text.
        case "mock-chat-lines": dialogue.parts = [.content("a\u{2028}b\u{2029}c\u{85}d\ndata: [DONE]\n\nevent: x\n")]
        case "mock-chat-reasoning": dialogue.parts = [.reasoning(MockCatalog.thought), .content(text)]
        case "mock-tool":
            dialogue.parts = [paris]
            dialogue.finishReason = "tool_calls"
        case "mock-tool-pair":
            dialogue.parts = [.content("Let me look.\n"), paris, time]
            dialogue.finishReason = "tool_calls"
        case "mock-tool-reasoning":
            dialogue.parts = [.reasoning(MockCatalog.thought), paris]
            dialogue.finishReason = "tool_calls"
        case "mock-tool-interleaved":
            dialogue.parts = [.reasoning("Weather first."), paris, .reasoning(" And the time."), time]
            dialogue.finishReason = "tool_calls"
        case "mock-refusal": dialogue.parts = [.refusal("I can’t help with “that”.")]
        case "mock-logprobs": dialogue.parts = [.scored("Blue, as the sky is.")]
        case "mock-length": dialogue.finishReason = "length"
        case "mock-content-filter": dialogue.finishReason = "content_filter"
        case "mock-terse":
            dialogue.parts = [.content("Scattering.")]
            dialogue.startsWithRole = false
            dialogue.startsEmpty = true
            dialogue.endsAtOnce = true
        default: return nil
        }
        if dialogue.parts.isEmpty { dialogue.parts = [.content("Cut off in the mid")] }
        return dialogue
    }

    private static let paris = Part.toolCall(
        id: "call_weather_1", name: "weather", arguments: #"{"city":"Paris","note":"\"18 °C\" – 晴れ\n"}"#)
    private static let time = Part.toolCall(id: "call_time_2", name: "time", arguments: #"{"zone": "Europe/Paris"}"#)

    /// Some thousand characters in which a wrong cut, a lost piece or a second decoding shows.
    static let text: String = {
        var text = ""
        for number in 1...10 {
            text += """
                \(number). “Größe” — 日本語 👩‍👩‍👧 \\n \"quoted\" <b>bold</b> a < b > c &amp;
                \tx\r\n```swift\nlet x = \"\\(y)\"\n```\n\n
                """
        }
        return text
    }()

    /// The steps of a stream.
    func steps(pieceSize: Int, includesUsage: Bool) -> [MockScript.Step] {
        var chunks: [String] = []
        if startsEmpty { chunks.append(Self.chunk(choices: "")) }
        if startsWithRole { chunks.append(Self.chunk(delta: #"{"role":"assistant","content":""}"#)) }
        var deltas: [(delta: String, logprobs: String)] = []
        var calls = 0
        for part in parts {
            switch part {
            case .content(let text): deltas += Self.pieces(text, pieceSize).map { (Self.member("content", $0), "null") }
            case .reasoning(let text):
                deltas += Self.pieces(text, pieceSize).map { (Self.member("reasoning_content", $0), "null") }
            case .refusal(let text): deltas += Self.pieces(text, pieceSize).map { (Self.member("refusal", $0), "null") }
            case .scored(let text):
                deltas += Self.pieces(text, pieceSize)
                    .map { (Self.member("content", $0), #"{"content":[\#(Self.score($0))],"refusal":null}"#) }
            case .toolCall(let id, let name, let arguments):
                let head = #"{"index":\#(calls),"#
                let opening =
                    #""id":"\#(id)","type":"function","function":{"name":"\#(name)","arguments":""}}"#
                deltas.append((#"{"tool_calls":[\#(head)\#(opening)]}"#, "null"))
                for piece in Self.pieces(arguments, pieceSize) {
                    let function = #""function":\#(Self.member("arguments", piece))}"#
                    deltas.append((#"{"tool_calls":[\#(head)\#(function)]}"#, "null"))
                }
                calls += 1
            }
        }
        for (number, delta) in deltas.enumerated() {
            let isEnd = endsAtOnce && number == deltas.count - 1
            chunks.append(
                Self.chunk(delta: delta.delta, logprobs: delta.logprobs, finishReason: isEnd ? finishReason : nil))
        }
        if !endsAtOnce { chunks.append(Self.chunk(delta: "{}", finishReason: finishReason)) }
        if includesUsage { chunks.append(Self.chunk(choices: "", usage: Self.usage)) }
        return (chunks + [MockPayload.done]).map { .event($0) }
    }

    /// The whole answer as JSON.
    func completion(pieceSize: Int) -> String {
        var content = ""
        var reasoning = ""
        var refusal = ""
        var calls: [String] = []
        var scores: [String] = []
        for part in parts {
            switch part {
            case .content(let text): content += text
            case .reasoning(let text): reasoning += text
            case .refusal(let text): refusal += text
            case .scored(let text):
                content += text
                scores += Self.pieces(text, pieceSize).map(Self.score)
            case .toolCall(let id, let name, let arguments):
                let function = #"{"name":"\#(name)","arguments":\#(MockPayload.string(arguments))}"#
                calls.append(#"{"id":"\#(id)","type":"function","function":\#(function)}"#)
            }
        }
        var message = #""role":"assistant","content":\#(content.isEmpty ? "null" : MockPayload.string(content))"#
        message += #","refusal":\#(refusal.isEmpty ? "null" : MockPayload.string(refusal))"#
        if !reasoning.isEmpty { message += #","reasoning_content":\#(MockPayload.string(reasoning))"# }
        if !calls.isEmpty { message += #","tool_calls":[\#(calls.joined(separator: ","))]"# }
        let logprobs =
            scores.isEmpty ? "null" : #"{"content":[\#(scores.joined(separator: ","))],"refusal":null}"#
        let choice =
            #"{"index":0,"message":{\#(message)},"logprobs":\#(logprobs),"finish_reason":"\#(finishReason)"}"#
        return #"{\#(Self.head("chat.completion")),"choices":[\#(choice)],"usage":\#(Self.usage)}"#
    }

    private static func head(_ object: String) -> String {
        #""id":"chatcmpl-mock","object":"\#(object)","created":1700000000,"model":"mock-1",\#(identity)"#
    }

    private static func chunk(delta: String, logprobs: String = "null", finishReason: String? = nil) -> String {
        let reason = finishReason.map(MockPayload.string) ?? "null"
        return chunk(choices: #"{"index":0,"delta":\#(delta),"logprobs":\#(logprobs),"finish_reason":\#(reason)}"#)
    }

    private static func chunk(choices: String, usage: String = "null") -> String {
        #"{\#(head("chat.completion.chunk")),"choices":[\#(choices)],"usage":\#(usage)}"#
    }

    private static func member(_ name: String, _ text: String) -> String {
        #"{"\#(name)":\#(MockPayload.string(text))}"#
    }

    private static func score(_ token: String) -> String {
        let alternative = #"{"token":"x","logprob":-2.5,"bytes":[120]}"#
        let bytes = token.utf8.map(String.init).joined(separator: ",")
        let text = MockPayload.string(token)
        return #"{"token":\#(text),"logprob":-0.25,"bytes":[\#(bytes)],"top_logprobs":[\#(alternative)]}"#
    }

    /// Cut between scalars, so that clients must join what one character is made of.
    private static func pieces(_ text: String, _ size: Int) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(max(1, size))))
            rest = rest.dropFirst(max(1, size))
        }
        return pieces
    }
}
