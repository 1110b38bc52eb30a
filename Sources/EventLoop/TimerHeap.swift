internal import HeapModule

/// Names one scheduled timer, so that it can be cancelled.
public struct TimerToken: Sendable, Hashable {
    fileprivate let serial: UInt64
}

/// Timers ordered by deadline. Pure: time is given in, due payloads come out.
///
/// Cancelling is O(1): the entry stays in the heap until it surfaces or until stale entries outnumber live ones,
/// when the heap is rebuilt. Memory is therefore at most twice that of the live timers.
struct TimerHeap<Payload> {
    private struct Entry: Comparable {
        let deadline: MonotonicInstant
        let serial: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline.nanoseconds, left.serial) < (right.deadline.nanoseconds, right.serial)
        }

        static func == (left: Entry, right: Entry) -> Bool {
            left.serial == right.serial
        }
    }

    private var heap = Heap<Entry>()
    private var live: [UInt64: (deadline: MonotonicInstant, payload: Payload)] = [:]
    private var nextSerial: UInt64 = 0

    var count: Int { live.count }

    mutating func schedule(at deadline: MonotonicInstant, _ payload: Payload) -> TimerToken {
        let serial = nextSerial
        nextSerial &+= 1
        live[serial] = (deadline, payload)
        heap.insert(Entry(deadline: deadline, serial: serial))
        return TimerToken(serial: serial)
    }

    /// No effect on a timer that has fired or was cancelled already.
    mutating func cancel(_ token: TimerToken) {
        guard live.removeValue(forKey: token.serial) != nil else { return }
        if heap.count > 64, heap.count > live.count &* 2 {
            heap = Heap(live.map { Entry(deadline: $0.value.deadline, serial: $0.key) })
        }
    }

    /// The earliest deadline of a live timer.
    mutating func nextDeadline() -> MonotonicInstant? {
        while let first = heap.min {
            if live[first.serial] != nil { return first.deadline }
            heap.removeMin()
        }
        return nil
    }

    /// Removes and returns the earliest timer whose deadline is not after `now`; timers with the same deadline come
    /// in the order in which they were scheduled.
    mutating func popDue(now: MonotonicInstant) -> Payload? {
        while let first = heap.min, first.deadline <= now {
            heap.removeMin()
            if let due = live.removeValue(forKey: first.serial) { return due.payload }
        }
        return nil
    }
}
