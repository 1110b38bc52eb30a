import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONFuzzTests {
    /// Foundation's reading, for texts on which both follow RFC 8259.
    private func foundationAccepts(_ bytes: [UInt8]) -> Bool {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])) != nil
    }

    @Test func acceptsAndRefusesWhatFoundationDoes() {
        var random = SeededGenerator(seed: 1)
        let alphabet = Array(#"{}[],:"\/ 0123-+.eEtruefalsn"#.utf8)
        var accepted = 0
        var refused = 0
        for round in 0..<20_000 {
            var bytes = Array(random.json(depth: 4).utf8)
            for _ in 0..<random.below(3) {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0 where !bytes.isEmpty: bytes.remove(at: position)
                case 1 where !bytes.isEmpty: bytes[position] = alphabet[random.below(alphabet.count)]
                default: bytes.insert(alphabet[random.below(alphabet.count)], at: position)
                }
            }
            let isAccepted = (try? JSONCursor.document(bytes.span)) != nil
            if isAccepted { accepted += 1 } else { refused += 1 }
            if isAccepted != foundationAccepts(bytes), !isKnownDifference(bytes, isAccepted: isAccepted) {
                Issue.record(
                    "seed 1, round \(round): \(String(decoding: bytes, as: UTF8.self)), accepted: \(isAccepted)"
                )
            }
        }
        #expect(accepted > 5_000)
        #expect(refused > 5_000)
    }

    /// Numbers beyond a double, which the grammar allows and Foundation refuses; and a comma before a closing bracket,
    /// the other way round.
    private func isKnownDifference(_ bytes: [UInt8], isAccepted: Bool) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return isAccepted ? text.contains(/[eE][+-]?[0-9]{3}/) : text.contains(/,\s*[\]}]/)
    }

    @Test func readsTheSameStringsAsFoundation() throws {
        var random = SeededGenerator(seed: 2)
        for round in 0..<5_000 {
            let bytes = Array(random.json(depth: 0).utf8)
            let value = try JSONCursor.document(bytes.span)
            guard value.kind == .string else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
            #expect(value.string(in: bytes.span) == object as? String, "seed 2, round \(round)")
        }
    }

    @Test func neverTrapsAndNeverReadsOutsideOnRandomBytes() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            var bytes = Array(random.json(depth: 3).utf8)
            for _ in 0..<random.below(6) where !bytes.isEmpty {
                bytes[random.below(bytes.count)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(random.below(bytes.count))
            do {
                let value = try JSONCursor.document(bytes.span)
                #expect(value.range.upperBound <= bytes.count)
                _ = value.string(in: bytes.span)
                _ = value.name(in: bytes.span)
                _ = value.double(in: bytes.span)
                _ = value.integer(in: bytes.span)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
    }

    @Test func callsInAnyOrderNeverTrap() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let bytes = Array(random.json(depth: 3).utf8)
            var cursor = JSONCursor(at: random.below(bytes.count), maximumDepth: random.below(4))
            for _ in 0..<12 {
                switch random.below(7) {
                case 0: try? cursor.enterObject(bytes.span)
                case 1: try? cursor.enterArray(bytes.span)
                case 2: _ = try? cursor.nextKey(bytes.span)
                case 3: _ = try? cursor.nextElement(bytes.span)
                case 4: _ = try? cursor.peekKind(bytes.span)
                case 5: try? cursor.end(bytes.span)
                default: _ = try? cursor.value(bytes.span)
                }
                #expect(cursor.position <= bytes.count)
                #expect(cursor.depth >= 0)
            }
        }
    }

    @Test(arguments: ["\"a", "\"\\u0041", "{\"a\":1,", "\"é", " ", "1", "[1,"])
    func timeIsLinearInTheLength(_ piece: String) {
        let opening = piece.hasPrefix("\"") ? "\"" : piece.hasPrefix("{") ? "{" : "[1"
        let body = Array((opening == "[1" ? piece : String(piece.dropFirst())).utf8)
        let isLinear = takesLinearTime(size: 100_000) { size in
            let bytes = Array(opening.utf8) + (0..<size).map { body[$0 % max(1, body.count)] }
            _ = try? JSONCursor.document(bytes.span)
        }
        #expect(isLinear)
    }
}
