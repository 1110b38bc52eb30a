public import HTTPTypes
public import Pipeline

/// What the environment variables say (`env.example`), checked.
public struct GatewayConfiguration: Sendable {
    public struct Upstream: Sendable {
        /// The pool's members, at least one. Without a trailing `/`.
        public var baseURLs: [String]
        public var path: String
        public var apiKey: Secret?
        public var allowModels: ModelAllowlist
        public var requestTimeout: Duration
        public var maxRetries: Int
        public var retryBackoff: Duration
        public var parsesReasoningFields: Bool
        public var connectTimeout: Duration
        /// To one host, from each event loop; 0: no limit.
        public var maxConnections: Int
        public var caFile: String?
        public var insecure: Bool
        /// Failures in a row that take a member out of the pool.
        public var ejectFailures: Int
        /// How long, the first time.
        public var ejectTime: Duration
        /// Of the upstream's stream; zero: no limit.
        public var maxStreamDuration: Duration
        public var includeUsage: Bool
        public var extraHeaders: [HTTPField]

        /// - Parameter baseURL: a member's.
        public func chatCompletionsURL(at baseURL: String) -> String { baseURL + path }

        /// Beside the completions, as in OpenAI's API.
        public func modelsURL(at baseURL: String) -> String {
            let completions = "/chat/completions"
            return baseURL + (path.hasSuffix(completions) ? String(path.dropLast(completions.count)) : "") + "/models"
        }
    }

    public struct Summary: Sendable {
        public var defaultModel: String?
        public var allowModels: ModelAllowlist
        /// The whole budget of one summary.
        public var timeout: Duration
        /// 0: not sent.
        public var maxTokens: Int
        public var maxPromptCharacters: Int
        public var maxReasoningCharacters: Int
        public enum PromptMode: String, Sendable { case on, auto, off }
        public enum ReasoningMode: String, Sendable { case final, rolling, off }

        public var promptMode: PromptMode
        public var reasoningMode: ReasoningMode
        /// Whether the words of a summary are passed on as they come.
        public var streams: Bool
        /// Longest wait of the answer for the reasoning's summary.
        public var hold: Duration
        public var rollingCharacters: Int
        public var rollingInterval: Duration
        /// nil: with the upstream, at a member of its pool.
        public var baseURL: String?
        public var path: String
        /// nil: the upstream's, as far as `sharesOrigin` allows.
        public var apiKey: Secret?
        /// Whether the summaries' endpoint may get what is meant for the upstream: its headers, and the client's key.
        public var sharesOrigin: Bool
        /// Calls in flight, over all loops.
        public var concurrency: Int
        /// Prompt summaries that are kept, over all loops.
        public var cacheEntries: Int
        public var prompts: SummaryPrompts
    }

    /// PEM texts.
    public struct TLS: Sendable {
        public var certificate: String
        public var key: Secret
    }

    public struct Serving: Sendable {
        public var host: String
        public var port: Int
        public var workers: Int
        public var maxConnections: Int
        public var maxConcurrentRequests: Int
        /// Of one bearer token; 0: no limit.
        public var maxConcurrentPerKey: Int
        /// None: everyone may call.
        public var apiKeys: [Secret]
        public var maxBodyBytes: Int
        public var headerTimeout: Duration
        public var writeTimeout: Duration
        /// Zero: never.
        public var keepaliveInterval: Duration
        public var drainTimeout: Duration
        public var drainDelay: Duration
        public var allowedOrigins: AllowedOrigins
        /// nil: HTTP.
        public var tls: TLS?
    }

    public struct Streams: Sendable {
        /// nil: chosen by the request.
        public var format: StreamFormat?
        /// Longest wait of an `openai` stream's head for the upstream's status.
        public var headHold: Duration
        public var bufferBytes: Int
        public var preambleCharacters: Int
        /// What is known of models.
        public var models: ModelRegistry
    }

    public struct Logging: Sendable {
        public enum Format: String, Sendable { case json, text }

        public var level: String
        public var format: Format
        public var content: Bool
    }

    public var upstream: Upstream
    public var summary: Summary
    public var serving: Serving
    public var streams: Streams
    public var logging: Logging
    /// What is odd, but not wrong.
    public var warnings: [String]

