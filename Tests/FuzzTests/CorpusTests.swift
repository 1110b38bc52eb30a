import Foundation
import FuzzTargets
import TestSupport
import Testing

/// Inputs that a fuzzer kept, and random ones, run as ordinary tests.
@Suite("Bytes nobody vouches for", .timeLimit(.minutes(5)))
struct CorpusTests {
    private func corpus(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Corpus/\(target.rawValue)")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.map { ($0.lastPathComponent, Array(try Data(contentsOf: $0))) }
    }

    @Test("that were kept break nothing", arguments: FuzzTarget.allCases)
    func kept(target: FuzzTarget) throws {
        let corpus = try corpus(target)
        #expect(!corpus.isEmpty)
        for input in corpus {
            #expect(throws: Never.self, "\(input.name)") { try target.run(input.bytes) }
        }
    }

    @Test("and are changed at random break nothing", arguments: FuzzTarget.allCases)
    func mutated(target: FuzzTarget) throws {
        var generator = SeededGenerator(seed: 7)
        let corpus = try corpus(target)
        for _ in 0..<1_000 {
            guard var bytes = corpus.randomElement(using: &generator)?.bytes else { return }
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
                default: bytes.removeSubrange(index..<min(bytes.count, index + 8))
                }
            }
            let input = bytes
            #expect(throws: Never.self, "\(input)") { try target.run(input) }
        }
    }
}
