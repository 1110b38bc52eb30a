/// Code that eats bytes nobody vouches for, each with what must hold whatever they are.
///
/// A fuzzer calls `run` with inputs of its own making; the tests call it with those that were kept. What does not hold
/// is thrown; a trap speaks for itself.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// The JSON scanner.
    case json
    /// The decoder of event streams.
    case events
    /// A client's request body, and what is made of it for the upstream.
    case request
    /// The reasoning parsers.
    case formats
    /// What an upstream sends, up to the client's stream.
    case pipeline

    public func run(_ input: [UInt8]) throws {
        switch self {
        case .json: try JSONFuzz.run(input)
        case .events: try EventStreamFuzz.run(input)
        case .request: try RequestFuzz.run(input)
        case .formats: try FormatFuzz.run(input)
        case .pipeline: try PipelineFuzz.run(input)
        }
    }
}

/// Something that must hold does not.
public struct Violation: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

func require(_ condition: Bool, _ words: @autoclosure () -> String) throws {
    if !condition { throw Violation(words()) }
}

/// Takes numbers off the front of an input, which so decides what happens when.
struct InputReader {
    private var rest: ArraySlice<UInt8>

    init(_ input: [UInt8]) { rest = input[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number(below limit: Int) -> Int { limit > 0 ? Int(byte()) % limit : 0 }

    /// The next bytes, at most 255, their count in front of them.
    mutating func bytes() -> [UInt8] {
        let count = min(Int(byte()), rest.count)
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
