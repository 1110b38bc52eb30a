import ServerSentEvents
import TestSupport
import Testing

/// An event, its data copied out.
struct ReadEvent: Equatable, CustomStringConvertible {
    var name: String
    var data: String
    var isTerminated = true

    var description: String { "\(name)|\(data)\(isTerminated ? "" : "|cut")" }
}

/// Decodes reads in turn, and the end of the stream.
func decode(_ reads: [[UInt8]], limit: Int = 1 << 20) throws -> [ReadEvent] {
    var decoder = EventStreamDecoder(maximumEventBytes: limit)
    var events: [ReadEvent] = []
    func note(_ event: ServerSentEvent, _ bytes: Span<UInt8>) {
        let data = event.withData(in: bytes) { data in
            String(decoding: data.indices.map { data[$0] }, as: UTF8.self)
        }
        events.append(ReadEvent(name: event.name, data: data, isTerminated: event.isTerminated))
    }
    for read in reads {
        var position = 0
        while let event = try decoder.next(read.span, &position) { note(event, read.span) }
        #expect(position == read.count)
    }
    let rest: [UInt8] = []
    if let event = decoder.finish() { note(event, rest.span) }
    return events
}

@Suite struct EventStreamDecoderTests {
    /// Streams and the events that WHATWG HTML, section 9.2.6, gives for them; a cut event is ours.
    static let corpus: [(String, [ReadEvent])] = [
        ("", []),
        ("data: a\n\n", [ReadEvent(name: "", data: "a")]),
        ("data: a\r\rdata: b\r\r", [ReadEvent(name: "", data: "a"), ReadEvent(name: "", data: "b")]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", [ReadEvent(name: "", data: "a"), ReadEvent(name: "", data: "b")]),
        ("data: a\n\r\ndata: b\r\n\ndata: c\r\n\r", "abc".map { ReadEvent(name: "", data: String($0)) }),
        ("data: a\r\n\r\n\r\n\n\rdata: b\n\n", [ReadEvent(name: "", data: "a"), ReadEvent(name: "", data: "b")]),
        ("\u{FEFF}data: a\n\n", [ReadEvent(name: "", data: "a")]),
        ("\u{FEFF}\ndata: a\n\n", [ReadEvent(name: "", data: "a")]),
        ("\u{FEFF}\u{FEFF}data: a\n\ndata: b\n\n", [ReadEvent(name: "", data: "b")]),
        ("data: a\n\n\u{FEFF}data: b\n\n", [ReadEvent(name: "", data: "a")]),
        ("\n\u{FEFF}data: a\n\n", []),
        (": hello\n\n:\n: \ndata: a\n: in between\n\n", [ReadEvent(name: "", data: "a")]),
        ("data: YHOO\ndata: +2\ndata: 10\n\n", [ReadEvent(name: "", data: "YHOO\n+2\n10")]),
        (
            "data\n\ndata\ndata\n\ndata:",
            [
                ReadEvent(name: "", data: ""), ReadEvent(name: "", data: "\n"),
                ReadEvent(name: "", data: "", isTerminated: false),
            ]
        ),
        ("data:\ndata: a\ndata:\n\n", [ReadEvent(name: "", data: "\na\n")]),
        (
            "data:test\n\ndata: test\n\ndata:  test\n\n",
            ["test", "test", " test"].map { ReadEvent(name: "", data: $0) }
        ),
        (
            "event: add\ndata: 1\n\nevent: del\nid: 7\ndata: 2\n\ndata: 3\n\n",
            [
                ReadEvent(name: "add", data: "1"), ReadEvent(name: "del", data: "2"), ReadEvent(name: "", data: "3"),
            ]
        ),
        ("data: 1\nevent: after\n\n", [ReadEvent(name: "after", data: "1")]),
        ("event: lost\n\ndata: 1\n\n", [ReadEvent(name: "", data: "1")]),
        ("event: a\nevent: b\ndata: 1\n\n", [ReadEvent(name: "b", data: "1")]),
        ("retry: 30\nid\nunknown: x\nDATA: x\ndata : x\n data: x\ndatax: y\n\n", []),
        ("data: {\"a\":\"b:c\"}\n\n", [ReadEvent(name: "", data: "{\"a\":\"b:c\"}")]),
        ("data: é€😀\u{85}\u{2028}\n\n", [ReadEvent(name: "", data: "é€😀\u{85}\u{2028}")]),
        (
            "data: a\n\ndata: [DONE]\n",
            [
                ReadEvent(name: "", data: "a"), ReadEvent(name: "", data: "[DONE]", isTerminated: false),
            ]
        ),
        (
            "data: a\n\ndata: [DONE]",
            [
                ReadEvent(name: "", data: "a"), ReadEvent(name: "", data: "[DONE]", isTerminated: false),
            ]
        ),
        ("data: a\r\ndata: b\r\n", [ReadEvent(name: "", data: "a\nb", isTerminated: false)]),
        ("data: a\n\n: comment", [ReadEvent(name: "", data: "a")]),
        ("data: a\n\nevent: x\n", [ReadEvent(name: "", data: "a")]),
    ]

    @Test(arguments: corpus)
    func readWhole(_ stream: String, _ expected: [ReadEvent]) throws {
        #expect(try decode([Array(stream.utf8)]) == expected)
    }

    @Test(arguments: corpus)
    func splitAtEveryPoint(_ stream: String, _ expected: [ReadEvent]) throws {
        let bytes = Array(stream.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let reads = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                let events = try decode(reads)
                if events != expected { Issue.record("split at \(first) and \(second): \(events)") }
            }
        }
    }

