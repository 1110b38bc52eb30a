internal import Foundation

/// Runs `body` on a thread of its own, which no other test keeps waiting: for what blocks, or must keep a pace.
public func onOwnThread<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}
