/// Decides when a producer pauses: above the high mark, until the level has fallen to half of it.
public struct Watermark: Sendable, Equatable {
    /// The level up to which the producer runs.
    public let high: Int
    /// The level at which a paused producer goes on.
    public let low: Int
    public private(set) var isPaused = false

    /// - Parameter high: in the unit of the levels; a negative number is 0.
    public init(high: Int) {
        self.high = max(0, high)
        low = self.high / 2
    }

    /// Takes the present level; returns whether the producer has to be paused.
    @discardableResult
    public mutating func update(level: Int) -> Bool {
        if level > high {
            isPaused = true
        } else if level <= low {
            isPaused = false
        }
        return isPaused
    }
}
