import Foundation
import HTTPTypes
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("The format of a stream", .timeLimit(.minutes(5)))
struct FormatTests {
    struct Choice: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var path = "/v1/chat/completions"
        var fields: HTTPFields = [:]
        var members = ""
        var environment: [String: String] = [:]
        let format: String

        init(
            _ name: String, _ format: String, path: String = "", _ fields: [String: String] = [:], members: String = "",
            configured: String? = nil
        ) {
            testDescription = name
            self.format = format
            self.path = path + "/v1/chat/completions"
            for (name, value) in fields { if let name = HTTPField.Name(name) { self.fields[name] = value } }
            self.members = members
            if let configured { environment["STREAM_FORMAT"] = configured }
        }
    }

    private static let sdk = ["X-Stainless-Lang": "python", "User-Agent": "OpenAI/Python 2.8.0"]

    static let choices = [
        Choice("is unified where nothing is said", "unified"),
        Choice("is unified for other clients", "unified", ["User-Agent": "python-httpx/0.28", "Accept": "*/*"]),
        Choice("is openai for an SDK by its language field", "openai", ["X-Stainless-Lang": "js"]),
        Choice("is openai for an SDK by its name", "openai", ["User-Agent": "AsyncOpenAI/Python 1.50.0"]),
        Choice("is not openai for a name that only holds it", "unified", ["User-Agent": "My OpenAI/1"]),
        Choice("is what the configuration says, before the SDK", "events", sdk, configured: "events"),
        Choice(
            "is what the field says, before the configuration", "unified", sdk, members: #","stream_format":"unified""#,
            configured: "events"),
        Choice(
            "is what the header says, before the field", "events", ["X-Stream-Format": "events"],
            members: #","stream_format":"openai""#),
        Choice(
            "is what the path says, before the header", "openai", path: "/openai", ["X-Stream-Format": "events"]),
        Choice("is unified under its path", "unified", path: "/unified", sdk),
        Choice("is events under its path", "events", path: "/events", sdk),
    ]

    @Test("is chosen by the first that says something", arguments: choices)
    func choice(_ choice: Choice) async throws {
        try await Harness.run(choice.environment) { harness in
            let answer = try await harness.post(
                Harness.body(model: "mock-tags", choice.members), path: choice.path, headerFields: choice.fields)
            #expect(answer.status == 200)
            #expect(answer.headerFields[.vary] == "X-Stream-Format, X-Stainless-Lang, User-Agent")
            let found =
                !answer.text.contains("event: ")
                ? "openai" : answer.text.contains("chat.completion") ? "unified" : "events"
            #expect(found == choice.format)
            #expect(answer.text.hasSuffix("data: [DONE]\n\n") == (choice.format == "openai"))
            #expect(
                harness.completionRequests.first.map { !$0.headerFields.contains(.init("X-Stream-Format")!) } == true)
        }
    }

    @Test("is told by openai chunks in order, with the same text as unified has")
    func openai() async throws {
        try await Harness.run { harness in
            let unified = try await harness.events(model: "mock-usage")
            let answer = try await harness.post(
                Harness.body(model: "mock-usage", #","stream_options":{"include_usage":true}"#),
                path: "/openai/v1/chat/completions")
            let chunks = try ChunkStream(answer.text)
            #expect(chunks.isDone)
            #expect(
                chunks.events == ["summary.prompt", "summary.reasoning", "output.delta", "output.done", nil]
                    as [String?])
            #expect(chunks.content == unified.answer)
            let summaries = ["summary.prompt", "summary.reasoning"].compactMap { unified.first($0)?.text }
            #expect(chunks.reasoning == summaries.map { $0 + "\n\n" }.joined())
            #expect(chunks.finishReasons == ["stop"])
            #expect((chunks.objects.last?["usage"] as? [String: Int])?["total_tokens"] == 11)
            #expect(Set(chunks.objects.map { $0["id"] as? String ?? "" }).count == 1)
        }
    }

    @Test("openai answers what the upstream refuses with its status", arguments: [400, 401, 404, 429])
    func refusal(status: Int) async throws {
        try await Harness.run(
            script: { _ in .refusal(status, "no", code: "c", retryAfter: status == 429 ? 7 : nil) },
            { harness in
                let answer = try await harness.post(
                    Harness.body(model: "m", #","prompt_summary":false"#), path: "/openai/v1/chat/completions")
                #expect(answer.status == status)
                #expect(answer.headerFields[.contentType] == "application/json")
                #expect(answer.headerFields[.retryAfter] == (status == 429 ? "7" : nil))
                let envelope = try ErrorEnvelope(answer.text, ofUpstream: true)
                #expect(envelope.code == "c")
                #expect(envelope.message == "no")
                #expect(answer.text.contains(#""detail":"HTTP status \#(status): no""#))
                #expect(harness.logs.named("completion").first?.metadata["outcome"]?.description == "refused")
                #expect(harness.logs.named("completion").first?.metadata["status"]?.description == "\(status)")
            })
    }

    @Test(
        "openai maps the other statuses, once retries are over",
        arguments: [(500, 502), (502, 502), (503, 503), (504, 504)])
    func failures(upstream: Int, expected: Int) async throws {
        try await Harness.run(
            ["UPSTREAM_MAX_RETRIES": "1", "HEAD_HOLD": "60"], script: { _ in .refusal(upstream, "no") },
            { harness in
                let answer = try await harness.post(
                    Harness.body(model: "m", #","prompt_summary":false"#), path: "/openai/v1/chat/completions")
                #expect(answer.status == expected)
                #expect(harness.completionRequests.count == (upstream == 500 ? 1 : 2))
            })
    }

    @Test("openai gives up waiting for the upstream's status in time, and then tells errors in the stream")
    func headHold() async throws {
        try await Harness.run(
            ["HEAD_HOLD": "0.05", "REQUEST_TIMEOUT": "1", "UPSTREAM_MAX_RETRIES": "0"],
            script: { $0.isStreamed ? .silent : nil },
            { harness in
                let answer = try await harness.post(
                    Harness.body(model: "m"), path: "/openai/v1/chat/completions")
                #expect(answer.status == 200)
                let chunks = try ChunkStream(answer.text)
                #expect(chunks.isDone)
                let error = try #require(chunks.objects.last?["error"] as? [String: Any])
                #expect(error["code"] as? String == "upstream_timeout")
                #expect(answer.text.contains("data: {\"error\":{"))
            })
    }

    @Test("openai without a hold sends its head at once")
    func noHold() async throws {
        try await Harness.run(["HEAD_HOLD": "0"], script: { $0.isStreamed ? .refusal(401, "no") : nil }) { harness in
            let answer = try await harness.post(Harness.body(model: "m"), path: "/openai/v1/chat/completions")
            #expect(answer.status == 200)
            let last = try ChunkStream(answer.text).objects.last
            #expect(last?["error"] != nil)
        }
    }

    @Test("unified and events tell a refusal in the stream, after their summaries", arguments: ["unified", "events"])
    func refusalInStream(format: String) async throws {
        try await Harness.run { harness in
            let answer = try await harness.post(
                Harness.body(model: "mock-refuse:status=404"), path: "/\(format)/v1/chat/completions")
            #expect(answer.status == 200)
            let events = try ClientEvent.decode(answer.body)
            #expect(events.outline.suffix(4) == ["summary.prompt", "summary.reasoning", "error", "output.done"])
            #expect(events.last { $0.name == "error" }?.data["detail"] as? String != nil)
        }
    }
}

/// An `openai` stream as an SDK reads it.
struct ChunkStream {
    let objects: [[String: Any]]
    let isDone: Bool

    init(_ text: String) throws {
        var payloads = text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        isDone = payloads.last == "data: [DONE]"
        if isDone { payloads.removeLast() }
        objects = try payloads.map { payload in
            guard payload.hasPrefix("data: ") else { throw CocoaError(.coderReadCorrupt) }
            let object = try JSONSerialization.jsonObject(with: Data(payload.dropFirst(6).utf8))
            guard let object = object as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
            return object
        }
    }

    /// With neighbouring equal ones as one.
    var events: [String?] {
        objects.reduce(into: []) { events, object in
            let event = object["gateway_event"] as? String
            if events.isEmpty || events.last != event { events.append(event) }
        }
    }

    private var choices: [[String: Any]] { objects.compactMap { ($0["choices"] as? [[String: Any]])?.first } }
    private var deltas: [[String: Any]] { choices.compactMap { $0["delta"] as? [String: Any] } }

    var content: String { deltas.compactMap { $0["content"] as? String }.joined() }
    var reasoning: String { deltas.compactMap { $0["reasoning_content"] as? String }.joined() }
    var finishReasons: [String] { choices.compactMap { $0["finish_reason"] as? String } }
}
