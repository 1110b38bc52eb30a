internal import HTTPTypes
internal import Pipeline

/// Every variable that works, in the order of `env.example`. The one place where a variable is defined.
enum Variables {
    private static let day = 86_400.0

    // The upstream.
    static let upstreamBaseURL = Variable(
        "UPSTREAM_BASE_URL", default: "http://localhost:8001", .urls,
        "Where the model lives. May end in / or not. Several, parted by commas, are a pool of equals.")
    static let upstreamPath = Variable(
        "UPSTREAM_PATH", default: "/chat/completions", .urlPath, "Appended to the base URL.")
    static let upstreamAPIKey = Variable(
        "UPSTREAM_API_KEY", default: nil, .secret, secret: true,
        "Sent as a bearer token. When GATEWAY_API_KEYS is unset too, the client's own Authorization header is passed on."
    )
    static let summaryModelDefault = Variable(
        "SUMMARY_MODEL_DEFAULT", default: nil, .text,
        "Model for both summaries when the request names no summary_model; without either, the request's model.")
    static let allowModels = Variable(
        "ALLOW_MODELS", default: nil, .list, "Models that requests may name, with * and ?; unset: all.")
    static let allowSummaryModels = Variable(
        "ALLOW_SUMMARY_MODELS", default: nil, .list,
        "The same for summary_model; SUMMARY_MODEL_DEFAULT is always allowed.")
    static let requestTimeout = Variable(
        "REQUEST_TIMEOUT", default: "60", .seconds(0.001...day),
        "Longest silence of the upstream, in seconds: to its response head, and then between two chunks. Any byte counts."
    )
    static let maxStreamDuration = Variable(
        "MAX_STREAM_DURATION", default: "0", .seconds(0...day),
        "Longest time in seconds for the upstream's whole answer, retries included; 0: no limit.")
    static let summaryTimeout = Variable(
        "SUMMARY_TIMEOUT", default: "10", .seconds(0.001...day),
        "Whole budget of one summary in seconds, its retries included.")
    static let maxReasoningChars = Variable(
        "MAX_REASONING_CHARS", default: "8000", .integer(1...10_000_000),
        "At most this many characters of reasoning go to the summary model.")
    static let upstreamMaxRetries = Variable(
        "UPSTREAM_MAX_RETRIES", default: "3", .integer(0...20), "Retries after the first attempt, for each call.")
    static let upstreamRetryBackoff = Variable(
        "UPSTREAM_RETRY_BACKOFF", default: "1.0", .seconds(0...30),
        "First delay before a retry in seconds; doubles each time, up to 30.")
    static let enableParseReasoning = Variable(
        "ENABLE_PARSE_REASONING", default: "true", .boolean,
        "Use the upstream's own reasoning fields where there are any; false: tags only.")

    // Serving.
    static let host = Variable(
        "HOST", default: "127.0.0.1", .text, "Address to listen on; :: for IPv6 and IPv4. 0.0.0.0 in the image.")
    static let port = Variable(
        "PORT", default: "8000", .integer(0...65_535), "Port to listen on; 0 picks a free one.")
    static let gatewayAPIKeys = Variable(
        "GATEWAY_API_KEYS", default: nil, .secrets, secret: true,
        "Keys of which clients must send one as a bearer token, parted by commas; unset: open to everyone.")
    static let workers = Variable(
        "WORKERS", default: nil, .integer(1...256), "Event loops; unset: the number of CPUs available.")
    static let maxConnections = Variable(
        "MAX_CONNECTIONS", default: "10000", .integer(1...1_000_000),
        "Open client connections; more are refused at once.")
    static let maxConcurrentRequests = Variable(
        "MAX_CONCURRENT_REQUESTS", default: "4096", .integer(1...1_000_000),
        "Completions in flight; more get status 429.")
    static let maxConcurrentPerKey = Variable(
        "MAX_CONCURRENT_PER_KEY", default: "0", .integer(0...1_000_000),
        "Completions in flight for one bearer token; more get status 429. 0: no limit.")
    static let maxBodyBytes = Variable(
        "MAX_BODY_BYTES", default: "32m", .size(1_024...(1 << 30)), "Larger request bodies get status 413.")
    static let headerTimeout = Variable(
        "HEADER_TIMEOUT", default: "15", .seconds(0.1...day),
        "Seconds for a client to send its whole request head, and for an idle connection.")
    static let writeTimeout = Variable(
        "WRITE_TIMEOUT", default: "60", .seconds(0.1...day),
        "Longest time in seconds that a client may take no byte while some wait for it.")
    static let keepaliveInterval = Variable(
        "KEEPALIVE_INTERVAL", default: "15", .seconds(0...day),
        "A comment line after that many seconds of silence on a stream; 0: never.")
    static let streamBufferBytes = Variable(
        "STREAM_BUFFER_BYTES", default: "1m", .size(4_096...(1 << 30)),
        "Answer text held for one stream before the upstream is paused.")
    static let drainTimeout = Variable(
        "DRAIN_TIMEOUT", default: "30", .seconds(0...day),
        "Seconds that open streams may go on after SIGTERM.")
    static let drainDelay = Variable(
        "DRAIN_DELAY", default: "0", .seconds(0...day),
        "Seconds to go on accepting after SIGTERM, for load balancers to notice /readyz.")

