internal import EventLoop
internal import Glibc

/// Takes log lines from any thread and writes them on one of its own, so that a reader who stalls never stalls an event
/// loop. Beyond a bound lines are dropped; how many is written once there is room.
///
/// `@unchecked Sendable` is sound: `state` is touched between lock and unlock only, and the rest is constant.
public final class LogSink: @unchecked Sendable {
    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        var isWriting = false
        /// The descriptor takes no more: its reader has gone.
        var isBroken = false
        var isClosed = false
    }

    /// Bytes that may wait.
    public static let bound = 4 << 20

    private let descriptor: Int32
    private let dropNotice: @Sendable (Int) -> [UInt8]
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var state = State()

    /// - Parameters:
    ///   - descriptor: stays the caller's.
    ///   - dropNotice: makes the line that tells of so many lines dropped.
    /// - Throws: `SystemError` when no thread can be had.
    public init(descriptor: Int32, dropNotice: @escaping @Sendable (Int) -> [UInt8]) throws {
        self.descriptor = descriptor
        self.dropNotice = dropNotice
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
        // The thread keeps the sink alive until `close`: balanced by takeRetainedValue below.
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<LogSink>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw SystemError(call: "pthread_create", errno: status)
        }
        pthread_detach(thread)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Queues a line, its line feed included.
    public func write(_ line: [UInt8]) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !state.isBroken, !state.isClosed else { return }
        guard state.pending.count &+ line.count <= Self.bound else {
            state.dropped &+= 1
            return
        }
        state.pending += line
        pthread_cond_broadcast(condition)
    }

    /// Waits until all lines are written, but no longer than `limit`.
    /// - Returns: whether they are.
    @discardableResult
    public func flush(within limit: Duration = .seconds(5)) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        let nanoseconds = Int64(deadline.tv_nsec) &+ limit.wholeNanoseconds
        deadline.tv_sec += Int(nanoseconds / 1_000_000_000)
        deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !state.pending.isEmpty || state.isWriting || state.dropped > 0, !state.isBroken {
            guard pthread_cond_timedwait(condition, mutex, &deadline) == 0 else { return false }
        }
        return !state.isBroken
    }

    /// Ends the thread once it has written what is pending.
    public func close() {
        pthread_mutex_lock(mutex)
        state.isClosed = true
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
    }

    private func run() {
        while let batch = nextBatch() {
            let written = writeAll(batch)
            pthread_mutex_lock(mutex)
            state.isWriting = false
            if !written { state.isBroken = true }
            pthread_cond_broadcast(condition)
            pthread_mutex_unlock(mutex)
            if !written { return }
        }
    }

    private func nextBatch() -> [UInt8]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while state.pending.isEmpty, state.dropped == 0 {
            if state.isClosed { return nil }
            pthread_cond_wait(condition, mutex)
        }
        var batch: [UInt8] = []
        swap(&batch, &state.pending)
        if state.dropped > 0 { batch += dropNotice(state.dropped) }
        state.dropped = 0
        state.isWriting = true
        return batch
    }

    private func writeAll(_ batch: [UInt8]) -> Bool {
        batch.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    // Somebody made the descriptor non-blocking; it is shared with other processes.
                    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    Glibc.poll(&poll, 1, -1)
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
