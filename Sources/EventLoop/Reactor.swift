internal import CLinux
internal import DequeModule
import Glibc

/// A library that lives inside a reactor and has work of its own besides the descriptors it registered.
public protocol ReactorParticipant: AnyObject {
    /// The longest that the reactor may sleep on this participant's account; nil: as long as it likes.
    /// Asked on the reactor's thread just before it sleeps.
    func sleepLimit() -> Duration?

    /// Called on the reactor's thread at the end of each tick, after descriptors, timers and tasks were served.
    func tickEnded()
}

/// One event loop: a thread that waits on epoll, serves descriptors, timers and Swift tasks, and starts again.
///
/// A reactor is a serial executor (actors live on it) and a task executor (`Task(executorPreference:)` keeps its
/// children on it). A tick runs in this order: descriptors, timers, jobs, participants.
///
/// Threading: `enqueue`, `execute` and `stop` may be called from any thread; everything else from the reactor's own
/// thread, which is checked.
///
/// `@unchecked Sendable` is sound: `inbox` is locked, `thread` is written once before the thread's first job, and all
/// other state is touched by the reactor's thread only, which `preconditionIsolated` verifies at each entry.
public final class Reactor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    private enum Work {
        case job(UnownedJob)
        case closure(@Sendable () -> Void)
    }

    private struct Inbox {
        var work = Deque<Work>()
        var stopping = false
    }

    private struct Registration {
        var generation: UInt32 = 0
        var handler: ((ReadinessEvents) -> Void)?
    }

    /// Jobs run in one tick before descriptors are looked at again.
    static let jobsPerTick = 1024

    public let name: String
    private let epoll: Epoll
    private let wakeDescriptor: Int32
    private let inbox = Locked(Inbox())
    private var thread: pthread_t
    private var local = Deque<Work>()
    private var timers = TimerHeap<() -> Void>()
    private var registrations: [Registration] = []
    private var participants: [any ReactorParticipant] = []
    private var running = true

    /// The time at which the present tick began to serve events; cheap to read, stale by at most one tick.
    public private(set) var now = MonotonicInstant.now()

    /// Starts the thread.
    /// - Throws: `SystemError` when descriptors or threads run out.
    public init(name: String) throws {
        self.name = name
        epoll = try Epoll()
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        thread = pthread_t()
        // From here on `deinit` closes both.
        guard wakeDescriptor >= 0 else { throw SystemError(call: "eventfd", errno: errno) }
        try epoll.add(wakeDescriptor, .readable, tag: Self.wakeTag)
        try startThread()
    }

    deinit {
        epoll.close()
        if wakeDescriptor >= 0 { close(wakeDescriptor) }
    }

    // MARK: Executor

    public func enqueue(_ job: consuming ExecutorJob) {
        submit(.job(UnownedJob(job)))
    }

    /// Runs `body` on the reactor's thread: in a coming tick, never inside this call. Any thread.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        submit(.closure(body))
    }

    public func checkIsolated() {
        precondition(isOnReactor, "not on the thread of reactor \(name)")
    }

    public func isIsolatingCurrentContext() -> Bool? {
        isOnReactor
    }

    /// Whether the caller runs on this reactor's thread.
    public var isOnReactor: Bool {
        pthread_equal(pthread_self(), thread) != 0
    }

    private func submit(_ work: Work) {
        if isOnReactor {
            local.append(work)
            return
        }
        let wasEmpty = inbox.withLock { inbox in
            inbox.work.append(work)
            return inbox.work.count == 1
        }
        if wasEmpty { wake() }
    }

    private func wake() {
        _ = eventfd_write(wakeDescriptor, 1)
    }

    // MARK: Descriptors

    /// Watches `fd` until `unwatch`. At most one watch per descriptor.
    ///
    /// An event that was already fetched when `unwatch` ran is not delivered, even if the descriptor's number has been
    /// used again since.
    /// - Throws: `SystemError` from epoll_ctl(2); an earlier watch of the descriptor goes on then.
    public func watch(_ fd: Int32, _ interest: ReadinessEvents, handler: @escaping (ReadinessEvents) -> Void) throws {
        checkIsolated()
        let index = Int(fd)
        let generation = (registrations.indices.contains(index) ? registrations[index].generation : 0) &+ 1
        try epoll.add(fd, interest, tag: Self.tag(fd, generation))
        if index >= registrations.count {
            registrations.append(
                contentsOf: repeatElement(Registration(), count: max(64, index &+ 1 &- registrations.count)))
        }
        registrations[index] = Registration(generation: generation, handler: handler)
    }

    /// Changes what a watched descriptor is watched for.
    /// - Throws: `SystemError` from epoll_ctl(2), also when the descriptor is not watched.
    public func rewatch(_ fd: Int32, _ interest: ReadinessEvents) throws {
        checkIsolated()
        let index = Int(fd)
        let generation = registrations.indices.contains(index) ? registrations[index].generation : 0
        try epoll.modify(fd, interest, tag: Self.tag(fd, generation))
    }

    /// Ends a watch; also right after the descriptor was closed.
    public func unwatch(_ fd: Int32) {
        checkIsolated()
        let index = Int(fd)
        guard registrations.indices.contains(index), registrations[index].handler != nil else { return }
        registrations[index].handler = nil
        registrations[index].generation &+= 1
        epoll.remove(fd)
    }

    private static let wakeTag = UInt64.max

    private static func tag(_ fd: Int32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }

    private func dispatch(tag: UInt64, _ seen: ReadinessEvents) {
        if tag == Self.wakeTag {
            var count: eventfd_t = 0
            _ = eventfd_read(wakeDescriptor, &count)
            return
        }
        let index = Int(UInt32(truncatingIfNeeded: tag))
        guard registrations[index].generation == UInt32(truncatingIfNeeded: tag >> 32) else { return }
        registrations[index].handler?(seen)
    }

    // MARK: Timers

    /// Runs `body` on the reactor's thread once `deadline` has passed.
    public func schedule(at deadline: MonotonicInstant, _ body: @escaping () -> Void) -> TimerToken {
        checkIsolated()
        return timers.schedule(at: deadline, body)
    }

    /// Runs `body` on the reactor's thread after `delay`.
    public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        schedule(at: MonotonicInstant.now().advanced(by: delay), body)
    }

    public func cancel(_ timer: TimerToken) {
        checkIsolated()
        timers.cancel(timer)
    }

    // MARK: Participants

    public func join(_ participant: any ReactorParticipant) {
        checkIsolated()
        participants.append(participant)
    }

    public func leave(_ participant: any ReactorParticipant) {
        checkIsolated()
        participants.removeAll { $0 === participant }
    }

    // MARK: The loop

    /// Ends the loop after its present tick and waits for the thread. Work that is still queued is not run.
    /// From any thread but the reactor's own.
    public func stop() {
        precondition(!isOnReactor, "a reactor cannot wait for its own end")
        let first = inbox.withLock { inbox in
            defer { inbox.stopping = true }
            return !inbox.stopping
        }
        guard first else { return }
        wake()
        pthread_join(thread, nil)
    }

    private func startThread() throws {
        // The thread keeps its reactor alive until the loop has ended: balanced by takeRetainedValue below.
        let box = Unmanaged.passRetained(self)
        // No job can run before the thread's identity is known, so the new thread waits for the inbox.
        let status = inbox.withLock { _ in
            pthread_create(&thread, nil, { Reactor.threadMain($0) }, box.toOpaque())
        }
        guard status == 0 else {
            box.release()
            throw SystemError(call: "pthread_create", errno: status)
        }
    }

    private static func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let reactor = Unmanaged<Reactor>.fromOpaque(argument).takeRetainedValue()
        reactor.inbox.withLock { _ in }
        linux_set_thread_name(reactor.name)
        reactor.run()
        return nil
    }

    private func run() {
        while running {
            let count = epoll.wait(milliseconds: sleepMilliseconds())
            // Before the handlers, which note by it when something came.
            now = .now()
            for index in 0..<count {
                let event = epoll.event(index)
                dispatch(tag: event.tag, event.seen)
            }
            now = .now()
            while let due = timers.popDue(now: now) { due() }
            collectInbox()
            runJobs()
            for participant in participants { participant.tickEnded() }
        }
        // Closures may hold what must be freed on this thread.
        local.removeAll()
        registrations.removeAll()
        participants.removeAll()
    }

    private func sleepMilliseconds() -> Int32 {
        if !local.isEmpty { return 0 }
        var limit = Int64.max
        if let deadline = timers.nextDeadline() {
            limit = max(0, deadline.nanoseconds &- MonotonicInstant.now().nanoseconds)
        }
        for participant in participants {
            if let wanted = participant.sleepLimit() { limit = min(limit, max(0, wanted.wholeNanoseconds)) }
        }
        if limit == .max { return -1 }
        // Rounded up: waking before the deadline would only spin.
        let milliseconds = limit / 1_000_000 &+ (limit % 1_000_000 == 0 ? 0 : 1)
        return Int32(clamping: milliseconds)
    }

    private func collectInbox() {
        let (work, stopping) = inbox.withLock { inbox in
            defer { inbox.work.removeAll(keepingCapacity: inbox.work.count < 1024) }
            return (inbox.work, inbox.stopping)
        }
        local.append(contentsOf: work)
        if stopping { running = false }
    }

    private func runJobs() {
        var budget = Self.jobsPerTick
        while budget > 0, let work = local.popFirst() {
            budget &-= 1
            switch work {
            case .job(let job):
                job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            case .closure(let body):
                body()
            }
        }
    }
}
