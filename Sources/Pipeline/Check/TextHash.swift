/// A hash of text that does not depend on how it is cut: FNV-1a, 64 bits (draft-eastlake-fnv). To compare what was sent
/// with what came; not against an adversary.
public struct TextHash: Sendable, Equatable {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    public mutating func add(_ text: String) {
        for byte in text.utf8 {
            value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
        }
    }
}
