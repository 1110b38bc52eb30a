import Testing

@testable import EventLoop

@Suite("A timer heap")
struct TimerHeapTests {
    private func at(_ nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds)
    }

    private func popAll<Payload>(_ heap: inout TimerHeap<Payload>, now: Int64) -> [Payload] {
        var due: [Payload] = []
        while let payload = heap.popDue(now: at(now)) { due.append(payload) }
        return due
    }

    @Test("gives out by deadline, and in the order of scheduling where deadlines are equal")
    func order() {
        var heap = TimerHeap<String>()
        for (deadline, payload) in [(30, "c1"), (10, "a1"), (20, "b"), (10, "a2"), (30, "c2")] {
            _ = heap.schedule(at: at(Int64(deadline)), payload)
        }
        #expect(popAll(&heap, now: 100) == ["a1", "a2", "b", "c1", "c2"])
        #expect(heap.count == 0)
    }

    @Test("holds back what is not due; a deadline that is now is due")
    func due() {
        var heap = TimerHeap<Int>()
        for deadline in [10, 20, 21] { _ = heap.schedule(at: at(Int64(deadline)), deadline) }
        #expect(popAll(&heap, now: 9).isEmpty)
        #expect(popAll(&heap, now: 20) == [10, 20])
        #expect(heap.nextDeadline() == at(21))
    }

    @Test("knows the next deadline, past cancelled timers")
    func nextDeadline() {
        var heap = TimerHeap<Int>()
        #expect(heap.nextDeadline() == nil)
        let first = heap.schedule(at: at(1), 1)
        let second = heap.schedule(at: at(2), 2)
        _ = heap.schedule(at: at(3), 3)
        heap.cancel(first)
        heap.cancel(second)
        #expect(heap.nextDeadline() == at(3))
    }

    @Test("forgets a cancelled timer; cancelling again, or after the end, changes nothing")
    func cancel() {
        var heap = TimerHeap<Int>()
        let cancelled = heap.schedule(at: at(1), 1)
        let fired = heap.schedule(at: at(2), 2)
        heap.cancel(cancelled)
        heap.cancel(cancelled)
        #expect(popAll(&heap, now: 2) == [2])
        _ = heap.schedule(at: at(3), 3)
        heap.cancel(fired)
        #expect(popAll(&heap, now: 3) == [3])
    }

    @Test("keeps every live timer, in order, when it is rebuilt without the cancelled ones")
    func compaction() {
        var heap = TimerHeap<Int>()
        let tokens = (0..<10_000).map { heap.schedule(at: at(Int64(($0 * 7919) % 10_000)), ($0 * 7919) % 10_000) }
        for (index, token) in tokens.enumerated() where index % 100 != 0 { heap.cancel(token) }
        #expect(heap.count == 100)
        let left = popAll(&heap, now: 10_000)
        #expect(left == stride(from: 0, to: 10_000, by: 100).map { ($0 * 7919) % 10_000 }.sorted())
    }

    @Test("releases what a cancelled timer held at once")
    func release() {
        final class Held {}
        var heap = TimerHeap<Held>()
        weak var held: Held?
        let token: TimerToken
        do {
            let strong = Held()
            held = strong
            token = heap.schedule(at: at(1), strong)
        }
        #expect(held != nil)
        heap.cancel(token)
        #expect(held == nil)
    }
}

@Suite("Monotonic time")
struct MonotonicInstantTests {
    @Test("saturates instead of trapping")
    func saturation() {
        let start = MonotonicInstant(nanoseconds: 5)
        #expect(start.advanced(by: .nanoseconds(7)).nanoseconds == 12)
        #expect(start.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.milliseconds(-3).wholeNanoseconds == -3_000_000)
    }

    @Test("does not go back")
    func monotonic() {
        var last = MonotonicInstant.now()
        for _ in 0..<1000 {
            let now = MonotonicInstant.now()
            #expect(now >= last)
            last = now
        }
    }
}
