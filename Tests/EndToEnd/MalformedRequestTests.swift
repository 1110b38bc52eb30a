import Foundation
import MockUpstream
import TestSupport
import Testing

/// Requests that are refused as they stand, in more and more broken forms.
private struct MalformedRequests {
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    /// No model of this name is allowed, so that what is still a request after all is refused nevertheless.
    private static let body =
        #"{"model":"not-allowed","stream":true,"messages":[{"role":"user","content":"why \u00e9 [1,2.5e3,null]"}]}"#

    private static let whole: [String] = [
        RawRequest.post(body, "Content-Type: application/json\r\nAuthorization: Bearer abc\r\n"),
        RawRequest.post(body, "Origin: http://a\r\nContent-Type: application/json\r\nX-Stream-Format: openai\r\n"),
        "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(body.utf8.count, radix: 16));a=b\r\n\(body)\r\n0\r\nX-Trailer: c\r\n\r\n",
        RawRequest.get("/nowhere?a=b&c=%00", "Cookie: a=b\r\nAccept: */*\r\nX-Request-Id: r-1\r\n"),
        RawRequest.post(body) + RawRequest.get("/nowhere"),
    ]

    private static let splinters = [
        "\r\n", "\n", "\r", "\0", " ", "\t", ":", ";", "\r\n\r\n", "\r\n ", "%00", "\u{FFFD}", "\\u", "\"", "[[[[", "{",
        "-",
        "0\r\n\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Transfer-Encoding: chunked\r\n", "Host: u\r\n",
        "99999999999999999999", "ffffffffffffffff\r\n", " HTTP/1.1\r\n", "HTTP/2.0", "Expect: 200-ok\r\n",
        "Upgrade: h2c\r\n",
    ]

    mutating func next() -> [UInt8] {
        if random.below(20) == 0 {
            return (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        var bytes = Array(Self.whole[random.below(Self.whole.count)].utf8)
        for _ in 0...random.below(5) { damage(&bytes) }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        let place = random.below(bytes.count)
        let end = min(bytes.count, place + 1 + random.below(40))
        switch random.below(7) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        case 2: bytes.removeSubrange(place..<end)
        case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.below(bytes.count))
        case 4: bytes.removeSubrange(end...)
        case 5: bytes.insert(contentsOf: Array(repeating: bytes.isEmpty ? 0x20 : bytes[place], count: 200), at: place)
        default: bytes.insert(contentsOf: Self.splinters[random.below(Self.splinters.count)].utf8, at: place)
        }
    }
}

@Suite("Malformed requests", .timeLimit(.minutes(5)))
struct MalformedRequestTests {
    @Test("by the thousand are refused or cut off, and an open stream beside them misses nothing", arguments: 1...10)
    func thousands(seed: UInt64) async throws {
        let numbers = 1...300
        let turnstile = CompletionTests.Turnstile()
        let steps = numbers.flatMap { number -> [MockScript.Step] in
            [.pause(.milliseconds(5)), .event(MockPayload.content("<\(number)>"))]
        }
        let script = MockScript(
            steps + [
                .await { await turnstile.pass() }, .event(MockPayload.content("<last>")),
                .event(MockPayload.finish()), .event(MockPayload.done),
            ])
        // One loop for all: whatever keeps it busy, or breaks it, the stream feels.
        let environment = [
            "WORKERS": "1", "ALLOW_MODELS": "m", "PROMPT_SUMMARY": "off", "HEADER_TIMEOUT": "5",
            "MAX_BODY_BYTES": "64k",
        ]
        try await Harness.run(environment, script: { $0.isStreamed ? script : nil }) { harness in
            let body = Harness.body(model: "m", #","response_format":{"type":"json_object"}"#)
            async let answer = harness.post(body)
            await harness.mock.recorder.waitForOpenStreams(1)
            var requests = MalformedRequests(seed: seed)
            for _ in 0..<1_000 {
                let request = requests.next()
                let connection = try harness.connect()
                // A connection that is closed early takes no more.
                try? connection.send(request)
                connection.halfClose()
                guard let text = try? connection.receiveToEnd() else {
                    Issue.record("no end after \(String(decoding: request, as: UTF8.self).debugDescription)")
                    continue
                }
                let isRefused = text.isEmpty || text.hasPrefix("HTTP/1.1 4") || text.hasPrefix("HTTP/1.1 505")
                #expect(
                    isRefused && !text.contains("HTTP/1.1 2"),
                    "\(String(decoding: request, as: UTF8.self).debugDescription) got \(text)")
            }
            #expect(harness.openCompletions == 1)
            await turnstile.open()
            let events = try ClientEvent.decode(try await answer.body)
            #expect(events.answer == numbers.map { "<\($0)>" }.joined() + "<last>")
            #expect(events.last?.data["status"] as? String == "completed")
            #expect(harness.completionRequests.count == 1)
        }
    }
}
