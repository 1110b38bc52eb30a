public import HTTPTypes
internal import JSON

/// What the mock does with one request: a whole response, or steps of a stream.
public struct MockScript: Sendable {
    public enum Step: Sendable {
        /// One `data:` event.
        case event(String)
        /// Bytes as they are.
        case bytes([UInt8])
        /// The same event so many times, with a pause before each.
        case repeated(String, count: Int, interval: Duration)
        case pause(Duration)
        /// Goes on when this returns.
        case await(@Sendable () async -> Void)
        /// Breaks the connection off.
        case cut
        /// Nothing more, until the client goes.
        case hang
    }

    /// A response that is not streamed.
    public struct Whole: Sendable {
        public var status: Int
        public var headerFields: HTTPFields
        public var body: String
    }

    /// Steps after a streamed head; with `whole` they do not count.
    public var steps: [Step]
    public var whole: Whole?
    /// Time before a whole response.
    public var delay = Duration.zero
    /// Nothing at all is answered, not even a head.
    public var isSilent = false

    public init(_ steps: [Step]) {
        self.steps = steps
    }

    public static func whole(_ status: Int, _ body: String, headerFields: HTTPFields = [:]) -> MockScript {
        var script = MockScript([])
        script.whole = Whole(status: status, headerFields: headerFields, body: body)
        return script
    }

    /// The script that a model's name stands for, settings and all.
    public static func named(_ name: String) -> MockScript {
        MockCatalog.script(name, request: MockRequest(path: "", headerFields: [:], body: []), attempt: 0)
    }

    /// An error in OpenAI's envelope.
    public static func refusal(
        _ status: Int, _ message: String, code: String? = nil, retryAfter: Int? = nil
    ) -> MockScript {
        var fields = HTTPFields()
        if let retryAfter { fields[.retryAfter] = String(retryAfter) }
        let code = code.map { MockPayload.string($0) } ?? "null"
        let message = MockPayload.string(message)
        return .whole(
            status, #"{"error":{"message":\#(message),"type":"error","param":null,"code":\#(code)}}"#,
            headerFields: fields)
    }

    /// No head until the client goes.
    public static var silent: MockScript {
        var script = MockScript([])
        script.isSilent = true
        return script
    }
}

/// `chat.completion.chunk` payloads.
public enum MockPayload {
    public static let done = "[DONE]"
    private static let head = #"{"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1,"model":"mock""#

    /// A chunk with this delta, given as JSON.
    public static func chunk(delta: String, finishReason: String? = nil) -> String {
        let reason = finishReason.map(string) ?? "null"
        return #"\#(head),"choices":[{"index":0,"delta":\#(delta),"logprobs":null,"finish_reason":\#(reason)}]}"#
    }

    public static func content(_ text: String) -> String {
        chunk(delta: #"{"content":\#(string(text))}"#)
    }

    public static func reasoning(_ text: String, field: String = "reasoning_content") -> String {
        chunk(delta: #"{"\#(field)":\#(string(text))}"#)
    }

    public static let role = chunk(delta: #"{"role":"assistant","content":""}"#)

    public static func finish(_ reason: String = "stop") -> String {
        chunk(delta: "{}", finishReason: reason)
    }

    /// A chunk with usage and no choices, as `stream_options.include_usage` gives it.
    public static func usage(prompt: Int, completion: Int) -> String {
        let total = prompt + completion
        let usage = #"{"prompt_tokens":\#(prompt),"completion_tokens":\#(completion),"total_tokens":\#(total)}"#
        return #"\#(head),"choices":[],"usage":\#(usage)}"#
    }

    /// A whole answer.
    public static func completion(_ text: String) -> String {
        let message = #"{"role":"assistant","content":\#(string(text))}"#
        let choice = #"{"index":0,"message":\#(message),"logprobs":null,"finish_reason":"stop"}"#
        let usage = #"{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#
        return
            #"{"id":"chatcmpl-mock","object":"chat.completion","created":1,"model":"mock","choices":[\#(choice)],"usage":\#(usage)}"#
    }

    /// A JSON string, quotes included.
    public static func string(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONString.appendEscaped(text, to: &bytes)
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }
}
