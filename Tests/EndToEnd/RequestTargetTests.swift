import MockUpstream
import TestSupport
import Testing

@Suite("A request, as HTTP has it", .timeLimit(.minutes(5)))
struct RequestTargetTests {
    private static let path = "/v1/chat/completions"

    @Test(
        "may name its target in any form that means the same",
        arguments: [path, path + "?api-version=1&x=%00", "http://test\(path)", "HTTPS://user@[::1]:8000\(path)?a=/b"])
    func target(target: String) async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send(RawRequest.post(Harness.body(model: "mock-tags"), path: target))
            #expect(try connection.receive(until: "event: output.done").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(
        "for another path is not taken for this one",
        arguments: [
            "/v1%2Fchat/completions", "/v1/chat/completions%00", "/v1/chat/completions%00.png",
            "/v1/chat/completion%73",
            "//v1/chat/completions", "/v1/./chat/completions", "/V1/chat/completions", "http://test", "/",
        ])
    func otherPath(target: String) async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            try connection.send(RawRequest.post(Harness.body(model: "mock-tags"), path: target))
            let response = try RawResponse(from: connection)
            #expect(response.status == 404)
            #expect(try ErrorEnvelope(response.body).code == "not_found")
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("may be followed by others before it is answered; the answers come in order")
    func pipelined() async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            let stream = RawRequest.post(Harness.body(model: "mock-tags"))
            let last = RawRequest.get("/readyz", "Connection: close\r\n")
            try connection.send(RawRequest.get("/healthz") + stream + stream + last)
            let text = try connection.receiveToEnd()
            #expect(text.ranges(of: "HTTP/1.1 200 ").count == 4)
            #expect(text.ranges(of: "event: output.done").count == 2)
            let alive = try #require(text.firstRange(of: #""scope":"gateway""#))
            let done = try #require(text.firstRange(of: "event: output.done"))
            let ready = try #require(text.firstRange(of: #"{"status":"ready"}"#))
            #expect(alive.upperBound < done.lowerBound && done.upperBound < ready.lowerBound)
        }
    }

    @Test("of HTTP/1.0 gets its stream without chunks, ended by the connection's end")
    func oldVersion() async throws {
        try await Harness.run { harness in
            let connection = try harness.connect()
            let request = RawRequest.post(Harness.body(model: "mock-tags"))
            try connection.send(request.replacing("HTTP/1.1", with: "HTTP/1.0"))
            let text = try connection.receiveToEnd()
            let end = try #require(text.firstRange(of: "\r\n\r\n"))
            #expect(!text[..<end.lowerBound].lowercased().contains("transfer-encoding"))
            let events = try ClientEvent.decode(Array(text[end.upperBound...].utf8))
            #expect(events.answer == CompletionTests.answer && events.last?.name == "output.done")
        }
    }

    @Test("that waits to be told to go on is told, or refused at once")
    func expectation() async throws {
        try await Harness.run { harness in
            let body = Harness.body(model: "mock-tags")
            func head(_ length: Int) -> String {
                "POST \(Self.path) HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: \(length)\r\n\r\n"
            }
            let accepted = try harness.connect()
            try accepted.send(head(body.utf8.count))
            #expect(try accepted.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try accepted.send(body)
            #expect(try accepted.receive(until: "event: output.done").hasPrefix("HTTP/1.1 200 "))
            let refused = try harness.connect()
            try refused.send(head(1 << 40))
            #expect(try RawResponse(from: refused).status == 413)
        }
    }
}
