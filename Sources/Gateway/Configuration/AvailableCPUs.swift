internal import Glibc

/// How many CPUs the process may use: the scheduler's mask, bounded by its control group's quota.
enum AvailableCPUs {
    static func count() -> Int {
        let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        return max(1, min(online, quota() ?? online))
    }

    private static func quota() -> Int? {
        if let text = FileReader.text(of: "/sys/fs/cgroup/cpu.max") { return parse(cpuMax: text) }
        let quota = FileReader.text(of: "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
        let period = FileReader.text(of: "/sys/fs/cgroup/cpu/cpu.cfs_period_us")
        guard let quota, let period else { return nil }
        return parse(cpuMax: "\(quota.split(whereSeparator: \.isNewline).first ?? "") \(period)")
    }

    /// `"150000 100000"`: microseconds in each period, so one and a half CPUs, for which two loops are right;
    /// `"max 100000"` and anything that is no quota: nil. A quota is rounded up.
    static func parse(cpuMax text: String) -> Int? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let quota = Int(words[0]), let period = Int(words[1]), quota > 0, period > 0 else {
            return nil
        }
        return (quota - 1) / period + 1
    }
}
