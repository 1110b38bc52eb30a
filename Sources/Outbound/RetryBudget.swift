public import EventLoop

/// How many retries the calls of a gateway may make together, so that an upstream that is going down is not pushed
/// further by the very calls that it fails. Pure: the clock is given in.
///
/// Of the attempts of the last `window` at most `share` may be retries, but `minimum` always may, so that a request in
/// quiet times gets all of its own. Counted in slots of a tenth of the window: constant memory and time.
public struct RetryBudget: Sendable {
    private struct Slot {
        var number: Int64 = .min
        var attempts = 0
        var retries = 0
    }

    private static let slotCount = 10

    private let minimum: Int
    private let share: Double
    private let slotNanoseconds: Int64
    private var slots = [Slot](repeating: Slot(), count: slotCount)

    /// - Parameters:
    ///   - minimum: retries that are always allowed in a window.
    ///   - share: of all attempts, retries included; in 0…1.
    ///   - window: how far back attempts count.
    public init(minimum: Int = 10, share: Double = 0.2, window: Duration = .seconds(10)) {
        self.minimum = max(0, minimum)
        self.share = min(1, max(0, share))
        slotNanoseconds = max(1, window.wholeNanoseconds / Int64(Self.slotCount))
    }

    /// A call makes its first attempt.
    public mutating func noteAttempt(at now: MonotonicInstant) {
        let index = slot(at: now)
        slots[index].attempts &+= 1
    }

    /// Takes a retry from the budget.
    /// - Returns: false when there is none left; then nothing is counted.
    public mutating func takeRetry(at now: MonotonicInstant) -> Bool {
        let index = slot(at: now)
        let oldest = slots[index].number &- Int64(Self.slotCount) &+ 1
        var attempts = 1
        var retries = 1
        for slot in slots where slot.number >= oldest {
            attempts &+= slot.attempts
            retries &+= slot.retries
        }
        guard retries <= minimum || Double(retries) <= share * Double(attempts) else { return false }
        slots[index].attempts &+= 1
        slots[index].retries &+= 1
        return true
    }

    /// The slot of this moment, emptied when it was last used a window ago. A clock that goes back counts in the past.
    private mutating func slot(at now: MonotonicInstant) -> Int {
        let number = now.nanoseconds / slotNanoseconds
        let index = Int(((number % Int64(Self.slotCount)) + Int64(Self.slotCount)) % Int64(Self.slotCount))
        if slots[index].number < number { slots[index] = Slot(number: number) }
        return index
    }
}
