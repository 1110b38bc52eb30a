/// When to try again, and how long to wait first. Pure: the random number is given in.
public struct RetryPolicy: Sendable {
    /// Retries after the first attempt.
    public var limit: Int
    /// The first delay; doubles each time.
    public var firstDelay: Duration
    /// No delay is longer, and a `Retry-After` beyond it ends the attempts.
    public var longestDelay: Duration

    public init(limit: Int, firstDelay: Duration, longestDelay: Duration = .seconds(30)) {
        self.limit = limit
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// Statuses of an upstream that is not there for the moment.
    public static func isRetryable(status: Int) -> Bool {
        status == 502 || status == 503 || status == 504
    }

    /// - Parameters:
    ///   - retries: retries made so far.
    ///   - retryAfter: what the upstream asked for, if it did.
    ///   - jitter: in 0…1; the computed delay grows by up to a quarter.
    /// - Returns: the delay before the next attempt, or nil to give up.
    public func delay(retries: Int, retryAfter: Duration?, jitter: Double) -> Duration? {
        guard retries < limit else { return nil }
        if let retryAfter {
            return retryAfter <= longestDelay ? max(.zero, retryAfter) : nil
        }
        let doubled = firstDelay * (1 << min(retries, 20))
        return min(longestDelay, doubled * (1 + 0.25 * min(1, max(0, jitter))))
    }

    /// The delay form of `Retry-After` (RFC 9110, section 10.2.3), in whole seconds; the date form is not read.
    public static func parse(retryAfter text: String?) -> Duration? {
        guard let text, !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return .seconds(Int(text).map { min($0, 1 << 31) } ?? 1 << 31)
    }
}
