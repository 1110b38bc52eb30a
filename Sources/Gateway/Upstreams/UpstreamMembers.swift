internal import EventLoop
internal import Logging
internal import Outbound

/// The members of the upstream, as all loops see them: one `UpstreamPool` behind a lock that is held for the time of a
/// choice, and the log of what happens to its members.
final class UpstreamMembers: Sendable {
    /// One attempt at one member.
    struct Lease: Sendable {
        let baseURL: String
        fileprivate let place: UpstreamPool.Lease

        var member: Int { place.member }
    }

    let baseURLs: [String]
    private let logger: Logger
    private let pool: Locked<UpstreamPool>

    init(baseURLs: [String], settings: UpstreamPool.Settings, logger: Logger) {
        self.baseURLs = baseURLs
        self.logger = logger
        pool = Locked(UpstreamPool(count: baseURLs.count, settings: settings))
    }

    /// Takes a place at a member. `end` must follow.
    /// - Parameters:
    ///   - tried: members of the same call's earlier attempts.
    ///   - mayProbe: only for an attempt that reports its status.
    func lease(tried: [Int] = [], mayProbe: Bool) -> Lease {
        let now = MonotonicInstant.now()
        let place = pool.withLock { $0.lease(tried: tried, mayProbe: mayProbe, at: now) }
        return Lease(baseURL: baseURLs.indices.contains(place.member) ? baseURLs[place.member] : "", place: place)
    }

    /// The member has answered. What the client has done wrong is no failure of the member.
    func report(_ lease: Lease, status: Int) {
        report(lease, status >= 500 ? .failure : .success)
    }

    /// The attempt has ended without a response head. What ended it here is no failure of the member.
    func report(_ lease: Lease, _ failure: UpstreamFailure) {
        if failure.kind != .cancelled { report(lease, .failure) }
    }

    func end(_ lease: Lease) {
        pool.withLock { $0.end(lease.place) }
    }

    func statuses() -> [UpstreamPool.Status] {
        let now = MonotonicInstant.now()
        return pool.withLock { $0.statuses(at: now) }
    }

    private func report(_ lease: Lease, _ outcome: UpstreamPool.Outcome) {
        let now = MonotonicInstant.now()
        let jitter = Double.random(in: 0...1)
        switch pool.withLock({ $0.report(lease.place, outcome, at: now, jitter: jitter) }) {
        case .ejected(_, let failures, let time):
            logger.warning(
                "upstream ejected",
                metadata: [
                    "upstream": "\(lease.baseURL)", "failures": .stringConvertible(failures),
                    "for_s": .stringConvertible(Double(time.wholeNanoseconds / 1_000_000) / 1_000),
                ])
        case .recovered: logger.info("upstream recovered", metadata: ["upstream": "\(lease.baseURL)"])
        case nil: break
        }
    }
}
