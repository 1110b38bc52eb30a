/// Lets only so many in at once; the rest wait in order.
public actor AsyncSemaphore {
    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    public init(places: Int) {
        free = places
    }

    /// Runs `body` when there is a place for it.
    public nonisolated(nonsending) func pass<Result>(
        _ body: nonisolated(nonsending) () async throws -> Result
    ) async rethrows -> Result {
        await enter()
        do {
            let result = try await body()
            await leave()
            return result
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        guard free == 0 else { return free -= 1 }
        await withCheckedContinuation { waiters.append($0) }
    }

    private func leave() {
        guard waiters.isEmpty else { return waiters.removeFirst().resume() }
        free += 1
    }
}
