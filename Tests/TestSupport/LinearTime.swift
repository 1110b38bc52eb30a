internal import Glibc

/// Whether `work` on eight times the size takes clearly less than the 64 times of quadratic work, in CPU time of this
/// thread, which other work does not stretch.
public func takesLinearTime(size: Int, _ work: (Int) throws -> Void) rethrows -> Bool {
    for _ in 0..<5 {
        let short = try cpuNanoseconds { try work(size) }
        let long = try cpuNanoseconds { try work(size * 8) }
        if long < max(short, 200_000) * 24 { return true }
    }
    return false
}

private func cpuNanoseconds(_ work: () throws -> Void) rethrows -> Int {
    func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
    let start = now()
    try work()
    return now() - start
}
