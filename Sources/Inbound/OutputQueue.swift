/// Bytes on their way to one client, in order.
struct OutputQueue {
    private var bytes: [UInt8] = []
    private var taken = 0
    /// No more will be appended.
    var isFinished = false

    /// Storage that an idle stream may keep, in bytes.
    private static let keptCapacity = 8 << 10

    var count: Int { bytes.count &- taken }

    mutating func append(_ fill: (inout [UInt8]) -> Void) {
        fill(&bytes)
    }

    /// Moves the first bytes, as many as fit, into `target`.
    /// - Returns: how many were moved.
    mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        let length = min(count, target.count)
        guard length > 0 else { return 0 }
        bytes.withUnsafeBytes { source in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[taken..<(taken &+ length)]))
        }
        taken &+= length
        if taken == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptCapacity)
            taken = 0
        } else if taken > 64 << 10, taken > bytes.count / 2 {
            bytes.removeFirst(taken)
            taken = 0
        }
        return length
    }
}
