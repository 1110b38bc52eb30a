internal import EventLoop

/// What a mock upstream has seen. Any thread.
public final class MockRecorder: Sendable {
    private struct Counts {
        let openRequests: Int
        let openStreams: Int
        let requests: Int
        let sentBytes: Int
    }

    private struct State {
        var requests: [MockRequest] = []
        var attempts: [String: Int] = [:]
        var openRequests = 0
        var openStreams = 0
        var sentBytes = 0
        var disconnects = 0
        var counts: Counts {
            Counts(openRequests: openRequests, openStreams: openStreams, requests: requests.count, sentBytes: sentBytes)
        }

        var waiters: [(condition: @Sendable (Counts) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    /// Requests that are kept; later ones are only counted.
    public static let keptRequests = 10_000

    private let state = Locked(State())

    /// The requests received, oldest first.
    public var requests: [MockRequest] { state.withLock { $0.requests } }
    /// Requests being answered now, summaries included.
    public var openRequests: Int { state.withLock { $0.openRequests } }
    /// Bytes of streams that were given to their connections.
    public var sentBytes: Int { state.withLock { $0.sentBytes } }
    /// Requests whose client went away before the answer's end.
    public var disconnects: Int { state.withLock { $0.disconnects } }

    /// Returns once so many requests are being answered.
    public func waitForOpenRequests(_ count: Int) async {
        await wait { $0.openRequests == count }
    }

    /// Returns once so many streams have begun and not ended.
    public func waitForOpenStreams(_ count: Int) async {
        await wait { $0.openStreams == count }
    }

    /// Returns once so many requests have come.
    public func waitForRequests(atLeast count: Int) async {
        await wait { $0.requests >= count }
    }

    /// Returns once so many bytes of streams were given to their connections.
    public func waitForSentBytes(atLeast count: Int) async {
        await wait { $0.sentBytes >= count }
    }

    private func wait(_ condition: @escaping @Sendable (Counts) -> Bool) async {
        await withCheckedContinuation { continuation in
            let holds = state.withLock { state in
                if condition(state.counts) { return true }
                state.waiters.append((condition, continuation))
                return false
            }
            if holds { continuation.resume() }
        }
    }

    /// - Returns: how often the same script was asked for before, streams and summaries apart.
    func begin(_ request: MockRequest) -> Int {
        change { state in
            state.openRequests += 1
            if state.requests.count < Self.keptRequests { state.requests.append(request) }
            let key = "\(request.scriptName) \(request.isStreamed)"
            let attempt = state.attempts[key, default: 0]
            state.attempts[key] = attempt + 1
            return attempt
        }
    }

    func streamBegan() {
        change { $0.openStreams += 1 }
    }

    func streamEnded() {
        change { $0.openStreams -= 1 }
    }

    func sent(_ bytes: Int) {
        change { $0.sentBytes &+= bytes }
    }

    func end(disconnected: Bool) {
        change { state in
            state.openRequests -= 1
            if disconnected { state.disconnects += 1 }
        }
    }

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, woken): (Result, [CheckedContinuation<Void, Never>]) = state.withLock { state in
            let result = body(&state)
            guard !state.waiters.isEmpty else { return (result, []) }
            let counts = state.counts
            let woken = state.waiters.filter { $0.condition(counts) }.map(\.continuation)
            state.waiters.removeAll { $0.condition(counts) }
            return (result, woken)
        }
        for continuation in woken { continuation.resume() }
        return result
    }
}
