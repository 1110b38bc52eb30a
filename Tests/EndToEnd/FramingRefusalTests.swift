import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("A request that is refused by its head or its size", .timeLimit(.minutes(5)))
struct FramingRefusalTests {
    @Test("has the documented status, and its connection lives on")
    func keepAlive() async throws {
        let fields = "x-request-id: my-id\r\n"
        let plain = "Origin: http://a\r\nContent-Type: text/plain\r\n"
        let cases: [(request: String, status: Int, code: String?, allow: String?)] = [
            (RawRequest.get("/nowhere", fields), 404, "not_found", nil),
            (RawRequest.post("{}", fields, path: "/v1/chat/completions/"), 404, "not_found", nil),
            (RawRequest.get("/v1/chat/completions", fields), 405, "method_not_allowed", "POST"),
            (RawRequest.post("{}", fields, path: "/healthz"), 405, "method_not_allowed", "GET, HEAD"),
            ("POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\n\(fields)\r\n", 411, "length_required", nil),
            (RawRequest.post(String(repeating: " ", count: 2049), fields), 413, "request_too_large", nil),
            (RawRequest.post(Self.chunked(3_000), chunked: fields), 413, "request_too_large", nil),
            (RawRequest.post("{}", fields + plain), 415, "unsupported_media_type", nil),
            (RawRequest.post("{}", fields + "Origin: null\r\n"), 415, "unsupported_media_type", nil),
            (RawRequest.post("{}", fields), 400, nil, nil),
        ]
        try await Harness.run(["MAX_BODY_BYTES": "2k"]) { harness in
            // All of them on one connection.
            let connection = try harness.connect()
            for example in cases {
                try connection.send(example.request)
                let response = try RawResponse(from: connection)
                let line = example.request.prefix { $0 != "\r\n" }
                #expect(response.status == example.status, "\(line)")
                #expect(try ErrorEnvelope(response.body).code == example.code)
                #expect(response.fields["allow"] == example.allow)
                #expect(response.fields["x-request-id"] == "my-id", "\(line)")
            }
            try connection.send(RawRequest.get("/healthz"))
            #expect(try RawResponse(from: connection).body == #"{"status":"ok","scope":"gateway"}"#)
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("for its announced size is answered before that comes, and closed")
    func announced() async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000\r\n\r\n{")
            let response = try RawResponse(from: connection)
            #expect(response.status == 413 && response.fields["connection"] == "close")
            #expect(try connection.receive().isEmpty)
        }
    }

    @Test("for an endless chunked body ends without being read for ever")
    func endless() async throws {
        try await Harness.run(["MAX_BODY_BYTES": "2k"]) { harness in
            let connection = try harness.connect()
            try connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1000\r\n" + String(repeating: " ", count: 4096) + "\r\n"
            // Far more than is read and dropped: sending comes to fail once the connection is closed.
            #expect(throws: RawConnection.Failure.self) {
                for _ in 0..<100_000 { try connection.send(chunk) }
            }
        }
    }

    @Test(
        "is one whose body's length is not certain",
        arguments: [
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 2\r\nContent-Length: 3\r\n",
            "Transfer-Encoding: gzip\r\n",
        ])
    func ambiguous(fields: String) async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send("POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\n\(fields)\r\n{}")
            let text = try connection.receiveToEnd()
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            #expect(text.ranges(of: "HTTP/1.1").count == 1)
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test(
        "is not one that says what its body is, or that no page has sent",
        arguments: [
            "Origin: http://a\r\nContent-Type: application/json\r\n",
            "Origin: http://a\r\nContent-Type: Application/JSON ; charset=utf-8\r\n", "Content-Type: text/plain\r\n",
            "",
        ])
    func mediaType(fields: String) async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send(RawRequest.post(Harness.body(model: "mock-tags"), fields))
            #expect(try connection.receive(until: "event: output.done").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("for want of a connection is closed, and the others go on")
    func connections() async throws {
        try await Harness.run(["MAX_CONNECTIONS": "2"]) { harness in
            func isServed(_ connection: RawConnection) -> Bool {
                (try? connection.send(RawRequest.get("/healthz"))) != nil
                    && (try? RawResponse(from: connection))?.status == 200
            }
            let first = try harness.connect()
            let second = try harness.connect()
            #expect(isServed(first) && isServed(second))
            let third = try harness.connect()
            try? third.send(RawRequest.get("/healthz"))
            #expect(try third.receive().isEmpty)
            #expect(isServed(first) && isServed(second))
            first.close()
            // The gateway learns of the end in its own time.
            try await eventually {
                guard let next = try? harness.connect() else { return false }
                try? next.send(RawRequest.get("/healthz"))
                return (try? next.receive())?.isEmpty == false
            }
        }
    }

    private static func chunked(_ count: Int) -> String {
        "\(String(count, radix: 16))\r\n\(String(repeating: " ", count: count))\r\n0\r\n\r\n"
    }
}

extension RawRequest {
    /// - Parameter body: its chunks, as they are.
    fileprivate static func post(_ body: String, chunked fields: String) -> String {
        "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\(fields)\r\n\(body)"
    }
}
