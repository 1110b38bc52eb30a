/// The keys of which a client must send one (`GATEWAY_API_KEYS`).
///
/// How long a comparison takes depends on the length of what the client sent, on the number of keys, and on the longest
/// key's length rounded up to 64 bytes; not on which key matches, nor how far.
struct APIKeys: Sendable {
    /// Bytes of one key.
    static let longest = 512
    private static let step = 64

    /// All keys, each filled up with zeros to `width`.
    private let padded: [UInt8]
    private let lengths: [Int]
    private let width: Int

    init(_ keys: [Secret]) {
        let texts = keys.map { Array($0.value.utf8) }
        let width = ((texts.map(\.count).max() ?? 0) + Self.step - 1) / Self.step * Self.step
        lengths = texts.map(\.count)
        padded = texts.flatMap { $0 + [UInt8](repeating: 0, count: width - $0.count) }
        self.width = width
    }

    /// Whether there are none, so that everyone may call.
    var isEmpty: Bool { lengths.isEmpty }

    func contains(_ token: Substring) -> Bool {
        let token = token.utf8
        var candidate = Array(token.prefix(width))
        candidate += repeatElement(0, count: width &- candidate.count)
        let length = token.count
        var found: UInt64 = 0
        for key in lengths.indices {
            var difference = UInt64(truncatingIfNeeded: lengths[key] ^ length)
            let start = key &* width
            for index in 0..<width {
                difference |= UInt64(padded[start &+ index] ^ candidate[index])
            }
            // The highest bit is set for a difference of zero only. No branch depends on it.
            found |= (difference &- 1) & ~difference & (1 << 63)
        }
        return found != 0
    }
}
