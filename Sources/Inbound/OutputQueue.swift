internal import DequeModule

/// Bytes on their way to one client, in order. In segments, so that what has been taken is freed and nothing large is
/// copied, however long the client lets it wait.
struct OutputQueue {
    /// Full segments, oldest first.
    private var segments = Deque<[UInt8]>()
    /// The one that is appended to.
    private var last: [UInt8] = []
    /// Bytes of the oldest segment that have been taken.
    private var taken = 0
    private(set) var count = 0
    /// No more will be appended.
    var isFinished = false

    /// A segment that has so many bytes is full.
    private static let segmentBytes = 32 << 10
    /// Storage that an idle stream may keep, in bytes.
    private static let keptCapacity = 8 << 10

    /// - Parameter fill: must only append.
    mutating func append(_ fill: (inout [UInt8]) -> Void) {
        let before = last.count
        fill(&last)
        count &+= last.count &- before
        if last.count >= Self.segmentBytes {
            // A copy, which is as large as its bytes: an array that has grown has room for up to as many more.
            segments.append(last.withUnsafeBytes { Array($0) })
            last = []
        }
    }

    /// Moves the first bytes, as many as fit, into `target`.
    /// - Returns: how many were moved.
    mutating func take(into target: UnsafeMutableRawBufferPointer) -> Int {
        var moved = 0
        while moved < target.count, count > 0 {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[moved...])
            if let oldest = segments.first {
                moved &+= copy(oldest, into: rest)
                if taken == oldest.count {
                    segments.removeFirst()
                    taken = 0
                }
            } else {
                moved &+= copy(last, into: rest)
                if taken == last.count {
                    last.removeAll(keepingCapacity: last.capacity <= Self.keptCapacity)
                    taken = 0
                }
            }
        }
        return moved
    }

    private mutating func copy(_ segment: [UInt8], into target: UnsafeMutableRawBufferPointer) -> Int {
        let length = min(segment.count &- taken, target.count)
        segment.withUnsafeBytes { source in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[taken..<(taken &+ length)]))
        }
        taken &+= length
        count &-= length
        return length
    }
}