    /// - Parameter environment: names and values; an empty value means the default.
    /// - Throws: `ConfigurationError` with a line for every variable that cannot be used.
    public init(environment: [String: String]) throws(ConfigurationError) {
        var reader = ConfigurationReader(environment: environment)
        upstream = Upstream(&reader)
        summary = Summary(&reader, upstream: upstream)
        serving = Serving(&reader)
        streams = Streams(
            format: StreamFormat(rawValue: reader.required(Variables.streamFormat, or: "auto")),
            headHold: reader.required(Variables.headHold, or: .seconds(1)),
            bufferBytes: reader.required(Variables.streamBufferBytes, or: 1 << 20),
            preambleCharacters: reader.required(Variables.preambleChars, or: 200), models: Streams.models(&reader))
        logging = Logging(
            level: reader.required(Variables.logLevel, or: "info"),
            format: reader.value(Variables.logFormat).flatMap(Logging.Format.init) ?? .json,
            content: reader.required(Variables.logContent, or: false))
        warnings = reader.warnings()
        guard reader.mistakes.isEmpty else { throw ConfigurationError(lines: reader.mistakes) }
    }
}

extension GatewayConfiguration.Upstream {
    fileprivate init(_ reader: inout ConfigurationReader) {
        baseURLs = reader.required(Variables.upstreamBaseURL, or: [])
        path = reader.required(Variables.upstreamPath, or: "")
        apiKey = reader.value(Variables.upstreamAPIKey)
        allowModels = ModelAllowlist(reader.required(Variables.allowModels, or: []))
        requestTimeout = reader.required(Variables.requestTimeout, or: .seconds(60))
        maxRetries = reader.required(Variables.upstreamMaxRetries, or: 3)
        retryBackoff = reader.required(Variables.upstreamRetryBackoff, or: .seconds(1))
        parsesReasoningFields = reader.required(Variables.enableParseReasoning, or: true)
        connectTimeout = reader.required(Variables.connectTimeout, or: .seconds(5))
        maxConnections = reader.required(Variables.upstreamMaxConnections, or: 0)
        caFile = reader.value(Variables.upstreamCAFile)
        insecure = reader.required(Variables.upstreamInsecure, or: false)
        ejectFailures = reader.required(Variables.upstreamEjectFailures, or: 5)
        ejectTime = reader.required(Variables.upstreamEjectTime, or: .seconds(10))
        maxStreamDuration = reader.required(Variables.maxStreamDuration, or: .zero)
        includeUsage = reader.required(Variables.upstreamIncludeUsage, or: true)
        extraHeaders = reader.required(Variables.upstreamExtraHeaders, or: [])
    }
}

extension GatewayConfiguration.Summary {
    fileprivate init(_ reader: inout ConfigurationReader, upstream: GatewayConfiguration.Upstream) {
        defaultModel = reader.value(Variables.summaryModelDefault)
        allowModels = ModelAllowlist(reader.required(Variables.allowSummaryModels, or: []))
        timeout = reader.required(Variables.summaryTimeout, or: .seconds(10))
        maxTokens = reader.required(Variables.summaryMaxTokens, or: 0)
        maxPromptCharacters = reader.required(Variables.maxPromptChars, or: 8_000)
        maxReasoningCharacters = reader.required(Variables.maxReasoningChars, or: 8_000)
        promptMode = PromptMode(rawValue: reader.required(Variables.promptSummary, or: "on")) ?? .on
        reasoningMode = ReasoningMode(rawValue: reader.required(Variables.reasoningSummary, or: "final")) ?? .final
        streams = reader.required(Variables.summaryStream, or: false)
        hold = reader.value(Variables.summaryHold) ?? timeout
        rollingCharacters = reader.required(Variables.rollingChars, or: 1_200)
        rollingInterval = reader.required(Variables.rollingInterval, or: .seconds(3))
        baseURL = reader.value(Variables.summaryBaseURL)
        path = reader.value(Variables.summaryPath) ?? upstream.path
        let origins = upstream.baseURLs.map(Self.origin)
        sharesOrigin = baseURL.map { origins.contains(Self.origin($0)) } ?? true
        apiKey = reader.value(Variables.summaryAPIKey)
        concurrency = reader.required(Variables.summaryConcurrency, or: 1_024)
        cacheEntries = reader.required(Variables.summaryCacheEntries, or: 0)
        prompts = Self.prompts(&reader)
    }

