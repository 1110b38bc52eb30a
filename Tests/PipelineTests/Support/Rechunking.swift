import TestSupport

/// One way of dividing a text, with a name that says how to get it again.
struct Division: Sendable {
    var name: String
    var chunks: [[UInt8]]
}

/// The divisions that the conformance corpus asks for ("Re-chunking (generator rule)").
enum Rechunking {
    static let seeds: ClosedRange<UInt64> = 1...6

    static func divisions(of chunks: [String]) -> [Division] {
        let text = chunks.joined()
        let scalars = text.unicodeScalars.map { Array(String($0).utf8) }
        let bytes = text.utf8.map { [$0] }
        var divisions = [
            Division(name: "as given", chunks: chunks.map { Array($0.utf8) }),
            Division(name: "all in one", chunks: [Array(text.utf8)]),
        ]
        for (unit, units) in [("scalars", scalars), ("bytes", bytes)] {
            for size in [1, 2, 3, 7] {
                let chunks = stride(from: 0, to: units.count, by: size).map { start in
                    Array(units[start..<min(start + size, units.count)].joined())
                }
                divisions.append(Division(name: "\(size) \(unit)", chunks: chunks))
                divisions.append(
                    Division(name: "\(size) \(unit), empty chunks between", chunks: chunks.flatMap { [[], $0] } + [[]])
                )
            }
            for seed in seeds {
                divisions.append(Division(name: "random \(unit), seed \(seed)", chunks: random(units, seed: seed)))
            }
        }
        return divisions
    }

    /// Chunks of 1 to 9 units, some empty ones among them.
    static func random(_ units: [[UInt8]], seed: UInt64) -> [[UInt8]] {
        var generator = SeededGenerator(seed: seed)
        var chunks: [[UInt8]] = []
        var position = 0
        while position < units.count {
            if Int.random(in: 0..<8, using: &generator) == 0 { chunks.append([]) }
            let end = min(position + Int.random(in: 1...9, using: &generator), units.count)
            chunks.append(Array(units[position..<end].joined()))
            position = end
        }
        return chunks
    }
}
