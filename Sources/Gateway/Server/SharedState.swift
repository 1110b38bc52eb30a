internal import EventLoop
internal import Inbound
internal import Logging
internal import Outbound
internal import Synchronization

/// What the loops share: constants and counters.
final class SharedState: Sendable {
    let configuration: GatewayConfiguration
    let logger: Logger
    let connections = ConnectionCount()
    let apiKeys: APIKeys
    /// nil: HTTP.
    let credentials: TLSCredentials?
    /// For completions in progress.
    let places: CompletionPlaces
    /// How the summary calls fare, which is nothing to the upstream's health.
    let summaries = SummaryCounts()
    let upstreams: UpstreamMembers
    /// For the retries of the calls whose answers clients wait for.
    let retryBudget: Locked<RetryBudget>
    /// For those of summary calls: what they spend is not missing elsewhere.
    let summaryRetryBudget: Locked<RetryBudget>
    /// What `/readyz` says.
    let ready = Atomic<Bool>(true)
    /// Whether the loops have been ended.
    let stopped = Atomic<Bool>(false)

    init(configuration: GatewayConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let serving = configuration.serving
        apiKeys = APIKeys(serving.apiKeys)
        credentials = serving.tls.map { TLSCredentials(certificate: $0.certificate, key: $0.key.value) }
        upstreams = UpstreamMembers(
            baseURLs: configuration.upstream.baseURLs, settings: configuration.poolSettings, logger: logger)
        retryBudget = Locked(configuration.retryBudget)
        summaryRetryBudget = Locked(configuration.retryBudget)
        places = CompletionPlaces(limit: serving.maxConcurrentRequests, perKey: serving.maxConcurrentPerKey)
    }
}
