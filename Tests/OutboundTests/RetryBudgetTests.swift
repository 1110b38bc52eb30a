import EventLoop
import Outbound
import TestSupport
import Testing

/// A budget that an expectation may change. Times are milliseconds.
private final class BudgetRun {
    private var budget: RetryBudget

    init(minimum: Int, window: Duration = .seconds(10)) {
        budget = RetryBudget(minimum: minimum, window: window)
    }

    func noteAttempt(at milliseconds: Int64) {
        noteAttempt(atNanoseconds: milliseconds * 1_000_000)
    }

    func takeRetry(at milliseconds: Int64) -> Bool {
        takeRetry(atNanoseconds: milliseconds * 1_000_000)
    }

    func noteAttempt(atNanoseconds nanoseconds: Int64) {
        budget.noteAttempt(at: MonotonicInstant(nanoseconds: nanoseconds))
    }

    func takeRetry(atNanoseconds nanoseconds: Int64) -> Bool {
        budget.takeRetry(at: MonotonicInstant(nanoseconds: nanoseconds))
    }
}

@Suite("The retry budget")
struct RetryBudgetTests {
    @Test("lets a request in quiet times make all of its retries")
    func quiet() {
        let budget = BudgetRun(minimum: 10)
        budget.noteAttempt(at: 0)
        for retry in 0..<10 { #expect(budget.takeRetry(at: Int64(retry))) }
        #expect(!budget.takeRetry(at: 11))
    }

    @Test("gives no more than a fifth of many attempts")
    func share() {
        let budget = BudgetRun(minimum: 10)
        for _ in 0..<800 { budget.noteAttempt(at: 0) }
        let taken = (0..<1000).count { _ in budget.takeRetry(at: 1) }
        #expect(taken == 200)
    }

    @Test("is whole again when the window has passed", arguments: [Int64(0), 999, -55_555, 7_777_777])
    func window(start: Int64) {
        let budget = BudgetRun(minimum: 3, window: .seconds(10))
        for _ in 0..<3 { #expect(budget.takeRetry(at: start)) }
        #expect(!budget.takeRetry(at: start + 8_999))
        #expect(budget.takeRetry(at: start + 10_000))
    }

    @Test("holds its bound over every window, whatever comes", arguments: UInt64(0)..<30)
    func bound(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let budget = BudgetRun(minimum: 10)
        var now: Int64 = 0
        var attempts: [Int64] = []
        var retries: [Int64] = []
        for _ in 0..<2_000 {
            now += Int64(random.below(20))
            if random.below(3) == 0 {
                budget.noteAttempt(at: now)
                attempts.append(now)
            } else if budget.takeRetry(at: now) {
                attempts.append(now)
                retries.append(now)
                // Slots may forget up to a tenth of the window early, never late.
                let inWindow = retries.count { $0 > now - 9_000 }
                let allowed = max(10, attempts.count { $0 > now - 10_000 } / 5)
                #expect(inWindow <= allowed)
            }
        }
        #expect(retries.count >= 10)
    }

    @Test("survives the ends of the clock")
    func extremes() {
        let budget = BudgetRun(minimum: 1)
        for nanoseconds in [Int64.max, .min, 0, -1, .max] {
            budget.noteAttempt(atNanoseconds: nanoseconds)
            _ = budget.takeRetry(atNanoseconds: nanoseconds)
        }
        #expect(!BudgetRun(minimum: 0).takeRetry(at: 0))
    }
}
