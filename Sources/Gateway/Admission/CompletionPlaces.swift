internal import EventLoop
internal import Synchronization

/// Places for completions in progress, over all loops: so many in all (`MAX_CONCURRENT_REQUESTS`), and so many for each
/// client's key (`MAX_CONCURRENT_PER_KEY`).
///
/// Memory is bounded by the places: a key is kept while it holds one.
final class CompletionPlaces: Sendable {
    enum Shortage { case all, ofKey }

    private let limit: Int
    /// 0: no limit.
    private let limitPerKey: Int
    private let count = Atomic<Int>(0)
    private let counts = Locked<[ClientKey: Int]>([:])

    init(limit: Int, perKey limitPerKey: Int) {
        self.limit = limit
        self.limitPerKey = limitPerKey
    }

    /// Places that are taken.
    var taken: Int { count.load(ordering: .relaxed) }
    /// Keys that hold a place and are counted.
    var keys: Int { counts.withLock { $0.count } }

    /// Whether a place would be refused now. It may be gone when it is asked for.
    func shortage(for key: ClientKey?) -> Shortage? {
        if taken >= limit { return .all }
        guard limitPerKey > 0, let key else { return nil }
        return counts.withLock { $0[key, default: 0] } >= limitPerKey ? .ofKey : nil
    }

    /// Takes a place.
    /// - Returns: nil when one was taken, and `leave` must follow.
    func enter(_ key: ClientKey?) -> Shortage? {
        guard count.add(1, ordering: .relaxed).oldValue < limit else {
            count.subtract(1, ordering: .relaxed)
            return .all
        }
        guard limitPerKey > 0, let key else { return nil }
        let limit = limitPerKey
        let entered = counts.withLock { counts in
            let before = counts[key, default: 0]
            if before < limit { counts[key] = before &+ 1 }
            return before < limit
        }
        if entered { return nil }
        count.subtract(1, ordering: .relaxed)
        return .ofKey
    }

    /// Gives a place back.
    func leave(_ key: ClientKey?) {
        count.subtract(1, ordering: .relaxed)
        guard limitPerKey > 0, let key else { return }
        counts.withLock { counts in
            guard let before = counts[key] else { return }
            counts[key] = before > 1 ? before &- 1 : nil
        }
    }
}
