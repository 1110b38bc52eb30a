internal import JSON
internal import Synchronization

/// Counts of summary calls, over all loops.
final class SummaryCounts: Sendable {
    private let calls = Atomic<Int>(0)
    private let failures = Atomic<Int>(0)
    private let consecutiveFailures = Atomic<Int>(0)

    /// A call has ended, its retries included.
    func note(failed: Bool) {
        calls.add(1, ordering: .relaxed)
        if failed {
            failures.add(1, ordering: .relaxed)
            consecutiveFailures.add(1, ordering: .relaxed)
        } else {
            consecutiveFailures.store(0, ordering: .relaxed)
        }
    }

    /// As `/upstream-health` tells them.
    func append(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("calls")
        writer.integer(calls.load(ordering: .relaxed))
        writer.key("failures")
        writer.integer(failures.load(ordering: .relaxed))
        writer.key("consecutive_failures")
        writer.integer(consecutiveFailures.load(ordering: .relaxed))
        writer.endObject()
    }
}
