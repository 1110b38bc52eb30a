/// SplitMix64: the same cases for the same seed.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z &>> 31)
    }

    public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &self) }

    public mutating func string(scalars count: Int) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<count {
            let bound: [UInt32] = [0x20, 0x80, 0x80, 0x800, 0x10000, 0x110000]
            let number = UInt32.random(in: 0..<bound[below(bound.count)], using: &self)
            text.append(Unicode.Scalar(number) ?? "x")
        }
        return String(text)
    }

    /// A random document with random white space, at most `depth` deep.
    public mutating func json(depth: Int) -> String {
        let space = [" ", "", "", "\n", "\t ", "\r\n"]
        func padded(_ text: String, _ random: inout SeededGenerator) -> String {
            space[random.below(space.count)] + text + space[random.below(space.count)]
        }
        switch below(depth > 0 ? 8 : 5) {
        case 0: return padded(["null", "true", "false"][below(3)], &self)
        case 1: return padded(["0", "-1", "1.5", "2e3", "-0.25E-2", "1234567"][below(6)], &self)
        case 2: return padded("\"\"", &self)
        case 3, 4:
            let pieces = ["a", "model", "\\n", "\\\"", "\\\\", "\\u0041", "é", "€", "😀", " ", "01234567"]
            return padded("\"" + (0..<below(6)).map { _ in pieces[below(pieces.count)] }.joined() + "\"", &self)
        case 5, 6:
            return padded("[" + (0..<below(4)).map { _ in json(depth: depth - 1) }.joined(separator: ",") + "]", &self)
        default:
            let members = (0..<below(4)).map { index in "\"k\(index)\":" + json(depth: depth - 1) }
            return padded("{" + members.joined(separator: ",") + "}", &self)
        }
    }
}
