public import EventLoop

/// Which of several equal upstreams gets the next attempt, and which are left out because they fail. Pure: the clock and
/// the random number are given in.
///
/// An attempt goes to the healthy member with the fewest attempts in flight, the next in turn among equals. So many
/// failures in a row eject a member for a time; after it one attempt at a time tries it, and success takes it back. The
/// last healthy member is never taken out.
public struct UpstreamPool: Sendable {
    public struct Settings: Sendable {
        /// Failures in a row that eject a member.
        public var failures: Int
        /// How long a first ejection lasts. Each further one lasts twice as long as the one before.
        public var ejectTime: Duration
        /// No ejection is longer; jitter may add a quarter. A member that was healthy for this long begins anew.
        public var longestEjectTime: Duration

        public init(
            failures: Int = 5, ejectTime: Duration = .seconds(10), longestEjectTime: Duration = .seconds(300)
        ) {
            self.failures = max(1, failures)
            self.ejectTime = max(.zero, ejectTime)
            self.longestEjectTime = max(self.ejectTime, longestEjectTime)
        }
    }

    public enum State: String, Sendable {
        case healthy
        /// Left out until its time is over.
        case ejected
        /// Its time is over; one attempt at a time finds out whether it is back.
        case probing
    }

    /// One attempt's place at a member, from before it starts until it is over.
    public struct Lease: Sendable, Hashable {
        public let member: Int
        /// Whether this attempt decides on the member's return.
        public let isProbe: Bool
        fileprivate let epoch: Int
    }

    /// What an attempt has shown of its member.
    public enum Outcome: Sendable {
        /// It answers.
        case success
        /// It could not be reached, or answered that it does not work.
        case failure
    }

    public enum Change: Sendable, Equatable {
        case ejected(member: Int, failures: Int, for: Duration)
        case recovered(member: Int)
    }

    /// A member as it stands.
    public struct Status: Sendable, Equatable {
        public let state: State
        public let inFlight: Int
        public let consecutiveFailures: Int
    }

    private struct Member {
        var inFlight = 0
        var failures = 0
        var ejections = 0
        /// nil: healthy.
        var ejectedUntil: MonotonicInstant?
        var isProbed = false
        var healthySince: MonotonicInstant?
        /// Counts the changes of state: what an attempt shows is of its own time only.
        var epoch = 0
    }

    public let settings: Settings
    private var members: [Member]
    /// Who is first among equals.
    private var turn = 0

    /// - Parameter count: at least one.
    public init(count: Int, settings: Settings = Settings()) {
        self.settings = settings
        members = Array(repeating: Member(), count: max(1, count))
    }

    public var count: Int { members.count }

    // MARK: An attempt

    /// Chooses a member. `end` must follow.
    /// - Parameters:
    ///   - tried: the members of this call's earlier attempts, one for each: others come first.
    ///   - mayProbe: whether this attempt may find out that an ejected member is back; its `report` must follow then.
    public mutating func lease(tried: [Int] = [], mayProbe: Bool = true, at now: MonotonicInstant) -> Lease {
        let index = (mayProbe ? probeDue(tried, now) : nil) ?? leastBusy(tried)
        let isProbe = members[index].ejectedUntil != nil
        members[index].inFlight &+= 1
        if isProbe { members[index].isProbed = true }
        turn = (index + 1) % members.count
        return Lease(member: index, isProbe: isProbe, epoch: members[index].epoch)
    }

    /// Tells what the attempt has shown. Of leases of an earlier state nothing is taken: only the probe decides on the
    /// return of an ejected member.
    /// - Parameter jitter: in 0…1.
    /// - Returns: what changes by it.
    public mutating func report(
        _ lease: Lease, _ outcome: Outcome, at now: MonotonicInstant, jitter: Double
    ) -> Change? {
        let index = lease.member
        guard members.indices.contains(index), members[index].epoch == lease.epoch else { return nil }
        switch outcome {
        case .success:
            members[index].failures = 0
            guard lease.isProbe else { return nil }
            members[index].ejectedUntil = nil
            members[index].isProbed = false
            members[index].healthySince = now
            members[index].epoch &+= 1
            return .recovered(member: index)
        case .failure:
            members[index].failures &+= 1
            let isDue = lease.isProbe || members[index].failures >= settings.failures && hasOtherHealthy(than: index)
            return isDue ? eject(index, at: now, jitter: jitter) : nil
        }
    }

    /// The attempt is over, whether it showed something or not.
    public mutating func end(_ lease: Lease) {
        let index = lease.member
        guard members.indices.contains(index), members[index].inFlight > 0 else { return }
        members[index].inFlight -= 1
        if lease.isProbe, members[index].epoch == lease.epoch { members[index].isProbed = false }
    }

    // MARK: Looking at it

    public func statuses(at now: MonotonicInstant) -> [Status] {
        members.map { member in
            let state: State = member.ejectedUntil.map { $0 <= now ? .probing : .ejected } ?? .healthy
            return Status(state: state, inFlight: member.inFlight, consecutiveFailures: member.failures)
        }
    }

    // MARK: Choice

    /// Never as a call's further attempt: that has failed once already.
    private func probeDue(_ tried: [Int], _ now: MonotonicInstant) -> Int? {
        guard tried.isEmpty else { return nil }
        return inTurn.first { index in
            guard let until = members[index].ejectedUntil else { return false }
            return until <= now && !members[index].isProbed
        }
    }

    private func leastBusy(_ tried: [Int]) -> Int {
        func rank(_ index: Int) -> (Int, Int) { (tried.count { $0 == index }, members[index].inFlight) }
        let healthy = inTurn.filter { members[$0].ejectedUntil == nil }
        return healthy.min { rank($0) < rank($1) } ?? 0
    }

    private var inTurn: [Int] {
        members.indices.map { (turn + $0) % members.count }
    }

    private func hasOtherHealthy(than index: Int) -> Bool {
        members.indices.contains { $0 != index && members[$0].ejectedUntil == nil }
    }

    private mutating func eject(_ index: Int, at now: MonotonicInstant, jitter: Double) -> Change {
        if let since = members[index].healthySince, since.duration(to: now) >= settings.longestEjectTime {
            members[index].ejections = 0
        }
        let doubled = settings.ejectTime * (1 << min(members[index].ejections, 20))
        let time = min(settings.longestEjectTime, doubled) * (1 + 0.25 * min(1, max(0, jitter)))
        members[index].ejections &+= 1
        members[index].ejectedUntil = now.advanced(by: time)
        members[index].isProbed = false
        members[index].healthySince = nil
        members[index].epoch &+= 1
        return .ejected(member: index, failures: members[index].failures, for: time)
    }
}
