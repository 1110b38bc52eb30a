import EventLoop
import HTTPTypes
import JSON
import Outbound

/// What one `chat` will do: options over environment over defaults.
struct ChatPlan: Sendable {
    /// What the command line says.
    struct Options: Sendable {
        var url: String?
        var model: String?
        var message: String?
        var summaryModel: String?
        var endpointID: String?
        var wakes = false
        var wakeTimeout = 300.0
        var wakeInterval = 5.0
        var isDebug = false
        var isJSON = false
    }

    static let defaultURL = "http://localhost:8000/v1/chat/completions"
    static let defaultModel = "meta-llama-3.1-8b-instruct"
    static let defaultMessage =
        "What does a gateway do that puts a summary of the prompt and of the model's reasoning before the answer?"

    let address: WebAddress
    let apiKey: String?
    let model: String
    let message: String
    let summaryModel: String?
    /// The Dedicated endpoint, where one was named.
    let endpointID: String?
    let wake: Wake?
    let isDebug: Bool
    let isJSON: Bool

    /// How an endpoint is woken.
    struct Wake: Sendable {
        /// Nil where neither an endpoint nor a model was named.
        let endpointID: String?
        let apiBase: WebAddress
        let token: String?
        let interval: Duration
        let timeout: Duration
    }

    /// - Parameter piped: standard input, where it is the message.
    /// - Throws: `ChatPlanError`.
    init(_ options: Options, environment: ClientEnvironment, piped: String? = nil) throws(ChatPlanError) {
        address =
            if let url = options.url {
                try Self.address(url, from: "--url", .usage)
            } else {
                try Self.address(environment[.gatewayURL] ?? Self.defaultURL, from: "GATEWAY_URL", .configuration)
            }
        apiKey = environment[.gatewayAPIKey]
        endpointID = options.endpointID ?? environment[.friendliEndpointID]
        model = options.model ?? endpointID ?? Self.defaultModel
        message = Self.nonBlank(options.message) ?? Self.nonBlank(piped) ?? Self.defaultMessage
        summaryModel = options.summaryModel
        isDebug = options.isDebug
        isJSON = options.isJSON
        for (name, text) in [
            ("--model", options.model), ("--message", options.message), ("--summary-model", options.summaryModel),
            ("--friendli-endpoint-id", options.endpointID),
        ] where text != nil && Self.nonBlank(text) == nil {
            throw ChatPlanError("\(name) must not be empty")
        }
        guard options.wakeTimeout >= 0, options.wakeTimeout <= 86_400 else {
            throw ChatPlanError("--wake-timeout must be 0 to 86400 seconds")
        }
        guard options.wakeInterval >= 0.001, options.wakeInterval <= 3600 else {
            throw ChatPlanError("--wake-interval must be 0.001 to 3600 seconds")
        }
        guard options.wakes else {
            wake = nil
            return
        }
        wake = Wake(
            endpointID: endpointID ?? options.model,
            apiBase: try Self.address(
                environment[.friendliAPIBase] ?? EndpointAPI.defaultBase,
                from: "FRIENDLI_API_BASE",
                .configuration
            ),
            token: environment[.upstreamAPIKey],
            interval: .seconds(options.wakeInterval),
            timeout: .seconds(options.wakeTimeout)
        )
    }

    private static func nonBlank(_ text: String?) -> String? {
        guard let text, !text.trimmingBlanks().isEmpty else { return nil }
        return text
    }

    private static func address(
        _ text: String,
        from name: String,
        _ status: ClientExit
    ) throws(ChatPlanError) -> WebAddress {
        do {
            return try WebAddress(text)
        } catch {
            throw ChatPlanError("\(name): \(error.description)", exitStatus: status)
        }
    }

    /// Whether standard input may be the message.
    static func readsInput(_ options: Options) -> Bool { options.message == nil }

    /// Longest silence of a gateway, which sends a comment every 15 s unless it was told not to.
    static let silenceLimit = Duration.seconds(300)

    /// The call that starts the stream.
    func request() -> UpstreamRequest {
        var fields = HTTPFields(bearer: apiKey)
        fields[.contentType] = "application/json"
        fields[.accept] = "text/event-stream"
        if let format = HTTPField.Name("X-Stream-Format") { fields[format] = "unified" }
        return UpstreamRequest(
            method: .post,
            url: address.completions,
            headerFields: fields,
            body: RequestBody(body()),
            silenceTimeout: Self.silenceLimit
        )
    }

    func body() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: message.utf8.count &+ 256)
        writer.beginObject()
        writer.key("model")
        writer.string(model)
        writer.key("messages")
        writer.beginArray()
        writer.beginObject()
        writer.key("role")
        writer.string("user")
        writer.key("content")
        writer.string(message)
        writer.endObject()
        writer.endArray()
        writer.key("stream")
        writer.bool(true)
        if let summaryModel {
            writer.key("summary_model")
            writer.string(summaryModel)
        }
        writer.endObject()
        return writer.bytes
    }
}

/// An option or variable that cannot be used.
struct ChatPlanError: Error, Equatable, CustomStringConvertible {
    let description: String
    let exitStatus: ClientExit

    init(_ description: String, exitStatus: ClientExit = .usage) {
        self.description = description
        self.exitStatus = exitStatus
    }
}
