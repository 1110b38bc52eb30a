import Foundation
import Gateway
import HTTPTypes
import MockUpstream
import Outbound
import TestSupport
import Testing

@Suite("A gateway that serves HTTPS", .timeLimit(.minutes(3)))
struct TLSTests {
    private static func run(
        _ environment: [String: String] = [:],
        script: @escaping @Sendable (MockRequest) -> MockScript? = { _ in nil },
        _ body: (Harness) async throws -> Void
    ) async throws {
        let certificate = try TemporaryCertificate()
        try await Harness.run(environment.merging(certificate.environment) { $1 }, script: script, body)
    }

    @Test("answers as it does by HTTP")
    func answers() async throws {
        try await Self.run { harness in
            #expect(harness.url.hasPrefix("https:"))
            #expect(try await harness.get("/healthz").text == #"{"status":"ok","scope":"gateway"}"#)
            let events = try await harness.events(model: "mock-tags")
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.answer == CompletionTests.answer)
            let whole = try await harness.post(#"{"model":"mock-tags","messages":[{"role":"user","content":"x"}]}"#)
            #expect(whole.status == 200 && whole.text.contains(#""object":"chat.completion""#))
            let refused = try await harness.post("{")
            #expect(refused.status == 400)
        }
    }

    @Test("takes and gives what is larger than a TLS record and a connection's memory")
    func large() async throws {
        try await Self.run { harness in
            let text = String(repeating: "0123456789abcdef", count: 100_000)
            let events = try ClientEvent.decode(
                try await harness.post(Harness.body(model: "mock-echo", message: text)).body)
            #expect(events.answer.contains(text))
            #expect(events.last?.data["status"] as? String == "completed")
        }
    }

    @Test("passes each event on at once, also one that comes alone")
    func loneEvents() async throws {
        let turnstile = CompletionTests.Turnstile()
        let numbers = 1...5
        let script = MockScript(
            [.event(MockPayload.content("<final>"))]
                + numbers.flatMap { number -> [MockScript.Step] in
                    [.await { await turnstile.pass() }, .event(MockPayload.content("<\(number)>"))]
                } + [.event(MockPayload.finish()), .event(MockPayload.done)])
        try await Self.run(["PROMPT_SUMMARY": "off"], script: { $0.isStreamed ? script : nil }) { harness in
            let request = harness.request(Harness.body(model: "m"))
            let text = try await harness.client.run { multi in
                let transfer = try Transfer(request, on: multi)
                defer { transfer.close() }
                _ = try await transfer.responseHead()
                var text = ""
                var bytes: [UInt8] = []
                // Each is asked for when the one before it has come, so none can wait for another.
                for number in numbers {
                    await turnstile.open()
                    while !text.contains("<\(number)>"), try await transfer.read(into: &bytes) {
                        text += String(decoding: bytes, as: UTF8.self)
                    }
                }
                return text + String(decoding: try await transfer.readAll(limit: 1 << 20), as: UTF8.self)
            }
            #expect(text.contains("<5>") && text.contains("event: output.done"))
        }
    }

    @Test("has two hundred streams at once")
    func many() async throws {
        try await Self.run(["PROMPT_SUMMARY": "off"]) { harness in
            let answers = try await withThrowingTaskGroup(of: [ClientEvent].self) { group in
                for _ in 0..<200 {
                    group.addTask { try await harness.events(model: "mock-slow:deltas=10,interval=50") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 200)
            #expect(answers.allSatisfy { $0.answer == String(repeating: "xxxx", count: 10) })
            #expect(answers.allSatisfy { $0.last?.data["status"] as? String == "completed" })
        }
    }

    @Test("cancels its calls when a client goes", arguments: ["mock-endless:interval=5", "mock-hang", "mock-silent"])
    func disconnect(model: String) async throws {
        try await Self.run(["PROMPT_SUMMARY": "off", "REASONING_SUMMARY": "off"]) { harness in
            let request = harness.request(Harness.body(model: model))
            try await harness.client.run { multi in
                let transfer = try Transfer(request, on: multi)
                _ = try await transfer.responseHead()
                await harness.mock.recorder.waitForOpenRequests(1)
                transfer.close()
            }
            await harness.mock.recorder.waitForOpenRequests(0)
            try await eventually { harness.openCompletions == 0 }
            #expect(harness.mock.recorder.disconnects == 1)
        }
    }

    @Test("answers many requests that come in one record")
    func pipelined() async throws {
        try await Self.run(["PROMPT_SUMMARY": "off"]) { harness in
            let count = 20
            // More than one record, and more than a connection's memory: GnuTLS holds some of it decrypted meanwhile.
            let padding = "X-Padding: \(String(repeating: "x", count: 1_000))\r\n"
            let requests = (0..<count).map { number in
                let request = RawRequest.post(Harness.body(model: "mock-tags"), padding)
                return number == count - 1 ? request.replacing("Host:", with: "Connection: close\r\nHost:") : request
            }
            let text = try OpenSSL.run(
                ["s_client", "-quiet", "-connect", "127.0.0.1:\(harness.gateway.port)"],
                input: requests.joined())
            #expect(text.ranges(of: "HTTP/1.1 200 ").count == count)
            #expect(text.ranges(of: "event: output.done").count == count)
        }
    }

    @Test("does not answer HTTP, nor wait for ever for a handshake")
    func noHandshake() async throws {
        try await Self.run(["HEADER_TIMEOUT": "0.3"]) { harness in
            let hello: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0]
            for bytes in [Array(RawRequest.get("/healthz").utf8), hello, []] {
                let connection = try harness.connect()
                try connection.send(bytes)
                #expect(try !connection.receiveToEnd().contains("HTTP"))
            }
            #expect(try await harness.get("/healthz").status == 200)
        }
    }
}
