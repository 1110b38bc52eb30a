internal import EventLoop
internal import Outbound

/// A budget that all loops spend from.
extension Locked<RetryBudget> {
    func noteAttempt() {
        let now = MonotonicInstant.now()
        withLock { $0.noteAttempt(at: now) }
    }

    /// - Returns: false when there is no retry left.
    func takeRetry() -> Bool {
        let now = MonotonicInstant.now()
        return withLock { $0.takeRetry(at: now) }
    }
}
