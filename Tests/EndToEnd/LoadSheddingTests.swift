import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("Completions over the limit", .timeLimit(.minutes(3)))
struct LoadSheddingTests {
    private static func post(_ model: String, key: String? = nil) -> String {
        RawRequest.post(Harness.body(model: model), key.map { "Authorization: Bearer \($0)\r\n" } ?? "")
    }

    private static func expectRefusal(_ response: RawResponse, of key: Bool = false) throws {
        #expect(response.status == 429 && response.fields["retry-after"] == "1")
        let error = try ErrorEnvelope(response.body)
        #expect(error.code == "rate_limit_exceeded" && error.type == "rate_limit_error")
        #expect(error.message.contains("for this key") == key)
    }

    @Test("are refused by the hundred, while the open streams go on undisturbed")
    func hundreds() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "3", "PROMPT_SUMMARY": "off"]) { harness in
            let streams = try (0..<3).map { _ in
                let stream = try harness.connect()
                try stream.send(Self.post("mock-endless:interval=50"))
                return stream
            }
            for stream in streams { _ = try stream.receive(until: "event: output.delta") }
            for _ in 0..<10 {
                let connection = try harness.connect()
                for _ in 0..<30 {
                    try connection.send(Self.post("mock-tags"))
                    try Self.expectRefusal(RawResponse(from: connection))
                }
            }
            #expect(!harness.mock.recorder.requests.contains { $0.model == "mock-tags" })
            // Deltas of more than a hundred bytes each: more of them come than had been sent by now.
            let sent = harness.mock.recorder.sentBytes / 100
            for stream in streams {
                var text = ""
                while text.ranges(of: "event: output.delta").count <= sent {
                    let bytes = try stream.receive()
                    try #require(!bytes.isEmpty)
                    text += String(decoding: bytes, as: UTF8.self)
                }
                #expect(!text.contains("event: error"))
                stream.close()
            }
            try await eventually { harness.openCompletions == 0 }
            #expect(try await harness.post(Harness.body(model: "mock-tags")).status == 200)
        }
    }

    @Test("are refused by their heads, and a large body is not waited for")
    func byTheHead() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "1"]) { harness in
            let stream = try harness.connect()
            try stream.send(Self.post("mock-endless:interval=5"))
            _ = try stream.receive(until: "event: output.delta")
            let connection = try harness.connect()
            try connection.send("POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n{")
            let response = try RawResponse(from: connection)
            try Self.expectRefusal(response)
            #expect(response.fields["connection"] == "close")
            // What costs nothing is not refused.
            let other = try harness.connect()
            try other.send(RawRequest.get("/healthz"))
            #expect(try RawResponse(from: other).status == 200)
        }
    }

    @Test("are those that came while another took the last place, too")
    func afterTheHead() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "1", "WORKERS": "1"]) { harness in
            let late = try harness.connect()
            let request = Self.post("mock-tags")
            try late.send(String(request.dropLast()))
            let stream = try harness.connect()
            try stream.send(Self.post("mock-endless:interval=5"))
            _ = try stream.receive(until: "event: output.delta")
            try late.send(String(request.suffix(1)))
            try Self.expectRefusal(RawResponse(from: late))
        }
    }

    @Test("of one bearer token are refused, and others are not", arguments: [nil, "key-a,key-b"])
    func perKey(keys: String?) async throws {
        var environment = ["MAX_CONCURRENT_PER_KEY": "1"]
        environment["GATEWAY_API_KEYS"] = keys
        try await Harness.run(environment) { harness in
            let stream = try harness.connect()
            try stream.send(Self.post("mock-endless:interval=5", key: "key-a"))
            _ = try stream.receive(until: "event: output.delta")
            let connection = try harness.connect()
            for _ in 0..<50 {
                try connection.send(Self.post("mock-tags", key: "key-a"))
                try Self.expectRefusal(RawResponse(from: connection), of: true)
            }
            for key in keys == nil ? ["key-b", nil, nil] : ["key-b"] {
                let other = try harness.connect()
                try other.send(Self.post("mock-tags", key: key))
                #expect(try other.receive(until: "event: output.done").contains("event: output.done"))
            }
            stream.close()
            try await eventually { harness.openCompletions == 0 }
            // The place is given back a little after the completion has ended.
            try await eventually {
                let again = try harness.connect()
                try again.send(Self.post("mock-tags", key: "key-a"))
                return try again.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 ")
            }
        }
    }

    @Test("are counted right when bodies are wrong, and clients go in the middle of them")
    func counts() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "2", "MAX_CONCURRENT_PER_KEY": "2"]) { harness in
            for _ in 0..<20 {
                let wrong = try harness.connect()
                try wrong.send(RawRequest.post("{", "Authorization: Bearer a\r\n"))
                #expect(try RawResponse(from: wrong).status == 400)
                let half = try harness.connect()
                try half.send(String(Self.post("mock-tags", key: "a").dropLast(5)))
                half.close()
                let gone = try harness.connect()
                try gone.send(Self.post("mock-endless:interval=5", key: "a"))
                _ = try gone.receive(until: "event: output.delta")
                gone.reset()
                try await eventually { harness.openCompletions == 0 }
            }
            let answer = try await harness.post(
                Harness.body(model: "mock-tags"), headerFields: [.authorization: "Bearer a"])
            #expect(answer.status == 200)
        }
    }
}
