/// `count` bytes in which no two blocks are alike, so that a lost, doubled or swapped part is found.
func patternBytes(count: Int) -> [UInt8] {
    let block = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + block.count)
    while bytes.count < count {
        withUnsafeBytes(of: UInt64(bytes.count)) { bytes.append(contentsOf: $0) }
        bytes += block
    }
    bytes.removeLast(bytes.count - count)
    return bytes
}
