internal import Inbound
internal import Logging
internal import Synchronization

/// What the loops share: constants and counters.
final class SharedState: Sendable {
    let configuration: GatewayConfiguration
    let logger: Logger
    let connections = ConnectionCount()
    /// Completions in progress.
    let completions = Atomic<Int>(0)
    /// What `/readyz` says.
    let ready = Atomic<Bool>(true)
    /// Whether the loops have been ended.
    let stopped = Atomic<Bool>(false)
    /// Whether new completions are refused.
    let draining = Atomic<Bool>(false)

    init(configuration: GatewayConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Takes one of the places for completions.
    /// - Returns: false when none is free; else `leave` must follow.
    func enter() -> Bool {
        let before = completions.add(1, ordering: .relaxed).oldValue
        guard before >= configuration.serving.maxConcurrentRequests else { return true }
        leave()
        return false
    }

    func leave() {
        completions.subtract(1, ordering: .relaxed)
    }
}
