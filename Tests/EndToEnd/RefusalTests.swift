import Foundation
import HTTPTypes
import MockUpstream
import TestSupport
import Testing

/// A body that is refused, and how.
struct RefusedBody: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let body: String
    let param: String?
    let code: String?
    let words: String

    init(_ name: String, _ body: String, param: String? = nil, code: String? = nil, _ words: String) {
        testDescription = name
        self.body = body
        self.param = param
        self.code = code
        self.words = words
    }

    /// One with these members in place of a usual one's.
    init(_ members: String, param: String, code: String? = nil, _ words: String) {
        self.init(members, "{\(members)}", param: param, code: code, words)
    }
}

@Suite("A request that is refused", .timeLimit(.minutes(5)))
struct RefusalTests {
    private static let messages = #""messages":[{"role":"user","content":"x"}]"#
    private static let usual = #""model":"m",\#(messages),"stream":true"#

    static let bodies = [
        RefusedBody("no bytes", "", "at byte 0: unexpected end"),
        RefusedBody("a comma too many", #"{"model":"m",}"#, "at byte 13: expected a member name in quotes"),
        RefusedBody("a cut", #"{"model":"m","messages":["#, "at byte 25: unexpected end"),
        RefusedBody("something behind it", "{\(usual)} x", "expected nothing more"),
        RefusedBody("no text form", "model=m", "at byte 0"),
        RefusedBody("a raw control character", "{\(usual),\"a\":\"\u{1}\"}", "control character"),
        RefusedBody("a byte-order mark", "\u{FEFF}{\(usual)}", "byte-order mark"),
        RefusedBody(
            "depth", "{\(usual),\"a\":" + String(repeating: "[", count: 100_000), "nested too deeply"),
        RefusedBody("an array", "[1]", "The request body must be a JSON object."),
        RefusedBody("a string", #""x""#, "The request body must be a JSON object."),
        RefusedBody(#""stream":true,\#(messages)"#, param: "model", "You must provide a 'model'."),
        RefusedBody(#""model":null,\#(messages)"#, param: "model", "You must provide a 'model'."),
        RefusedBody(#""model":5,\#(messages)"#, param: "model", "'model' must be a string."),
        RefusedBody(#""model":"",\#(messages)"#, param: "model", "1 to 256 bytes"),
        RefusedBody(#""model":"a\u0000b",\#(messages)"#, param: "model", "control characters"),
        RefusedBody(#""model":"m","stream":true"#, param: "messages", "You must provide 'messages'."),
        RefusedBody(#""model":"m","messages":"x""#, param: "messages", "'messages' must be an array."),
        RefusedBody(#""model":"m","messages":[]"#, param: "messages", "'messages' must not be empty."),
        RefusedBody(#""model":"m","messages":[{},1]"#, param: "messages", "'messages[1]' must be an object."),
        RefusedBody(#""model":"m",\#(messages),"stream":"yes""#, param: "stream", "must be a boolean"),
        RefusedBody(#"\#(usual),"summary_model":1"#, param: "summary_model", "must be a string"),
        RefusedBody(#"\#(usual),"stream_format":[]"#, param: "stream_format", "must be a string"),
        RefusedBody(#"\#(usual),"prompt_summary":"no""#, param: "prompt_summary", "must be a boolean"),
        RefusedBody(#"\#(usual),"reasoning_summary":false"#, param: "reasoning_summary", "must be a string"),
        RefusedBody(#"\#(usual),"reasoning_summary":"x""#, param: "reasoning_summary", "'final', 'rolling' or 'off'"),
        RefusedBody(#"\#(usual),"model":"n""#, param: "model", "'model' occurs more than once"),
        RefusedBody(#"\#(usual),"m\u006fdel":"n""#, param: "model", "'model' occurs more than once"),
        RefusedBody(#"\#(usual),"stream":true"#, param: "stream", "'stream' occurs more than once"),
    ]

    static let unsupported = [
        RefusedBody(#"\#(usual),"n":2"#, param: "n", code: "unsupported_parameter", "'n' above 1"),
        RefusedBody(
            #"\#(usual),"stream_format":"nope""#, param: "stream_format", code: "unsupported_parameter",
            "Unknown stream format"),
    ]

    @Test("for its body is told what is wrong, and nothing is called", arguments: bodies + unsupported)
    func body(example: RefusedBody) async throws {
        try await Harness.run { harness in
            let answer = try await harness.post(example.body, headerFields: [.init("x-request-id")!: "my-id"])
            #expect(answer.status == 400)
            #expect(answer.headerFields[.contentType] == "application/json")
            #expect(answer.headerFields[.init("x-request-id")!] == "my-id")
            let error = try ErrorEnvelope(answer.text)
            #expect(error.type == "invalid_request_error")
            #expect(error.param == example.param && error.code == example.code)
            #expect(error.message.contains(example.words), "\(error.message)")
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test(
        "for its stream format is refused, wherever that stands",
        arguments: [("nope", ""), ("nope", #","stream_format":"unified""#), ("unified", #","stream_format":"nope""#)])
    func streamFormat(header: String, members: String) async throws {
        try await Harness.run { harness in
            let answer = try await harness.post(
                Harness.body(model: "m", members), headerFields: [.init("X-Stream-Format")!: header])
            #expect(answer.status == 400)
            #expect(try ErrorEnvelope(answer.text).param == "stream_format")
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("is not one that names what it has anyway")
    func defaults() async throws {
        try await Harness.run { harness in
            let members = #","n":1,"stream_format":"unified","reasoning_summary":"final","prompt_summary":true"#
            let answer = try await harness.post(
                Harness.body(model: "mock-tags", members), headerFields: [.init("X-Stream-Format")!: "unified"])
            #expect(answer.status == 200)
        }
    }

    @Test(
        "for its model is one that the lists do not have",
        arguments: [
            ("mock-tags", "", nil), ("mock-tags:bytes=2", "", nil), ("other", "", "model"),
            ("mock-tags", #","summary_model":"s-1""#, nil), ("mock-tags", #","summary_model":"preset""#, nil),
            ("mock-tags", #","summary_model":"mock-tags""#, "summary_model"), ("Mock-tags", "", "model"),
        ] as [(String, String, String?)])
    func allowlist(model: String, members: String, param: String?) async throws {
        let environment = [
            "ALLOW_MODELS": "first, mock-*", "ALLOW_SUMMARY_MODELS": "s-*", "SUMMARY_MODEL_DEFAULT": "preset",
        ]
        try await Harness.run(environment) { harness in
            let answer = try await harness.post(Harness.body(model: model, members))
            guard let param else {
                #expect(answer.status == 200)
                return
            }
            #expect(answer.status == 400)
            let error = try ErrorEnvelope(answer.text)
            #expect(error.message == "Model not allowed" && error.code == "model_not_allowed")
            #expect(error.param == param)
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test("for a place that is taken can come again, while the open stream goes on")
    func concurrency() async throws {
        try await Harness.run(["MAX_CONCURRENT_REQUESTS": "1", "PROMPT_SUMMARY": "off"]) { harness in
            let stream = try harness.connect()
            try stream.send(RawRequest.post(Harness.body(model: "mock-endless:interval=1", #","summary_model":"s""#)))
            let mark = "event: output.delta"
            var tail = try stream.receive(until: mark)
            let refused = try await harness.post(Harness.body(model: "mock-tags"))
            #expect(refused.status == 429)
            #expect(refused.headerFields[.retryAfter] == "1")
            #expect(refused.headerFields[.init("x-request-id")!] != nil)
            let error = try ErrorEnvelope(refused.text)
            #expect(error.code == "rate_limit_exceeded" && error.type == "rate_limit_error")
            // Deltas of more than a hundred bytes each: more of them come than had been sent when the other was refused.
            let sent = harness.mock.recorder.sentBytes / 100
            var seen = 0
            while seen <= sent {
                let bytes = try stream.receive()
                try #require(!bytes.isEmpty)
                tail += String(decoding: bytes, as: UTF8.self)
                seen += tail.ranges(of: mark).count
                tail = String(tail.suffix(mark.count - 1))
            }
            stream.close()
            try await eventually { harness.openCompletions == 0 }
            #expect(try await harness.post(Harness.body(model: "mock-tags")).status == 200)
        }
    }
}
