import Outbound
import Testing

@testable import Commands

@Suite("A hint")
struct ChatHintTests {
    static func plan(
        url: String = "http://localhost:8000",
        model: String? = nil,
        endpoint: String? = nil,
        key: String? = nil
    ) throws -> ChatPlan {
        try ChatPlan(
            ChatPlan.Options(url: url, model: model, endpointID: endpoint),
            environment: ClientEnvironment(key.map { [.gatewayAPIKey: $0] } ?? [:])
        )
    }

    static let faults: [(String, String)] = [
        ("upstream answered 404: model not found", "pick another with --model"),
        ("The model `x` does not exist", "pick another with --model"),
        ("HTTP 404", "pick another with --model"),
        ("endpoint is TERMINATED (404)", "must be redeployed|redeploy it"),
        ("HTTP 401: invalid token", "UPSTREAM_API_KEY"),
        ("403 Forbidden", "UPSTREAM_API_KEY"),
        ("endpoint is sleeping", "--wake"),
        ("HTTP 429", "limits requests"),
        ("shutting_down", "was stopped"),
        ("Failed to connect to localhost port 8001", "UPSTREAM_BASE_URL"),
        ("Could not resolve host: upstream", "UPSTREAM_BASE_URL"),
        ("upstream timeout", "REQUEST_TIMEOUT"),
    ]

    @Test("for a fatal error goes by the upstream's words", arguments: faults)
    func fatal(_ detail: String, _ expected: String) throws {
        let fault = StreamFault(stage: "upstream_stream", message: "upstream failed", detail: detail, isFatal: true)
        let hint = try #require(ChatHint.fatal(fault, plan: try Self.plan()))
        #expect(expected.split(separator: "|").contains { hint.contains($0) }, "\(hint)")
    }

    @Test("is not made up", arguments: ["", "received 14042 characters of answer", "grammar 4291"])
    func none(_ detail: String) throws {
        let fault = StreamFault(stage: "upstream_stream", message: "cut", detail: detail, isFatal: true)
        #expect(ChatHint.fatal(fault, plan: try Self.plan()) == nil)
    }

    @Test("for an unknown model tells a Serverless model from an endpoint")
    func unknownModel() throws {
        let fault = StreamFault(stage: "upstream_stream", message: "m", detail: "not found", isFatal: true)
        let serverless = try #require(ChatHint.fatal(fault, plan: try Self.plan(model: "m1")))
        #expect(serverless.contains("m1") && serverless.contains("http://localhost:8000/v1/models"))
        let dedicated = try #require(ChatHint.fatal(fault, plan: try Self.plan(endpoint: "ep1")))
        #expect(dedicated.contains("FRIENDLI_ENDPOINT_ID") && dedicated.contains("redeployed"))
    }

    static let refusals: [(Int, String, String?, String?)] = [
        (401, "{}", nil, "set GATEWAY_API_KEY"),
        (401, "{}", "k", "does not accept the key in GATEWAY_API_KEY"),
        (403, "{}", nil, "set GATEWAY_API_KEY"),
        (400, #"{"error":{"message":"x","code":"model_not_allowed"}}"#, nil, "ALLOW_MODELS"),
        (400, #"{"detail":"Model not allowed"}"#, nil, "ALLOW_MODELS"),
        (400, "{}", nil, nil),
        (404, "", nil, "/v1/chat/completions"),
        (405, "", nil, "/v1/chat/completions"),
        (302, "", nil, "final address"),
        (413, "", nil, "MAX_BODY_BYTES"),
        (429, "", nil, "try again"),
        (503, "", nil, "try again"),
        (500, "", nil, "log"),
        (502, "", nil, "log"),
    ]

    @Test("for a refusal goes by its status", arguments: refusals)
    func refused(_ status: Int, _ body: String, _ key: String?, _ expected: String?) throws {
        let hint = ChatHint.refusal(
            status: status,
            body: ErrorBody(Array(body.utf8)),
            plan: try Self.plan(key: key)
        )
        guard let expected else {
            #expect(hint == nil)
            return
        }
        #expect(hint?.contains(expected) == true, "\(hint ?? "none")")
    }

    static let unreachable: [(UpstreamFailure.Kind, String, String)] = [
        (.connect, "http://localhost:8000", "make run-gateway"),
        (.connect, "http://[::1]:8000", "make run-gateway"),
        (.connect, "https://gw.example", "gw.example"),
        (.connectTimeout, "https://gw.example", "gw.example"),
        (.headSilence, "http://localhost:8000", "log"),
        (.malformed, "http://localhost:8000", "not an HTTP server"),
    ]

    @Test("for a gateway that is not there tells how to start or to find it", arguments: unreachable)
    func noGateway(_ kind: UpstreamFailure.Kind, _ url: String, _ expected: String) throws {
        let hint = ChatHint.unreachable(UpstreamFailure(kind: kind, detail: ""), plan: try Self.plan(url: url))
        #expect(hint.contains(expected), "\(hint)")
    }

    static let bodies: [(String, String?, String?)] = [
        (#"{"error":{"message":"m","type":"t","code":"c"},"detail":"d"}"#, "m", "c"),
        (#"{"error":{"message":null,"code":null},"detail":"d"}"#, "d", nil),
        (#"{"error":"e"}"#, "e", nil),
        (#"{"message":"m\n n","code":"c"}"#, "m n", "c"),
        (#"{"detail":"d"}"#, "d", nil),
        (#"{"detail":[{"msg":"x"}]}"#, nil, nil),
        ("plain  text\n", "plain text", nil),
        ("<html>", nil, nil),
        ("", nil, nil),
        (#"{"message":"m""#, #"{"message":"m""#, nil),
    ]

    @Test("the body of a refusal is read in every shape", arguments: bodies)
    func errorBody(_ body: String, _ message: String?, _ code: String?) {
        let read = ErrorBody(Array(body.utf8))
        #expect(read.message == message)
        #expect(read.code == code)
    }

    @Test("a long body is cut")
    func longBody() {
        let read = ErrorBody(Array(String(repeating: "x", count: 10_000).utf8))
        #expect(read.message?.count == ErrorBody.messageLimit + 1)
    }
}
