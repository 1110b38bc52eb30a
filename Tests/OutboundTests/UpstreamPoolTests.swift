import EventLoop
import Outbound
import TestSupport
import Testing

/// A pool that an expectation may change.
private final class PoolRun {
    private var pool: UpstreamPool

    init(_ pool: UpstreamPool) {
        self.pool = pool
    }

    func lease(tried: [Int] = [], mayProbe: Bool = true, at now: MonotonicInstant) -> UpstreamPool.Lease {
        pool.lease(tried: tried, mayProbe: mayProbe, at: now)
    }

    func report(
        _ lease: UpstreamPool.Lease, _ outcome: UpstreamPool.Outcome, at now: MonotonicInstant, jitter: Double
    ) -> UpstreamPool.Change? {
        pool.report(lease, outcome, at: now, jitter: jitter)
    }

    func end(_ lease: UpstreamPool.Lease) {
        pool.end(lease)
    }

    func statuses(at now: MonotonicInstant) -> [UpstreamPool.Status] {
        pool.statuses(at: now)
    }
}

@Suite("The upstream pool")
struct UpstreamPoolTests {
    private func instant(_ seconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: Int64(seconds * 1e9))
    }

    private func pool(_ count: Int, failures: Int = 2) -> PoolRun {
        PoolRun(
            UpstreamPool(
                count: count,
                settings: .init(failures: failures, ejectTime: .seconds(10), longestEjectTime: .seconds(60))))
    }

    /// An attempt that begins and ends now.
    @discardableResult
    private func attempt(
        _ pool: PoolRun, _ outcome: UpstreamPool.Outcome, at seconds: Double, tried: [Int] = []
    ) -> (member: Int, change: UpstreamPool.Change?) {
        let lease = pool.lease(tried: tried, at: instant(seconds))
        let change = pool.report(lease, outcome, at: instant(seconds), jitter: 0)
        pool.end(lease)
        return (lease.member, change)
    }

    /// Fails `member` until it is ejected.
    private func eject(_ member: Int, _ pool: PoolRun, at seconds: Double) -> UpstreamPool.Change? {
        let others = pool.statuses(at: instant(seconds)).indices.filter { $0 != member }
        for _ in 0..<10 {
            if let change = attempt(pool, .failure, at: seconds, tried: others).change { return change }
        }
        return nil
    }

    private func states(_ pool: PoolRun, at seconds: Double) -> [UpstreamPool.State] {
        pool.statuses(at: instant(seconds)).map(\.state)
    }

    @Test("gives idle members their turn")
    func roundRobin() {
        let pool = pool(3)
        #expect((0..<6).map { _ in attempt(pool, .success, at: 0).member } == [0, 1, 2, 0, 1, 2])
    }

    @Test("prefers the member with the fewest in flight")
    func fewest() {
        let pool = pool(3)
        let leases = (0..<6).map { _ in pool.lease(at: instant(0)) }
        pool.end(leases[1])
        pool.end(leases[4])
        pool.end(leases[5])
        #expect((0..<3).map { _ in pool.lease(at: instant(0)).member } == [1, 2, 1])
        #expect(pool.statuses(at: instant(0)).map(\.inFlight) == [2, 2, 2])
    }

    @Test("sends a further attempt of a call to another member, even a busier one")
    func another() {
        let pool = pool(3)
        let first = pool.lease(at: instant(0))
        for _ in 0..<4 { _ = pool.lease(tried: [first.member], at: instant(0)) }
        pool.end(first)
        let second = pool.lease(tried: [first.member], at: instant(0))
        #expect(second.member != first.member)
        let third = pool.lease(tried: [first.member, second.member], at: instant(0))
        #expect(Set([first.member, second.member, third.member]).count == 3)
        #expect(pool.lease(tried: [0, 1, 2], at: instant(0)).member == first.member)
    }

    @Test("ejects after so many failures in a row, and not before")
    func ejects() {
        let pool = pool(2, failures: 3)
        for outcome in [UpstreamPool.Outcome.failure, .failure, .success, .failure, .failure] {
            #expect(attempt(pool, outcome, at: 0, tried: [1]).change == nil)
        }
        #expect(attempt(pool, .failure, at: 0, tried: [1]) == (0, .ejected(member: 0, failures: 3, for: .seconds(10))))
        #expect(states(pool, at: 9.9) == [.ejected, .healthy])
        #expect((0..<4).map { _ in attempt(pool, .success, at: 9.9).member } == [1, 1, 1, 1])
    }

    @Test("takes a member back after one probe, and makes one at a time")
    func probes() {
        let pool = pool(2)
        #expect(eject(0, pool, at: 0) != nil)
        #expect(states(pool, at: 10) == [.probing, .healthy])
        let probe = pool.lease(at: instant(10))
        #expect(probe.member == 0 && probe.isProbe)
        #expect((0..<3).map { _ in pool.lease(at: instant(10)).member } == [1, 1, 1])
        #expect(pool.report(probe, .success, at: instant(11), jitter: 0) == .recovered(member: 0))
        pool.end(probe)
        #expect(states(pool, at: 11) == [.healthy, .healthy])
        #expect(pool.lease(at: instant(11)).member == 0)
    }

    @Test("lets the next attempt probe when one showed nothing")
    func abortedProbe() {
        let pool = pool(2)
        _ = eject(0, pool, at: 0)
        let probe = pool.lease(at: instant(10))
        pool.end(probe)
        #expect(states(pool, at: 10) == [.probing, .healthy])
        #expect(pool.lease(at: instant(10)).isProbe)
    }

    @Test("does not probe with a call's further attempt, nor where the attempt cannot tell")
    func noProbe() {
        let pool = pool(2)
        _ = eject(0, pool, at: 0)
        #expect(!pool.lease(tried: [1], at: instant(20)).isProbe)
        #expect(!pool.lease(mayProbe: false, at: instant(20)).isProbe)
    }

    @Test("ejects for twice as long each time, within the bound and its jitter")
    func grows() {
        let pool = pool(2)
        var now = 0.0
        guard case .ejected(_, _, var time)? = eject(0, pool, at: now) else {
            Issue.record("not ejected")
            return
        }
        for expected in [20, 40, 60, 60] {
            now += Double(time.components.seconds)
            let change = attempt(pool, .failure, at: now).change
            time = .seconds(expected)
            #expect(
                change
                    == .ejected(member: 0, failures: pool.statuses(at: instant(now))[0].consecutiveFailures, for: time))
        }
        now += 60
        let probe = pool.lease(at: instant(now))
        #expect(
            pool.report(probe, .failure, at: instant(now), jitter: 1)
                == .ejected(member: 0, failures: 7, for: .seconds(75)))
    }

    @Test("begins anew with a member that was well for long enough", arguments: [(59.0, 20), (61.0, 10)])
    func forgets(healthy: Double, expected: Int64) {
        let pool = pool(2)
        _ = eject(0, pool, at: 0)
        #expect(attempt(pool, .success, at: 10).change == .recovered(member: 0))
        guard case .ejected(_, _, let time)? = eject(0, pool, at: 10 + healthy) else {
            Issue.record("not ejected")
            return
        }
        #expect(time == .seconds(expected))
    }

    @Test("never takes the last healthy member out")
    func last() {
        let pool = pool(3)
        #expect(eject(0, pool, at: 0) != nil)
        #expect(eject(1, pool, at: 0) != nil)
        #expect(eject(2, pool, at: 0) == nil)
        #expect(states(pool, at: 0) == [.ejected, .ejected, .healthy])
        // A member that is only being tried is no healthy one.
        #expect(states(pool, at: 30) == [.probing, .probing, .healthy])
        #expect(attempt(pool, .failure, at: 30, tried: [0]).change == nil)
        let alone = PoolRun(UpstreamPool(count: 1))
        for _ in 0..<50 { #expect(attempt(alone, .failure, at: 0).change == nil) }
        #expect(attempt(alone, .success, at: 0) == (0, nil))
        #expect(alone.statuses(at: instant(0))[0].consecutiveFailures == 0)
    }

    @Test("takes nothing from an attempt of before the ejection")
    func stale() {
        let pool = pool(2)
        let old = (pool.lease(tried: [1], at: instant(0)), pool.lease(tried: [1], at: instant(0)))
        _ = eject(0, pool, at: 0)
        #expect(pool.report(old.0, .success, at: instant(1), jitter: 0) == nil)
        #expect(pool.report(old.1, .failure, at: instant(1), jitter: 0) == nil)
        #expect(states(pool, at: 1) == [.ejected, .healthy])
        let probe = pool.lease(at: instant(10))
        pool.end(old.0)
        // The probe is still under way.
        #expect(!pool.lease(at: instant(10)).isProbe)
        pool.end(probe)
        #expect(pool.statuses(at: instant(10))[0].inFlight == 1)
    }

    @Test("keeps its rules whatever happens", arguments: UInt64(0)..<40)
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = 1 + random.below(5)
        let pool = pool(count, failures: 1 + random.below(4))
        var open: [UpstreamPool.Lease] = []
        var now = 0.0
        for _ in 0..<1_500 {
            now += Double(random.below(40)) / 10
            switch random.below(4) {
            case 0, 1:
                let before = pool.statuses(at: instant(now))
                let tried = (0..<random.below(3)).map { _ in random.below(count) }
                let lease = pool.lease(tried: tried, mayProbe: random.below(3) > 0, at: instant(now))
                let chosen = before[lease.member]
                #expect(lease.isProbe == (chosen.state == .probing))
                #expect(chosen.state != .ejected)
                if chosen.state == .healthy {
                    let rivals = before.indices.filter {
                        before[$0].state == .healthy && !tried.contains($0) && $0 != lease.member
                    }
                    let isFresh = !tried.contains(lease.member)
                    #expect(rivals.isEmpty || isFresh)
                    if isFresh { #expect(rivals.allSatisfy { before[$0].inFlight >= chosen.inFlight }) }
                }
                open.append(lease)
            case 2 where !open.isEmpty:
                let lease = open[random.below(open.count)]
                _ = pool.report(
                    lease, random.below(3) == 0 ? .success : .failure, at: instant(now),
                    jitter: .random(in: 0...1, using: &random))
            case 3 where !open.isEmpty: pool.end(open.remove(at: random.below(open.count)))
            default: break
            }
            let after = pool.statuses(at: instant(now))
            #expect(after.contains { $0.state == .healthy })
            #expect(after.map(\.inFlight) == (0..<count).map { member in open.count { $0.member == member } })
        }
        for lease in open { pool.end(lease) }
        #expect(pool.statuses(at: instant(now)).allSatisfy { $0.inFlight == 0 })
        // Whoever was out comes back when it works again.
        for _ in 0..<count { attempt(pool, .success, at: now + 1_000) }
        #expect(pool.statuses(at: instant(now + 1_000)).allSatisfy { $0.state == .healthy })
    }
}
