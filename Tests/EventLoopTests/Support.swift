import EventLoop
import Glibc

/// A reactor for the time of `body`.
@discardableResult
func withReactor<Result>(_ body: (Reactor) async throws -> Result) async throws -> Result {
    let reactor = try Reactor(name: "test")
    defer { reactor.stop() }
    return try await body(reactor)
}

extension Reactor {
    /// Waits until the work that is due now has been done, and what came of it too.
    func settle() async {
        for _ in 0..<3 { await perform {} }
    }

    /// Runs `body` on the reactor, with its `done` to be called once there.
    func awaiting(_ body: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) async {
        await withCheckedContinuation { continuation in
            execute { body { continuation.resume() } }
        }
    }
}

/// Things that happened, in order.
final class Record<Entry: Sendable>: Sendable {
    private let stored = Locked([Entry]())

    var entries: [Entry] { stored.withLock { $0 } }
    var count: Int { stored.withLock { $0.count } }

    /// - Returns: how many there are now.
    @discardableResult
    func add(_ entry: Entry) -> Int {
        stored.withLock {
            $0.append(entry)
            return $0.count
        }
    }
}

/// A pipe whose ends do not block.
struct Pipe: Sendable {
    let reader: Int32
    let writer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(call: "pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        (reader, writer) = (ends[0], ends[1])
    }

    func fill() {
        var byte: UInt8 = 1
        _ = write(writer, &byte, 1)
    }

    func empty() {
        var bytes = [UInt8](repeating: 0, count: 16)
        _ = read(reader, &bytes, bytes.count)
    }

    func close() {
        _ = Glibc.close(reader)
        _ = Glibc.close(writer)
    }
}
