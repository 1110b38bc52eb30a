internal import EventLoop

/// Lets tasks wait for something that another task of the same session does.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        /// A pulse that met nobody: the next one to wait takes it.
        var isPulsed = false
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        /// Waiters whose cancellation came before they were suspended.
        var cancelled: Set<Int> = []
    }

    private let state = Locked(State())

    /// Lets all waiters through, and from now on everyone.
    func open() {
        release { $0.isOpen = true }
    }

    /// Lets those through who wait now, or the next one who comes: it may have looked before the pulse and be on its way.
    func pulse() {
        release { $0.isPulsed = $0.waiters.isEmpty }
    }

    /// Returns once the gate is open, at the next pulse, or when the task is cancelled.
    func wait() async {
        let waiter = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isOpen || state.isPulsed || state.cancelled.remove(waiter) != nil {
                        state.isPulsed = false
                        return true
                    }
                    state.waiters[waiter] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
                if let continuation = state.waiters.removeValue(forKey: waiter) { return continuation }
                state.cancelled.insert(waiter)
                return nil
            }
            continuation?.resume()
        }
    }

    private func release(_ change: (inout State) -> Void) {
        let waiters: [CheckedContinuation<Void, Never>] = state.withLock { state in
            change(&state)
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }
}
