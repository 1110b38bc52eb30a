import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("The header that the upstream receives", .timeLimit(.minutes(5)))
struct RequestHeaderTests {
    private static let requestID = HTTPField.Name("x-request-id") ?? .userAgent

    /// All calls of one request: the answer's and the two summaries'.
    private func calls(
        _ environment: [String: String] = [:], _ fields: HTTPFields
    ) async throws -> (requests: [MockRequest], answer: TestClient.Answer) {
        try await Harness.run(environment) { harness in
            let answer = try await harness.post(Harness.body(model: "mock-tags"), headerFields: fields)
            #expect(answer.status == 200)
            let requests = harness.mock.recorder.requests
            #expect(requests.count == 3)
            return (requests, answer)
        }
    }

    @Test("has the client's own key while the gateway has none")
    func passedOn() async throws {
        let (requests, _) = try await calls([.authorization: "Bearer clients"])
        #expect(requests.allSatisfy { $0.headerFields[values: .authorization] == ["Bearer clients"] })
    }

    @Test("has no key where there is none")
    func noKey() async throws {
        let (requests, _) = try await calls([:])
        #expect(requests.allSatisfy { $0.headerFields[.authorization] == nil })
    }

    @Test("has the gateway's key in place of the client's, which goes nowhere")
    func replaced() async throws {
        let (requests, _) = try await calls(
            ["UPSTREAM_API_KEY": "ours"], [.authorization: "Bearer clients", .init("X-Api-Key")!: "clients"])
        for request in requests {
            #expect(request.headerFields[values: .authorization] == ["Bearer ours"])
            #expect(!request.headerFields.contains { $0.value.contains("clients") })
        }
    }

    @Test("has nothing else of the client's")
    func nothingElse() async throws {
        let (requests, _) = try await calls([
            .cookie: "clients=1", .userAgent: "clients", .init("X-Forwarded-For")!: "clients",
            .init("X-Mock-Script")!: "clients", .referer: "clients",
        ])
        #expect(requests.allSatisfy { request in !request.headerFields.contains { $0.value.contains("clients") } })
        #expect(requests.allSatisfy { $0.headerFields[.contentType] == "application/json" })
    }

    @Test("has UPSTREAM_EXTRA_HEADERS, which win", arguments: ["|", "\n", " | "])
    func extra(separator: String) async throws {
        let fields = ["X-Team: a b", "X-Colon: http://h:1/", "Authorization: Basic eDp5"]
        let environment = [
            "UPSTREAM_EXTRA_HEADERS": fields.joined(separator: separator), "UPSTREAM_API_KEY": "ours",
        ]
        let (requests, _) = try await calls(environment, [:])
        for request in requests {
            #expect(request.headerFields[.init("X-Team")!] == "a b")
            #expect(request.headerFields[.init("X-Colon")!] == "http://h:1/")
            #expect(request.headerFields[values: .authorization] == ["Basic eDp5"])
        }
    }

    @Test("has the client's name for the request where it is harmless", arguments: ["a", "A-b_c.9"])
    func ownID(id: String) async throws {
        let (requests, answer) = try await calls([Self.requestID: id])
        #expect(requests.allSatisfy { $0.headerFields[values: Self.requestID] == [id] })
        #expect(answer.headerFields[values: Self.requestID] == [id])
    }

    @Test(
        "has a name of the gateway's else, the same everywhere",
        arguments: [nil, "a b", "a\"b", "ü", "a;b", String(repeating: "a", count: 65)])
    func chosenID(id: String?) async throws {
        let (requests, answer) = try await calls(id.map { [Self.requestID: $0] } ?? [:])
        let chosen = try #require(answer.headerFields[Self.requestID])
        #expect(chosen != id && chosen.wholeMatch(of: /req_[0-9a-f]{32}/) != nil)
        #expect(requests.allSatisfy { $0.headerFields[values: Self.requestID] == [chosen] })
        #expect(try ClientEvent.decode(answer.body).allSatisfy { $0.data["request_id"] as? String == chosen })
    }

    private func calls(_ fields: HTTPFields) async throws -> (requests: [MockRequest], answer: TestClient.Answer) {
        try await calls([:], fields)
    }
}
