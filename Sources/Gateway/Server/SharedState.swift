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
    /// How the summary calls fare, which is nothing to the upstream's health.
    let summaries = SummaryCounts()
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

/// Counts of summary calls, over all loops.
final class SummaryCounts: Sendable {
    private let calls = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    private let consecutiveFailures = Atomic<Int>(0)

    /// A call has ended, its retries included.
    func note(failed: Bool) {
        calls.add(1, ordering: .relaxed)
        if failed {
            failures.add(1, ordering: .relaxed)
            consecutiveFailures.add(1, ordering: .relaxed)
        } else {
            consecutiveFailures.store(0, ordering: .relaxed)
        }
    }

    /// As `/upstream-health` tells it.
    var json: String {
        #"{"calls":\#(calls.load(ordering: .relaxed)),"failures":\#(failures.load(ordering: .relaxed)),"#
            + #""consecutive_failures":\#(consecutiveFailures.load(ordering: .relaxed))}"#
    }
}
