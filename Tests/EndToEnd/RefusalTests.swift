import Foundation
import Gateway
import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("Errors before the first byte")
struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let body: String
        var fields: HTTPFields = [:]
        var status = 400
        var code: String?
        var param: String?
        var words = ""
        var testDescription: String { name }
    }

    static let messages = #""messages":[{"role":"user","content":"x"}]"#

    static let cases = [
        Case(name: "bad JSON", body: #"{"model":"m","#, words: "byte 13"),
        Case(name: "no object", body: "[]"),
        Case(name: "nothing", body: " "),
        Case(name: "no model", body: #"{"stream":true,\#(messages)}"#, param: "model"),
        Case(name: "a model that is no text", body: #"{"model":1,"stream":true,\#(messages)}"#, param: "model"),
        Case(name: "no messages", body: #"{"model":"m","stream":true}"#, param: "messages"),
        Case(name: "empty messages", body: #"{"model":"m","stream":true,"messages":[]}"#, param: "messages"),
        Case(
            name: "two models", body: #"{"model":"m","model":"n","stream":true,\#(messages)}"#, param: "model",
            words: "model"),
        Case(
            name: "two answers", body: #"{"model":"m","stream":true,"n":2,\#(messages)}"#,
            code: "unsupported_parameter", param: "n"),
        Case(
            name: "no stream", body: #"{"model":"m",\#(messages)}"#, code: "unsupported_parameter", param: "stream"),
        Case(
            name: "stream off", body: #"{"model":"m","stream":false,\#(messages)}"#, code: "unsupported_parameter",
            param: "stream"),
        Case(
            name: "a model that is not allowed", body: #"{"model":"secret","stream":true,\#(messages)}"#,
            code: "model_not_allowed", param: "model", words: "Model not allowed"),
        Case(
            name: "a summary model that is not allowed",
            body: #"{"model":"m","summary_model":"secret","stream":true,\#(messages)}"#, code: "model_not_allowed",
            param: "summary_model", words: "Model not allowed"),
        Case(
            name: "an unknown format", body: #"{"model":"m","stream_format":"xml","stream":true,\#(messages)}"#,
            param: "stream_format"),
        Case(
            name: "a form from another origin", body: #"{"model":"m","stream":true,\#(messages)}"#,
            fields: [.origin: "https://example.org", .contentType: "text/plain"], status: 415,
            code: "unsupported_media_type"),
        Case(
            name: "too much", body: #"{"model":"m","x":"\#(String(repeating: "x", count: 200_000))"}"#, status: 413,
            code: "request_too_large"),
    ]

    @Test("have OpenAI's envelope, and call no upstream", arguments: cases)
    func envelope(_ example: Case) async throws {
        let environment = ["ALLOW_MODELS": "m,mock-*", "ALLOW_SUMMARY_MODELS": "s", "MAX_BODY_BYTES": "100k"]
        try await Harness.run(environment) { harness in
            let answer = try await harness.post(example.body, headerFields: example.fields)
            #expect(answer.status == example.status)
            #expect(answer.headerFields[.contentType] == "application/json")
            let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            let error = try #require(object["error"] as? [String: Any])
            let message = try #require(error["message"] as? String)
            #expect(object["detail"] as? String == message)
            #expect(example.words.isEmpty || message.contains(example.words))
            #expect(error["type"] as? String == "invalid_request_error")
            if let code = example.code { #expect(error["code"] as? String == code) }
            if let param = example.param { #expect(error["param"] as? String == param) }
            #expect(error.keys.sorted() == ["code", "message", "param", "type"])
            #expect(harness.mock.recorder.requests.isEmpty)
            // The connection, or a new one, serves the next request as if nothing had been.
            #expect(try await harness.events(model: "mock-tags").answer == CompletionTests.answer)
        }
    }

    @Test(
        "tell of paths and methods",
        arguments: [
            ("GET", "/v1/chat/completions", 405, "POST"), ("DELETE", "/healthz", 405, "GET, HEAD"),
            ("GET", "/nothing", 404, nil), ("POST", "/", 404, nil),
        ] as [(String, String, Int, String?)])
    func routes(method: String, path: String, status: Int, allow: String?) async throws {
        try await Harness.run { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(
                "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nxx")
            let text = try connection.receiveToEnd()
            #expect(text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(text.contains("\"error\":{\"message\":"))
            if let allow { #expect(text.contains("Allow: \(allow)\r\n")) }
        }
    }

    @Test(
        "refuse a body whose length is ambiguous, or not told",
        arguments: [
            ("Content-Length: 2\r\nContent-Length: 3\r\n", 400),
            ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400),
            ("Transfer-Encoding: gzip, chunked\r\n", 400), ("Content-Length: -1\r\n", 400), ("", 411),
        ])
    func framing(fields: String, status: Int) async throws {
        try await Harness.run { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\(fields)Connection: close\r\n\r\n{}")
            #expect(try connection.receiveToEnd().hasPrefix("HTTP/1.1 \(status) "))
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("accept a chunked body, and refuse one that grows too large")
    func chunked() async throws {
        try await Harness.run(["MAX_BODY_BYTES": "10k"]) { harness in
            let body = Harness.body(model: "mock-tags")
            let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(head)
            for character in body { try connection.send("1\r\n\(character)\r\n") }
            try connection.send("0\r\n\r\n")
            #expect(try connection.receive(until: "0\r\n\r\n").contains("\"status\":\"completed\""))
            // The same connection again.
            let large = String(repeating: " ", count: 11 << 10)
            try connection.send(head + String(large.utf8.count, radix: 16) + "\r\n" + large + "\r\n0\r\n\r\n")
            #expect(try connection.receive(until: "larger than").hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("come at once over the limit of completions, while open streams go on")
    func tooMany() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "1"]) { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.post(Harness.body(model: "mock-endless:interval=5")))
            await harness.mock.recorder.waitForOpenStreams(1)
            let refused = try await harness.post(Harness.body(model: "mock-tags"))
            #expect(refused.status == 429 && refused.headerFields[.retryAfter] == "1")
            _ = try connection.receive(until: "event: output.delta")
            connection.close()
            await harness.mock.recorder.waitForOpenRequests(0)
            while harness.gateway.openCompletions > 0 { await Task.yield() }
            #expect(try await harness.events(model: "mock-tags").last?.name == "output.done")
        }
    }

    @Test("end connections over their limit at once")
    func tooManyConnections() async throws {
        try await Harness.run(["MAX_CONNECTIONS": "2", "WORKERS": "1"]) { harness in
            let first = try RawConnection(port: harness.gateway.port)
            let second = try RawConnection(port: harness.gateway.port)
            for connection in [first, second] {
                try connection.send(RawRequest.get("/healthz"))
                #expect(try connection.receive(until: "gateway\"}").hasPrefix("HTTP/1.1 200"))
            }
            let third = try RawConnection(port: harness.gateway.port)
            #expect(try third.receiveToEnd().isEmpty)
            try first.send(RawRequest.get("/healthz"))
            #expect(try first.receive(until: "gateway\"}").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("end a connection that drips its head, however steadily")
    func slowHead() async throws {
        try await Harness.run(["HEADER_TIMEOUT": "0.3"]) { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            var sent = 0
            // Each byte comes well within the limit; all of them together do not.
            while sent < 100_000, (try? connection.send("x")) != nil {
                sent += 1
                await Task.yield()
            }
            #expect(sent < 100_000 || (try? connection.receiveToEnd()) != nil)
        }
    }
}
