internal import Inbound
internal import Logging
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
    /// What `/readyz` says.
    let ready = Atomic<Bool>(true)
    /// Whether the loops have been ended.
    let stopped = Atomic<Bool>(false)
    /// Whether new completions are refused.
    let draining = Atomic<Bool>(false)

    init(configuration: GatewayConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let serving = configuration.serving
        apiKeys = APIKeys(serving.apiKeys)
        credentials = serving.tls.map { TLSCredentials(certificate: $0.certificate, key: $0.key.value) }
        places = CompletionPlaces(limit: serving.maxConcurrentRequests, perKey: serving.maxConcurrentPerKey)
    }
}