    private static func prompts(_ reader: inout ConfigurationReader) -> SummaryPrompts {
        guard let (path, text) = reader.file(Variables.summaryPromptsFile) else { return SummaryPrompts() }
        var mistakes: [String] = []
        let prompts = PromptsFile.parse(text, mistakes: &mistakes)
        for mistake in mistakes { reader.reject(Variables.summaryPromptsFile, file: path, mistake) }
        return prompts
    }

    /// Scheme, host and port (RFC 6454), of a URL that has been checked.
    private static func origin(_ url: String) -> String {
        let lowercased = url.lowercased()
        let scheme = lowercased.hasPrefix("https://") ? "https://" : "http://"
        let authority = lowercased.dropFirst(scheme.count).prefix { $0 != "/" }
        let standardPort = scheme == "https://" ? ":443" : ":80"
        let hasPort =
            authority.hasSuffix("]")
            ? false
            : authority.drop { $0 != "]" }.contains(":") || (!authority.contains("]") && authority.contains(":"))
        return scheme + authority + (hasPort ? "" : standardPort)
    }
}

extension GatewayConfiguration.Streams {
    fileprivate static func models(_ reader: inout ConfigurationReader) -> ModelRegistry {
        guard let (path, text) = reader.file(Variables.modelCapabilitiesFile) else { return ModelRegistry() }
        var mistakes: [String] = []
        let rows = CapabilitiesFile.parse(text, mistakes: &mistakes)
        for mistake in mistakes { reader.reject(Variables.modelCapabilitiesFile, file: path, mistake) }
        return ModelRegistry(operatorRows: rows)
    }
}

extension GatewayConfiguration.Serving {
    fileprivate init(_ reader: inout ConfigurationReader) {
        host = reader.required(Variables.host, or: "127.0.0.1")
        port = reader.required(Variables.port, or: 8_000)
        workers = reader.value(Variables.workers) ?? AvailableCPUs.count()
        maxConnections = reader.required(Variables.maxConnections, or: 10_000)
        maxConcurrentRequests = reader.required(Variables.maxConcurrentRequests, or: 4_096)
        maxConcurrentPerKey = reader.required(Variables.maxConcurrentPerKey, or: 0)
        apiKeys = reader.required(Variables.gatewayAPIKeys, or: [])
        maxBodyBytes = reader.required(Variables.maxBodyBytes, or: 32 << 20)
        headerTimeout = reader.required(Variables.headerTimeout, or: .seconds(15))
        writeTimeout = reader.required(Variables.writeTimeout, or: .seconds(60))
        keepaliveInterval = reader.required(Variables.keepaliveInterval, or: .seconds(15))
        drainTimeout = reader.required(Variables.drainTimeout, or: .seconds(30))
        drainDelay = reader.required(Variables.drainDelay, or: .zero)
        allowedOrigins = reader.required(Variables.corsAllowOrigins, or: AllowedOrigins())
        tls = Self.tls(&reader)
    }

    private static func tls(_ reader: inout ConfigurationReader) -> GatewayConfiguration.TLS? {
        let certificate = reader.text(of: Variables.tlsCertFile)
        let key = reader.text(of: Variables.tlsKeyFile)
        reader.requireBoth(Variables.tlsCertFile, Variables.tlsKeyFile)
        guard let certificate, let key else { return nil }
        return GatewayConfiguration.TLS(certificate: certificate, key: Secret(key))
    }
}

extension GatewayConfiguration {
    /// The text of `env.example`.
    public static var example: String {
        """
        # Every setting of the gateway with its default. Read by `docker run --env-file` and by a shell; a copy named .env in
        # the working directory is read by the gateway itself. The process's own environment wins.

        """ + Variables.all.map { "\n" + $0.example }.joined()
    }
}
