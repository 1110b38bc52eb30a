import Pipeline
import Testing

@testable import Gateway

@Suite("A path")
struct RouteTests {
    static let cases: [(String, Route?)] = [
        ("/v1/chat/completions", .completions(nil)), ("/openai/v1/chat/completions", .completions(.openai)),
        ("/events/v1/chat/completions", .completions(.events)),
        ("/unified/v1/chat/completions", .completions(.unified)), ("/v1/models", .models),
        ("/openai/v1/models", .models), ("/v1/models/a", .model("a")),
        ("/events/v1/models/meta/llama%203%2F1", .model("meta/llama 3/1")), ("/v1/models/%zz%4", .model("%zz%4")),
        ("/v1/models/", nil), ("/v1/chat/completions/", nil), ("/openai/chat/completions", nil),
        ("/openai/openai/v1/models", nil), ("/OpenAI/v1/models", nil), ("/openai/healthz", nil),
        ("/healthz", .liveness), ("/readyz", .readiness), ("/upstream-health", .upstreamHealth), ("/", nil), ("", nil),
    ]

    @Test("stands for one thing", arguments: cases)
    func route(_ path: String, _ route: Route?) {
        #expect(Route(path: path) == route)
    }
}

@Suite("A list of models")
struct ModelListTests {
    private func list(_ json: String, _ allowed: [String] = []) -> String? {
        ModelList(upstream: Array(json.utf8).span, allowed: ModelAllowlist(allowed))
            .map { String(decoding: $0.json, as: UTF8.self) }
    }

    private let upstream = #"{"object":"list", "data":[{"id":"a","max_model_len":4096 },{"id":"b\n"},{"x":1},5],"n":1}"#

    @Test("keeps what the upstream says of each model, byte for byte")
    func all() {
        #expect(list(upstream) == #"{"object":"list","data":[{"id":"a","max_model_len":4096 },{"id":"b\n"}]}"#)
    }

    @Test("leaves out what is not allowed")
    func allowed() {
        #expect(list(upstream, ["a*"]) == #"{"object":"list","data":[{"id":"a","max_model_len":4096 }]}"#)
    }

    @Test("is not read from what is none", arguments: ["", "[]", "{}", #"{"data":{}}"#, #"{"data":[]"#, "<html>"])
    func noList(_ json: String) {
        #expect(list(json) == nil)
    }
}
