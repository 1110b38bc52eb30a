import Foundation
import HTTPTypes
import MockUpstream
import Outbound
import TestSupport
import Testing

@Suite("A gateway with keys of its own", .timeLimit(.minutes(3)))
struct APIKeyTests {
    private static let keys = ["GATEWAY_API_KEYS": "first-key-1,second-key-2", "HEADER_TIMEOUT": "300"]

    private static func post(_ fields: String) -> String {
        RawRequest.post(Harness.body(model: "mock-tags"), fields)
    }

    @Test("refuses whoever does not send one, and calls nobody")
    func refuses() async throws {
        let wrong = [
            "", "Authorization: Bearer wrong-key-3\r\n", "Authorization: Bearer first-key-\r\n",
            "Authorization: Bearer first-key-12\r\n", "Authorization: Bearer FIRST-KEY-1\r\n",
            "Authorization: Basic first-key-1\r\n", "Authorization: first-key-1\r\n", "Authorization: Bearer \r\n",
            "Authorization: Bearer first-key-1,second-key-2\r\n", "X-Api-Key: first-key-1\r\n",
            "Authorization: Bearer first-key-1\r\nAuthorization: Bearer first-key-1\r\n",
            "Authorization: Bearer \(String(repeating: "x", count: 7_000))\r\n",
        ]
        try await Harness.run(Self.keys) { harness in
            let connection = try harness.connect()
            for fields in wrong {
                try connection.send(Self.post(fields + "x-request-id: my-id\r\n"))
                let response = try RawResponse(from: connection)
                #expect(response.status == 401, "\(fields)")
                #expect(response.fields["www-authenticate"] == "Bearer")
                #expect(response.fields["x-request-id"] == "my-id")
                let error = try ErrorEnvelope(response.body)
                #expect(error.code == "invalid_api_key" && error.type == "invalid_request_error")
                #expect(!response.body.contains("key-"))
            }
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("refuses so on every path but the two that watch over it", arguments: ["", "?key=first-key-1"])
    func paths(query: String) async throws {
        try await Harness.run(Self.keys) { harness in
            let connection = try harness.connect()
            for path in [
                "/v1/models", "/openai/v1/models", "/v1/models/mock-tags", "/upstream-health", "/metrics", "/",
                "/nowhere",
                "/v1/chat/completions", "/healthz/", "/Healthz", "//healthz",
            ] {
                try connection.send(RawRequest.get(path + query))
                #expect(try RawResponse(from: connection).status == 401, "\(path)")
            }
            for path in ["/healthz", "/readyz"] {
                try connection.send(RawRequest.get(path + query))
                #expect(try RawResponse(from: connection).status == 200, "\(path)")
            }
            for prefix in ["/openai", "/events", "/unified"] {
                try connection.send(RawRequest.post("{}", path: prefix + "/v1/chat/completions"))
                #expect(try RawResponse(from: connection).status == 401, "\(prefix)")
            }
        }
    }

    @Test("lets each of its keys in, however the scheme is written")
    func accepts() async throws {
        try await Harness.run(Self.keys) { harness in
            for value in ["Bearer first-key-1", "bearer second-key-2", "BEARER   first-key-1 "] {
                for path in ["/v1/models", "/upstream-health"] {
                    let connection = try harness.connect()
                    try connection.send(RawRequest.get(path, "Authorization: \(value)\r\n"))
                    #expect(try RawResponse(from: connection).status == 200)
                }
                let connection = try harness.connect()
                try connection.send(Self.post("Authorization: \(value)\r\n"))
                #expect(try connection.receive(until: "event: output.done").hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test(
        "refuses before a body comes", arguments: ["Content-Length: 1000000000\r\n", "Transfer-Encoding: chunked\r\n"])
    func beforeTheBody(fields: String) async throws {
        try await Harness.run(Self.keys) { harness in
            let connection = try harness.connect()
            try connection.send("POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
            let response = try RawResponse(from: connection)
            #expect(response.status == 401 && response.fields["connection"] == "close")
            #expect(try connection.receive().isEmpty)
        }
    }

    @Test("sends no upstream what its clients send", arguments: [nil, "upstream-key"])
    func upstream(key: String?) async throws {
        var environment = Self.keys
        environment["UPSTREAM_API_KEY"] = key
        try await Harness.run(environment) { harness in
            let answer = try await harness.post(
                Harness.body(model: "mock-tags"), headerFields: [.authorization: "Bearer first-key-1"])
            #expect(answer.status == 200)
            let requests = harness.mock.recorder.requests
            #expect(requests.count == 3)
            for request in requests {
                #expect(request.headerFields[values: .authorization] == key.map { ["Bearer \($0)"] } ?? [])
                #expect(!request.headerFields.contains { $0.value.contains("first-key") })
            }
        }
    }

    @Test("sends it none for the list of models either, which another gateway as its upstream shows")
    func models() async throws {
        let bearer: HTTPFields = [.authorization: "Bearer first-key-1"]
        try await Harness.run(Self.keys) { inner in
            for (key, status) in [(nil, 401), ("second-key-2", 200)] as [(String?, Int)] {
                var environment = Self.keys
                environment["UPSTREAM_BASE_URL"] = inner.url + "/v1"
                environment["UPSTREAM_API_KEY"] = key
                try await Harness.run(environment) { outer in
                    let answer = try await outer.client.send(
                        UpstreamRequest(method: .get, url: outer.url + "/v1/models", headerFields: bearer))
                    #expect(answer.status == status)
                    #expect(answer.text.contains("You didn't provide an API key") == (status == 401))
                }
            }
        }
    }

    @Test("shows no key in its log or in an error, not even one that the upstream quotes", arguments: [false, true])
    func hidden(logsContent: Bool) async throws {
        let environment = [
            "GATEWAY_API_KEYS": "first-key-1,second-key-2", "UPSTREAM_API_KEY": "upstream-key-3",
            "UPSTREAM_EXTRA_HEADERS": "X-Team: Bearer extra-key-4", "SUMMARY_API_KEY": "summary-key-5",
            "LOG_CONTENT": "\(logsContent)", "UPSTREAM_MAX_RETRIES": "1",
        ]
        let quoting = MockScript.refusal(
            401, "wrong: upstream-key-3, extra-key-4, summary-key-5", code: "upstream-key-3")
        let inStream = MockScript([
            .event(#"{"error":{"message":"no upstream-key-3","type":"extra-key-4","code":"summary-key-5"}}"#)
        ])
        try await Harness.run(
            environment,
            script: { request in
                switch request.model {
                case "quoting": quoting
                case "in-stream" where request.isStreamed: inStream
                default: nil
                }
            }
        ) { harness in
            for model in ["quoting", "in-stream", "mock-503", "mock-cut", "mock-tags"] {
                for key in ["first-key-1", "second-key-2", "wrong-key-6"] {
                    for format in ["unified", "openai", "events"] {
                        let answer = try await harness.post(
                            Harness.body(model: model), path: "/\(format)/v1/chat/completions",
                            headerFields: [.authorization: "Bearer \(key)"])
                        #expect(!answer.text.contains("-key-"), "\(model) \(answer.text)")
                        #expect(
                            answer.text.contains("<redacted>")
                                == (["quoting", "in-stream"].contains(model) && key != "wrong-key-6"),
                            "\(model) \(key) \(format) \(answer.text)")
                        #expect(!answer.headerFields.contains { $0.value.contains("-key-") })
                    }
                }
            }
            let lines = harness.logs.lines
            #expect(lines.count >= 30)
            #expect(!lines.contains { "\($0.message) \($0.metadata)".contains("-key-") })
        }
    }
}