    static let corsAllowOrigins = Variable(
        "CORS_ALLOW_ORIGINS", default: nil, .origins,
        "Origins whose pages may call, such as https://chat.example, parted by commas; *: all. Unset: none.")

    static let tlsCertFile = Variable(
        "TLS_CERT_FILE", default: nil, .readableFile,
        "PEM file of the certificate and the chain behind it, to serve HTTPS; with TLS_KEY_FILE.")
    static let tlsKeyFile = Variable(
        "TLS_KEY_FILE", default: nil, .readableFile, "PEM file of the certificate's private key.")

    // Streams and summaries.
    static let streamFormat = Variable(
        "STREAM_FORMAT", default: "auto", .choice("auto", "unified", "openai", "events"),
        "Format of streams where the request says nothing; auto: openai for OpenAI's SDKs, unified for all others.")
    static let headHold = Variable(
        "HEAD_HOLD", default: "1", .seconds(0...day),
        "Longest time in seconds that an openai stream's head waits for the upstream's status.")
    static let promptSummary = Variable(
        "PROMPT_SUMMARY", default: "on", .choice("on", "auto", "off"),
        "off: no prompt summary call, empty text; auto: no call where the prompt is no longer than a summary.")
    static let reasoningSummary = Variable(
        "REASONING_SUMMARY", default: "final", .choice("final", "rolling", "off"),
        "final: one call when the reasoning ends; rolling: part by part while the model thinks; off: empty text.")
    static let summaryStream = Variable(
        "SUMMARY_STREAM", default: "false", .boolean,
        "true: summaries are streamed word by word, as summary.prompt.delta and summary.reasoning.delta.")
    static let summaryHold = Variable(
        "SUMMARY_HOLD", default: nil, .seconds(0...day),
        "Longest time in seconds that the answer waits for the reasoning's summary; unset: SUMMARY_TIMEOUT.")
    static let rollingChars = Variable(
        "ROLLING_CHARS", default: "1200", .integer(1...1_000_000),
        "Characters of reasoning after which a rolling summary's next part is cut.")
    static let rollingInterval = Variable(
        "ROLLING_INTERVAL", default: "3", .seconds(0.01...day),
        "Seconds after which it is cut, however few characters came.")
    static let summaryBaseURL = Variable(
        "SUMMARY_BASE_URL", default: nil, .url, "Where the summary model lives; unset: with the upstream.")
    static let summaryPath = Variable(
        "SUMMARY_PATH", default: nil, .urlPath, "Appended to SUMMARY_BASE_URL; unset: UPSTREAM_PATH.")
    static let summaryAPIKey = Variable(
        "SUMMARY_API_KEY", default: nil, .secret, secret: true,
        "Bearer token for summary calls; unset: the upstream's, where SUMMARY_BASE_URL has the same origin.")
    static let summaryConcurrency = Variable(
        "SUMMARY_CONCURRENCY", default: "1024", .integer(1...1_000_000),
        "Summary calls in flight; more wait for their turn within SUMMARY_TIMEOUT.")
    static let summaryCacheEntries = Variable(
        "SUMMARY_CACHE_ENTRIES", default: "0", .integer(0...1_000_000),
        "Prompt summaries that are kept for equal prompts; 0: none.")
    static let summaryPromptsFile = Variable(
        "SUMMARY_PROMPTS_FILE", default: nil, .readableFile,
        "JSON file that replaces the built-in texts of the summary calls.")
    static let maxPromptChars = Variable(
        "MAX_PROMPT_CHARS", default: "8000", .integer(1...10_000_000),
        "At most this many characters of the conversation go to the summary model.")
    static let summaryMaxTokens = Variable(
        "SUMMARY_MAX_TOKENS", default: "0", .integer(0...1_000_000), "max_tokens of a summary call; 0: not sent.")
    static let preambleChars = Variable(
        "PREAMBLE_CHARS", default: "200", .integer(0...1_000_000),
        "Untagged text held at the start of an answer before it is taken for an answer without tags.")
    static let modelCapabilitiesFile = Variable(
        "MODEL_CAPABILITIES_FILE", default: nil, .readableFile,
        "JSON file of model patterns that extends and overrides what is known of models.")

