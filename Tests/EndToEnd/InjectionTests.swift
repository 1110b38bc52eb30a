import Foundation
import HTTPTypes
import MockUpstream
import Outbound
import TestSupport
import Testing

@Suite("What is passed on", .timeLimit(.minutes(3)))
struct InjectionTests {
    @Test("never has line ends or NULs of a client's header")
    func clientsHeader() async throws {
        let names = ["Authorization", "x-request-id", "X-Stream-Format", "User-Agent"]
        let values = [
            "a\rX-Evil: 1", "a\nX-Evil: 1", "a\r\n X-Evil: 1", "a\0X-Evil: 1", "a\u{1}b", "a\u{7F}b",
        ]
        try await Harness.run { harness in
            for field in names.flatMap({ name in values.map { "\(name): \($0)\r\n" } }) {
                let connection = try harness.connect()
                try connection.send(RawRequest.post(Harness.body(model: "mock-tags"), "\(field)X-Last: 1\r\n"))
                let response = try RawResponse(from: connection)
                #expect(response.status == 400 && response.fields["connection"] == "close", "\(field)")
                #expect(response.fields["x-evil"] == nil && !response.body.lowercased().contains("evil"))
            }
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test(
        "stays within its JSON string, where a client's words are quoted",
        arguments: ["\r\nX-Evil: 1\r\n\r\n", "\"}\n\ndata: evil\n\n"])
    func quoted(words: String) async throws {
        let escaped = MockPayload.string(words).dropFirst().dropLast()
        try await Harness.run(["ALLOW_MODELS": "mock-tags"]) { harness in
            let percent = words.utf8.map { String(format: "%%%02x", $0) }.joined()
            let answers = [
                try await harness.post(Harness.body(model: "evil\(escaped)")),
                try await harness.post(Harness.body(model: "mock-tags", #","summary_model":"evil\#(escaped)""#)),
                try await harness.post(Harness.body(model: "mock-tags", #","stream_format":"evil\#(escaped)""#)),
                try await harness.get("/v1/models/evil\(percent)"), try await harness.get("/evil\(percent)"),
            ]
            for answer in answers {
                #expect((400...404).contains(answer.status))
                _ = try ErrorEnvelope(answer.text)
                #expect(!answer.text.contains("\n") && !answer.text.contains("\r"))
                #expect(!answer.headerFields.contains { $0.name.canonicalName == "x-evil" })
            }
        }
    }

    @Test("stays within its event, where an upstream's words are quoted", arguments: ["unified", "openai", "events"])
    func upstreamsWords(format: String) async throws {
        let words = "broken\r\n\r\nevent: evil\ndata: evil\n\n\0\u{2028}"
        let refusal = MockScript.refusal(429, words, code: words)
        let inStream = MockScript([
            .event(MockPayload.content("x")),
            .event(#"{"error":{"message":\#(MockPayload.string(words)),"code":\#(MockPayload.string(words))}}"#),
        ])
        try await Harness.run(script: { !$0.isStreamed ? nil : $0.model == "refused" ? refusal : inStream }) {
            harness in
            for model in ["refused", "in-stream"] {
                let answer = try await harness.post(
                    Harness.body(model: model), path: "/\(format)/v1/chat/completions")
                let lines = answer.text.components(separatedBy: "\n")
                #expect(!lines.contains { $0.hasPrefix("event: evil") || $0.hasPrefix("data: evil") })
                #expect(!answer.text.contains("\r") && !answer.text.contains("\0"))
                #expect(answer.text.contains("broken"))
            }
        }
    }

    @Test(
        "of an upstream's Retry-After is what can be one",
        arguments: [
            ("7", "7"), ("Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT"),
            (String(repeating: "9", count: 4_000), "1"), ("sch\u{f6}n", "1"),
        ])
    func retryAfter(sent: String, received: String) async throws {
        let script = MockScript.whole(
            429, #"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#, headerFields: [.retryAfter: sent])
        try await Harness.run(["UPSTREAM_MAX_RETRIES": "0"], script: { $0.isStreamed ? script : nil }) { harness in
            let answer = try await harness.post(
                Harness.body(model: "m"), path: "/openai/v1/chat/completions")
            #expect(answer.status == 429)
            #expect(answer.headerFields[values: .retryAfter] == [received])
        }
    }

    @Test("is never text that is not UTF-8, wherever it stands in a body")
    func encoding() async throws {
        let sequences: [[UInt8]] = [
            [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x80],
        ]
        let bodies = [
            #"{"model":"m","messages":[{"role":"user","content":"§"}]}"#,
            #"{"model":"§","messages":[{"role":"user","content":"x"}]}"#,
            #"{"model":"m","messages":[{"role":"user","content":"x"}],"§":1}"#,
            #"{"model":"m","messages":[{"role":"user","content":"x","other":["§"]}]}"#,
        ]
        try await Harness.run { harness in
            for parts in bodies.map({ $0.components(separatedBy: "§") }) {
                for sequence in sequences {
                    var request = harness.request("")
                    request.body = RequestBody(Array(parts[0].utf8) + sequence + Array(parts[1].utf8))
                    let answer = try await harness.client.send(request)
                    #expect(answer.status == 400)
                    let error = try ErrorEnvelope(answer.text)
                    let place = "at byte \(parts[0].utf8.count): invalid UTF-8"
                    #expect(error.message.contains(place), "\(error.message)")
                }
            }
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }
}
