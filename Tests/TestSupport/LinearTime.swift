internal import Glibc

/// Whether `work` on eight times the size takes clearly less than the 64 times of quadratic work.
///
/// Measured is the thread's CPU time, which other tests and processes hardly disturb; where they have, it tries again.
public func takesLinearTime(size: Int, _ work: (Int) throws -> Void) rethrows -> Bool {
    func seconds(_ size: Int) throws -> Double {
        let start = threadSeconds()
        try work(size)
        return threadSeconds() - start
    }
    for _ in 0..<5 {
        let short = try seconds(size)
        let long = try seconds(size * 8)
        if long < max(short, 0.000_2) * 24 { return true }
    }
    return false
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
