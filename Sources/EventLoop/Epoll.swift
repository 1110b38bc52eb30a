internal import CLinux
import Glibc

/// What a descriptor is watched for, and what was seen on it: a set of `EPOLL…` flags (epoll_ctl(2)).
public struct ReadinessEvents: OptionSet, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let readable = ReadinessEvents(rawValue: EPOLLIN.rawValue)
    public static let writable = ReadinessEvents(rawValue: EPOLLOUT.rawValue)
    /// The peer closed its sending side, or the whole connection.
    public static let peerClosed = ReadinessEvents(rawValue: EPOLLRDHUP.rawValue)
    /// Both sides are closed. Always reported.
    public static let hangUp = ReadinessEvents(rawValue: EPOLLHUP.rawValue)
    /// An error is pending on the descriptor. Always reported.
    public static let error = ReadinessEvents(rawValue: EPOLLERR.rawValue)
    /// Report changes only, not the state at each wait.
    public static let edgeTriggered = ReadinessEvents(rawValue: EPOLLET.rawValue)
}

/// A system call that failed.
public struct SystemError: Error, CustomStringConvertible {
    public let call: String
    public let errno: Int32

    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    public var description: String { "\(call): \(String(cString: strerror(errno)))" }
}

/// An epoll instance. Owned and used by one reactor's thread.
struct Epoll {
    private let descriptor: Int32
    private let events: UnsafeMutableBufferPointer<epoll_event>

    /// - Throws: `SystemError` when no descriptor is left.
    init(batch: Int = 256) throws {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError(call: "epoll_create1", errno: errno) }
        events = .allocate(capacity: batch)
        events.initialize(repeating: epoll_event())
    }

    func close() {
        _ = Glibc.close(descriptor)
        events.deinitialize()
        events.deallocate()
    }

    func add(_ fd: Int32, _ interest: ReadinessEvents, tag: UInt64) throws {
        try control(EPOLL_CTL_ADD, fd, interest, tag: tag)
    }

    func modify(_ fd: Int32, _ interest: ReadinessEvents, tag: UInt64) throws {
        try control(EPOLL_CTL_MOD, fd, interest, tag: tag)
    }

    /// No effect when the descriptor is not watched: closing it has removed it already.
    func remove(_ fd: Int32) {
        var unused = epoll_event()
        _ = epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, &unused)
    }

    /// Waits at most `milliseconds` (-1: for ever).
    /// - Returns: how many events are there for `event`.
    func wait(milliseconds: Int32) -> Int {
        max(0, Int(epoll_wait(descriptor, events.baseAddress, Int32(events.count), milliseconds)))
    }

    func event(_ index: Int) -> (tag: UInt64, seen: ReadinessEvents) {
        (events[index].data.u64, ReadinessEvents(rawValue: events[index].events))
    }

    private func control(_ operation: Int32, _ fd: Int32, _ interest: ReadinessEvents, tag: UInt64) throws {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: tag))
        guard epoll_ctl(descriptor, operation, fd, &event) == 0 else {
            throw SystemError(call: "epoll_ctl", errno: errno)
        }
    }
}
