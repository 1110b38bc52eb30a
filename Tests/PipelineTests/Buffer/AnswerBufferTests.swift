import TestSupport
import Testing

@testable import Pipeline

/// A piece of an answer with its parts copied.
struct HeldPiece: Equatable, Sendable {
    var text = ""
    var extras = ""
    var logprobs = ""
}

extension AnswerBuffer {
    fileprivate mutating func append(_ piece: HeldPiece) {
        append(
            text: Array(piece.text.utf8).span,
            extras: Array(piece.extras.utf8).span,
            logprobs: Array(piece.logprobs.utf8).span
        )
    }

    fileprivate mutating func drained() -> [HeldPiece] {
        var pieces: [HeldPiece] = []
        drain { text, extras, logprobs in
            pieces.append(
                HeldPiece(text: string(text), extras: string(extras), logprobs: string(logprobs))
            )
        }
        return pieces
    }
}

private func string(_ span: Span<UInt8>) -> String {
    String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
}

@Suite("The answer buffer")
struct AnswerBufferTests {
    @Test(
        "gives the pieces in order and merges neighbours that are text alone",
        arguments: [
            ([], []),
            ([HeldPiece(text: "a")], [HeldPiece(text: "a")]),
            ([HeldPiece(text: "a"), HeldPiece(text: "b"), HeldPiece(text: "c")], [HeldPiece(text: "abc")]),
            ([HeldPiece(text: "a"), HeldPiece(), HeldPiece(text: "b")], [HeldPiece(text: "ab")]),
            (
                [HeldPiece(text: "a"), HeldPiece(extras: "{}"), HeldPiece(text: "b")],
                [HeldPiece(text: "a"), HeldPiece(extras: "{}"), HeldPiece(text: "b")]
            ),
            (
                [HeldPiece(text: "a", extras: "{1}"), HeldPiece(text: "b", logprobs: "[2]"), HeldPiece(text: "c")],
                [HeldPiece(text: "a", extras: "{1}"), HeldPiece(text: "b", logprobs: "[2]"), HeldPiece(text: "c")]
            ),
            (
                [HeldPiece(text: "é", extras: "{}", logprobs: "[]")],
                [HeldPiece(text: "é", extras: "{}", logprobs: "[]")]
            ),
        ] as [([HeldPiece], [HeldPiece])]
    )
    func order(pieces: [HeldPiece], drained: [HeldPiece]) {
        var buffer = AnswerBuffer()
        for piece in pieces { buffer.append(piece) }
        #expect(buffer.pieceCount == drained.count)
        #expect(buffer.isEmpty == drained.isEmpty)
        #expect(buffer.drained() == drained)
        #expect(buffer.isEmpty)
        #expect(buffer.heldBytes == 0)
        #expect(buffer.drained() == [])
    }

    @Test func mergesUpToItsBoundAndNotBeyond() {
        var buffer = AnswerBuffer()
        for _ in 0..<10_000 { buffer.append(HeldPiece(text: "ab")) }
        #expect(buffer.pieceCount == 5)
        let pieces = buffer.drained()
        #expect(pieces.map(\.text.utf8.count) == [4_096, 4_096, 4_096, 4_096, 3_616])
        #expect(pieces.map(\.text).joined() == String(repeating: "ab", count: 10_000))
    }

    @Test func keepsALongPieceWhole() {
        var buffer = AnswerBuffer()
        let long = String(repeating: "x", count: 10_000)
        for text in ["a", long, "b"] { buffer.append(HeldPiece(text: text)) }
        #expect(buffer.drained().map(\.text) == ["a", long, "b"])
    }

    @Test func countsTheMemoryOfItsPieces() {
        var buffer = AnswerBuffer()
        #expect(buffer.heldBytes == 0)
        for count in 1...100 {
            buffer.append(HeldPiece(text: "12345", extras: "12", logprobs: "1"))
            #expect(buffer.heldBytes >= count * 8)
        }
        #expect(buffer.heldBytes <= 100 * (8 + 64))
        var merged = AnswerBuffer()
        for _ in 0..<100 { merged.append(HeldPiece(text: "12345678")) }
        #expect(merged.heldBytes < buffer.heldBytes)
    }

    @Test func takesPiecesAgainAfterADrain() {
        var buffer = AnswerBuffer()
        buffer.append(HeldPiece(text: "a"))
        _ = buffer.drained()
        buffer.append(HeldPiece(text: "b"))
        #expect(buffer.drained() == [HeldPiece(text: "b")])
    }

    @Test("loses and reorders nothing", arguments: [81, 82, 83] as [UInt64])
    func anyPieces(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var buffer = AnswerBuffer()
        var expected: [UInt8] = []
        var drained: [UInt8] = []
        for number in 0..<2_000 {
            let text = String(repeating: "\(number),", count: Int.random(in: 0...60, using: &generator))
            let extras = Int.random(in: 0..<9, using: &generator) == 0 ? "{\(number)}" : ""
            let logprobs = Int.random(in: 0..<9, using: &generator) == 0 ? "[\(number)]" : ""
            buffer.append(HeldPiece(text: text, extras: extras, logprobs: logprobs))
            expected += (text + extras + logprobs).utf8
            if Int.random(in: 0..<50, using: &generator) == 0 {
                drained += buffer.drained().flatMap { ($0.text + $0.extras + $0.logprobs).utf8 }
            }
        }
        drained += buffer.drained().flatMap { ($0.text + $0.extras + $0.logprobs).utf8 }
        #expect(drained == expected)
    }
}
