import Glibc

/// Runs a blocking `body` on a thread of its own, so that no thread of the default pool is held up.
func onThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let box = Unmanaged.passRetained(ThreadBody { continuation.resume(with: .init(catching: body)) })
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        if status == 0 {
            pthread_detach(thread)
        } else {
            box.release()
            continuation.resume(throwing: WaitFailure.noThread(errno: status))
        }
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Why a test waited in vain.
enum WaitFailure: Error, CustomStringConvertible {
    case timedOut(waitingFor: String, seen: String)
    /// The peer ended the connection first.
    case ended(waitingFor: String, seen: String)
    case system(call: String, errno: Int32)
    case noThread(errno: Int32)

    var description: String {
        switch self {
        case .timedOut(let goal, let seen): "timed out waiting for \(goal); seen: \(seen)"
        case .ended(let goal, let seen): "connection ended before \(goal); seen: \(seen)"
        case .system(let call, let errno): "\(call): \(String(cString: strerror(errno)))"
        case .noThread(let errno): "no thread: \(String(cString: strerror(errno)))"
        }
    }
}

/// The longest that a test waits for one thing, in seconds.
let patience = 120