    @Test(arguments: corpus, 1...9)
    func splitInEqualReads(_ example: (stream: String, expected: [ReadEvent]), _ size: Int) throws {
        let bytes = Array(example.stream.utf8)
        let reads = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        #expect(try decode(reads) == example.expected)
    }

    @Test func aLineThatHasEndedTakesEffectAtOnce() throws {
        var decoder = EventStreamDecoder(maximumEventBytes: 100)
        let bytes = Array("data: a\r\r".utf8)
        var position = 0
        #expect(try decoder.next(bytes.span, &position)?.payload == .slice(6..<7))
        let lineFeed = Array("\n".utf8)
        position = 0
        #expect(try decoder.next(lineFeed.span, &position) == nil)
        #expect(decoder.finish() == nil)
    }

    @Test func aWholeEventInOneReadIsASliceOfIt() throws {
        var decoder = EventStreamDecoder(maximumEventBytes: 100)
        let bytes = Array(": x\n\nevent: e\ndata: abc\n\ndata: d\n\ndata: cut".utf8)
        var position = 0
        var payloads: [ServerSentEvent.Payload] = []
        while let event = try decoder.next(bytes.span, &position) { payloads.append(event.payload) }
        #expect(payloads == [.slice(20..<23), .slice(31..<32)])
        #expect(decoder.finish()?.payload == .assembled(Array("cut".utf8)))
    }

    @Test func identifierAndReconnectionTimeAreKept() throws {
        var decoder = EventStreamDecoder(maximumEventBytes: 100)
        for (stream, id, time) in [
            ("id: 1\nretry: 1500\ndata: x\n\n", "1", 1500), ("data: y\n\n", "1", 1500),
            ("id: a\u{0}b\nretry: 1x\n", "1", 1500),
            ("retry: -1\nretry: 99999999999999999999\n", "1", 1500), ("id\n", "", 1500),
        ] {
            let bytes = Array(stream.utf8)
            var position = 0
            while try decoder.next(bytes.span, &position) != nil {}
            #expect(decoder.lastEventID == id)
            #expect(decoder.reconnectionTime == time)
        }
    }

    @Test func aSliceReadFromOtherBytesDoesNotTrap() throws {
        let event = try #require(try decoder("data: abc\n\n"))
        let short = Array("x".utf8)
        #expect(event.withData(in: short.span) { $0.count } == 0)
    }

    private func decoder(_ text: String) throws -> ServerSentEvent? {
        var decoder = EventStreamDecoder(maximumEventBytes: 100)
        let bytes = Array(text.utf8)
        var position = -3
        return try decoder.next(bytes.span, &position)
    }
}

@Suite struct EventStreamLimitTests {
    @Test(arguments: [
        ("data: 0123\n\n", 10), ("data: 01\ndata: 2\n\n", 15), ("event: e\ndata: 1\n\n", 15), (": 0123456\n", 9),
        ("0123456\n", 7), (": 01\n: 23\ndata:\n\n", 5), ("data: 0123", 10),
    ])
    func theLimitIsExactHoweverTheStreamIsSplit(_ stream: String, _ length: Int) throws {
        let bytes = Array(stream.utf8)
        let followed = Array("data: a\n\n".utf8) + bytes
        for size in 1...followed.count {
            func reads(_ bytes: [UInt8]) -> [[UInt8]] {
                stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
            }
            _ = try decode(reads(bytes), limit: length)
            #expect(throws: EventStreamError.eventTooLarge(limit: length - 1)) {
                try decode(reads(bytes), limit: length - 1)
            }
            if length >= 8 { _ = try decode(reads(followed), limit: length) }
        }
    }

    @Test func eventsBeforeTheOneTooLargeAreGivenAndTheErrorStays() throws {
        var decoder = EventStreamDecoder(maximumEventBytes: 8)
        let bytes = Array("data: ab\n\ndata: abc\n\ndata: ab\n\n".utf8)
        var position = 0
        #expect(try decoder.next(bytes.span, &position) != nil)
        for _ in 0..<3 {
            #expect(throws: EventStreamError.eventTooLarge(limit: 8)) { try decoder.next(bytes.span, &position) }
        }
        #expect(decoder.finish() == nil)
    }

    @Test func manyCommentsAreNoEvent() throws {
        let comments = String(repeating: ": keep-alive\n", count: 1_000)
        #expect(try decode([Array((comments + "data: a\n\n").utf8)], limit: 20) == [ReadEvent(name: "", data: "a")])
    }

    @Test func aLineWithoutEndStopsAtTheLimit() throws {
        var decoder = EventStreamDecoder(maximumEventBytes: 1_000)
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
        for _ in 0..<10 {
            var position = 0
            #expect(try decoder.next(bytes.span, &position) == nil)
        }
        var position = 0
        #expect(throws: EventStreamError.eventTooLarge(limit: 1_000)) { try decoder.next(bytes.span, &position) }
    }

    @Test(arguments: ["data: a\n\n", "data: a\n", "x", "data: aaaaaaaaaaaaaaaa", "\r", ":\n", "event:\n"])
    func timeIsLinearInTheLengthByteByByte(_ piece: String) throws {
        let isLinear = try takesLinearTime(size: 10_000) { size in
            let pattern = Array(piece.utf8)
            var decoder = EventStreamDecoder(maximumEventBytes: 1 << 30)
            var byte: [UInt8] = [0]
            for index in 0..<size {
                byte[0] = pattern[index % pattern.count]
                var position = 0
                while try decoder.next(byte.span, &position) != nil {}
            }
            _ = decoder.finish()
        }
        #expect(isLinear)
    }
}