    // Connections to the upstream.
    static let connectTimeout = Variable(
        "CONNECT_TIMEOUT", default: "5", .seconds(0.001...day), "Seconds to a connection, TLS included.")
    static let upstreamMaxConnections = Variable(
        "UPSTREAM_MAX_CONNECTIONS", default: "0", .integer(0...1_000_000),
        "Connections to one host from each event loop; 0: no limit.")
    static let upstreamCAFile = Variable(
        "UPSTREAM_CA_FILE", default: nil, .readableFile, "PEM file of trusted roots; unset: the system's store.")
    static let upstreamInsecure = Variable(
        "UPSTREAM_INSECURE", default: "false", .boolean, "true: certificates of the upstream are not verified.")
    static let upstreamEjectFailures = Variable(
        "UPSTREAM_EJECT_FAILURES", default: "5", .integer(1...1_000_000),
        "Failures in a row, no answer or a 5xx, that take a member out of the pool; never the last one.")
    static let upstreamEjectTime = Variable(
        "UPSTREAM_EJECT_TIME", default: "10", .seconds(0.001...day),
        "Seconds for which it is out; doubles each time, up to 300.")
    static let upstreamIncludeUsage = Variable(
        "UPSTREAM_INCLUDE_USAGE", default: "true", .boolean,
        "false: stream_options.include_usage is not added, for servers that refuse unknown fields.")
    static let upstreamExtraHeaders = Variable(
        "UPSTREAM_EXTRA_HEADERS", default: nil, .headerFields, secret: true,
        "Further header fields for the upstream: Name: value pairs, parted by |.")

    // Logs.
    static let logLevel = Variable(
        "LOG_LEVEL", default: "info",
        .choice("trace", "debug", "info", "notice", "warning", "error", "critical"), "Least level that is logged.")
    static let logFormat = Variable(
        "LOG_FORMAT", default: "json", .choice("json", "text"), "json, or text for a terminal.")
    static let logContent = Variable(
        "LOG_CONTENT", default: "false", .boolean,
        "true: the completion's log line holds prompt, summaries and answer.")

    // Read by the commands chat and check-dedicated.
    static let gatewayURL = Variable(
        "GATEWAY_URL", default: "http://localhost:8000/v1/chat/completions", .url, "Client: the gateway's address.")
    static let gatewayAPIKey = Variable(
        "GATEWAY_API_KEY", default: nil, .secret, secret: true, "Client: sent to the gateway as a bearer token.")
    static let friendliEndpointID = Variable(
        "FRIENDLI_ENDPOINT_ID", default: nil, .text, "Client: the Friendli Dedicated endpoint.")
    static let friendliAPIBase = Variable(
        "FRIENDLI_API_BASE", default: "https://api.friendli.ai", .url, "Client: Friendli's API.")

    static let all: [any AnyVariable] = [
        upstreamBaseURL, upstreamPath, upstreamAPIKey, summaryModelDefault, allowModels, allowSummaryModels,
        requestTimeout, maxStreamDuration, summaryTimeout, maxReasoningChars, upstreamMaxRetries, upstreamRetryBackoff,
        enableParseReasoning,
        host, port, gatewayAPIKeys, workers, maxConnections, maxConcurrentRequests, maxConcurrentPerKey, maxBodyBytes,
        headerTimeout, writeTimeout,
        keepaliveInterval, streamBufferBytes, drainTimeout, drainDelay, corsAllowOrigins, tlsCertFile, tlsKeyFile,
        streamFormat, headHold, promptSummary, reasoningSummary, summaryStream, summaryHold, rollingChars,
        rollingInterval,
        summaryBaseURL, summaryPath, summaryAPIKey, summaryConcurrency, summaryCacheEntries, summaryPromptsFile,
        maxPromptChars, summaryMaxTokens, preambleChars, modelCapabilitiesFile,
        connectTimeout, upstreamMaxConnections, upstreamCAFile, upstreamInsecure, upstreamEjectFailures,
        upstreamEjectTime, upstreamIncludeUsage,
        upstreamExtraHeaders,
        logLevel, logFormat, logContent,
        gatewayURL, gatewayAPIKey, friendliEndpointID, friendliAPIBase,
    ]
}

extension VariableKind<[HTTPField]> {
    /// RFC 9110, section 5: a token, a colon, and a value without control characters.
    static let headerFields = VariableKind(accepted: "Name: value pairs, parted by | or line ends") { text in
        var fields: [HTTPField] = []
        for part in text.split(whereSeparator: { $0 == "|" || $0.isNewline }) {
            let pair = part.trimmingBlanks()
            if pair.isEmpty { continue }
            guard let colon = pair.firstIndex(of: ":"), let name = HTTPField.Name(String(pair[..<colon])) else {
                return nil
            }
            let value = String(pair[pair.index(after: colon)...].trimmingBlanks())
            guard value.isEmpty || VariableKind<Secret>.isHeaderValue(value) else { return nil }
            fields.append(HTTPField(name: name, value: value))
        }
        return fields
    }
}
