/// Whether `work` on eight times the size takes clearly less than the 64 times of quadratic work.
/// Tries again where another process may have disturbed the clock.
public func takesLinearTime(size: Int, _ work: (Int) throws -> Void) rethrows -> Bool {
    let clock = ContinuousClock()
    for _ in 0..<5 {
        let short = try clock.measure { try work(size) }
        let long = try clock.measure { try work(size * 8) }
        if long < max(short, .microseconds(200)) * 24 { return true }
    }
    return false
}
