import Glibc

/// Hands values from any thread to a test that waits for them, in order.
final class Mailbox<Element: Sendable>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var elements: [Element] = []

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(arrived, nil)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(mutex)
        arrived.deallocate()
        mutex.deallocate()
    }

    func put(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_signal(arrived)
        pthread_mutex_unlock(mutex)
    }

    /// The next value, waited for at most `seconds`.
    /// - Throws: `WaitFailure.timedOut`.
    func next(_ what: String = "a value", seconds: Int = patience) async throws -> Element {
        try await onThread {
            var deadline = timespec()
            clock_gettime(CLOCK_REALTIME, &deadline)
            deadline.tv_sec += seconds
            pthread_mutex_lock(self.mutex)
            defer { pthread_mutex_unlock(self.mutex) }
            while self.elements.isEmpty {
                guard pthread_cond_timedwait(self.arrived, self.mutex, &deadline) == 0 else {
                    throw WaitFailure.timedOut(waitingFor: what, seen: "nothing")
                }
            }
            return self.elements.removeFirst()
        }
    }

    /// What has come so far and was not taken.
    var waiting: [Element] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements
    }
}

extension Mailbox where Element == Void {
    func put() {
        put(())
    }
}
