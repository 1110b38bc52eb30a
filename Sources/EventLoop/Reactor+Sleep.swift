extension Reactor {
    /// Suspends the calling task for `duration`, on this reactor's own timers: `Task.sleep` would come back through
    /// another thread. From a task that runs on this reactor.
    /// - Throws: `CancellationError`, at once when the task is cancelled.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        let sleeper = Sleeper()
        let timer = schedule(after: duration) { sleeper.wake() }
        await withTaskCancellationHandler {
            await withCheckedContinuation { sleeper.suspend($0) }
        } onCancel: {
            sleeper.wake()
        }
        cancel(timer)
        if Task.isCancelled { throw CancellationError() }
    }
}

/// One sleep. The state is behind a lock because cancellation may come from any thread, even before the start.
private final class Sleeper: Sendable {
    private enum State {
        case awake
        case asleep(CheckedContinuation<Void, Never>)
        case woken
    }

    private let state = Locked(State.awake)

    func suspend(_ continuation: CheckedContinuation<Void, Never>) {
        let woken = state.withLock { state in
            if case .woken = state { return true }
            state = .asleep(continuation)
            return false
        }
        if woken { continuation.resume() }
    }

    func wake() {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            defer { state = .woken }
            if case .asleep(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }
}
