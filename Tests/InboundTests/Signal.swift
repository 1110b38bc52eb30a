import EventLoop

/// Something that a test waits for, and how many times it has happened.
final class Signal: Sendable {
    private struct State {
        var count = 0
        var waiters: [Int: (times: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
        var lastWaiter = 0
    }

    private let state = Locked(State())

    var count: Int { state.withLock { $0.count } }

    func fire() {
        let due = state.withLock { state in
            state.count += 1
            let due = state.waiters.filter { $0.value.times <= state.count }
            for number in due.keys { state.waiters[number] = nil }
            return due
        }
        for waiter in due.values { waiter.continuation.resume() }
    }

    /// Waits until it has happened so many times in all.
    /// - Throws: `CancellationError`.
    func fired(_ times: Int = 1) async throws {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.count >= times || Task.isCancelled { return true }
                    state.waiters[number] = (times, continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }
}
