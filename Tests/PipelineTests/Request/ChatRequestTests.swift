import JSON
import Testing

@testable import Pipeline

func request(_ text: String) throws(APIError) -> ChatRequest {
    try ChatRequest(parsing: Array(text.utf8))
}

/// A body with the two members that every request has, and others.
func body(_ members: String...) -> String {
    "{" + ([#""model":"m""#, #""messages":[{"role":"user","content":"hi"}]"#] + members).joined(separator: ",") + "}"
}

@Suite struct ChatRequestTests {
    @Test func absentMembersHaveTheirDefaults() throws {
        let request = try request(body())
        #expect(request.model == "m")
        #expect(!request.stream && !request.includeUsageAsked && !request.hasTools && !request.asksForJSON)
        #expect(request.summaryModel == nil && request.streamFormat == nil)
        #expect(request.promptSummary == nil && request.reasoningSummary == nil)
    }

    @Test func membersAreRead() throws {
        let request = try request(
            body(
                #""stream":true"#,
                #""summary_model":"s/\u00e9""#,
                #""stream_format":"events""#,
                #""prompt_summary":false"#,
                #""reasoning_summary":"rolling""#,
                #""stream_options":{"include_usage":true}"#,
                #""tools":[{}]"#,
                #""response_format":{"type":"json_schema"}"#,
                #""n":1"#
            )
        )
        #expect(request.stream && request.includeUsageAsked && request.hasTools && request.asksForJSON)
        #expect(request.summaryModel == "s/é")
        #expect(request.streamFormat == "events")
        #expect(request.promptSummary == false)
        #expect(request.reasoningSummary == "rolling")
    }

    @Test func nullCountsAsAbsent() throws {
        let names = [
            "stream", "summary_model", "stream_format", "prompt_summary", "reasoning_summary", "stream_options",
            "tools",
            "functions", "response_format", "n",
        ]
        let request = try request(body(names.map { #""\#($0)":null"# }.joined(separator: ",")))
        #expect(!request.stream && !request.includeUsageAsked && !request.hasTools && !request.asksForJSON)
        #expect(request.summaryModel == nil && request.promptSummary == nil)
    }

    @Test(arguments: [
        (#""tools":[]"#, false), (#""tools":[ ]"#, false), (#""tools":{}"#, false), (#""tools":[1]"#, true),
        (#""functions":[{}]"#, true),
        (#""functions":[]"#, false),
    ])
    func toolsAreSeen(_ member: String, _ expected: Bool) throws {
        #expect(try request(body(member)).hasTools == expected)
    }

    @Test(arguments: [
        (#"{"type":"text"}"#, false), (#"{"type":"json_object"}"#, true),
        (#"{"json_schema":{"type":"x"},"type":"json_schema"}"#, true),
        (#"{"type":"t\u0065xt"}"#, false), (#"{"type":"a name that is longer than any that is known"}"#, true),
        ("{}", false),
        (#"{"type":null}"#, false), (#""json""#, false), ("[]", false),
    ])
    func responseFormatsAreSeen(_ format: String, _ expected: Bool) throws {
        #expect(try request(body(#""response_format":\#(format)"#)).asksForJSON == expected)
    }

    @Test(arguments: [
        ("{}", false), (#"{"include_usage":false}"#, false), (#"{"include_usage":1}"#, false),
        (#"{"x":1,"include\u005fusage":true}"#, true),
        (#"{"include_usage":true,"include_usage":false}"#, false), ("[true]", false), ("true", false),
    ])
    func theWishForUsageIsSeen(_ options: String, _ expected: Bool) throws {
        #expect(try request(body(#""stream_options":\#(options)"#)).includeUsageAsked == expected)
    }

    @Test(arguments: [
        (#"{"messages":[{}]}"#, "model"), (#"{"model":null,"messages":[{}]}"#, "model"),
        (#"{"model":1,"messages":[{}]}"#, "model"),
        (#"{"model":"","messages":[{}]}"#, "model"), (#"{"model":"a\nb","messages":[{}]}"#, "model"),
        (#"{"model":"a\u0085","messages":[{}]}"#, "model"), (#"{"model":"\u0000","messages":[{}]}"#, "model"),
        (#"{"model":"m"}"#, "messages"), (#"{"model":"m","messages":null}"#, "messages"),
        (#"{"model":"m","messages":{}}"#, "messages"),
        (#"{"model":"m","messages":[]}"#, "messages"), (#"{"model":"m","messages":[{},"x"]}"#, "messages"),
        (#"{"model":"m","messages":[[]]}"#, "messages"), (#"{"model":"m","messages":"hi"}"#, "messages"),
        (body(#""stream":"true""#), "stream"), (body(#""stream":1"#), "stream"),
        (body(#""summary_model":1"#), "summary_model"), (body(#""summary_model":"""#), "summary_model"),
        (body(#""stream_format":[]"#), "stream_format"), (body(#""prompt_summary":"false""#), "prompt_summary"),
        (body(#""reasoning_summary":true"#), "reasoning_summary"),
        (body(#""reasoning_summary":"on""#), "reasoning_summary"),
        (body(#""model":"other""#), "model"), (body(#""mod\u0065l":"other""#), "model"),
        (body(#""stream":true,"stream":true"#), "stream"),
        (body(#""messages":[{}]"#), "messages"), (body(#""n":1,"n":2"#), "n"),
        (body(#""tools":[],"tools":[1]"#), "tools"),
        (body(#""stream_options":{},"stream_options":{}"#), "stream_options"),
        (body(#""prompt_summary":true,"prompt_summary":true"#), "prompt_summary"),
    ])
    func faultyMembersAreNamed(_ text: String, _ param: String) throws {
        let error = try #require(throws: APIError.self) { try request(text) }
        #expect(error.status == 400)
        #expect(error.type == "invalid_request_error")
        #expect(error.param == param)
        #expect(error.code == nil)
        #expect(error.message.contains("'\(param)") || error.message.contains("messages"))
    }

    @Test func longModelNamesAreRefused() throws {
        func named(_ count: Int) -> String { #"{"model":"\#(String(repeating: "a", count: count))","messages":[{}]}"# }
        #expect(try request(named(256)).model.count == 256)
        #expect(throws: APIError.self) { try request(named(257)) }
    }

    @Test(arguments: [
        ("2", true), ("1.5", true), ("1e2", true), ("99999999999999999999", true), ("1", false), ("0", false),
        ("-3", false), ("1.0", false), (#""2""#, false), ("[2]", false), ("true", false),
    ])
    func severalChoicesAreRefused(_ n: String, _ isRefused: Bool) throws {
        guard isRefused else {
            _ = try request(body(#""n":\#(n)"#))
            return
        }
        let error = try #require(throws: APIError.self) { try request(body(#""n":\#(n)"#)) }
        #expect(error.code == "unsupported_parameter")
        #expect(error.param == "n")
    }

    @Test(arguments: [
        ("", "at byte 0: unexpected end"), ("{", "at byte 1: unexpected end"),
        (#"{"model" 1}"#, "at byte 9: expected ':'"),
        (#"{"model":1,"messages":[{}]"#, "at byte 26: unexpected end"),
        ("\u{FEFF}{}", "at byte 0: a byte-order mark is not allowed"),
        (body() + "x", "at byte \(body().utf8.count): expected nothing more"), ("hello", "at byte 0: expected a value"),
    ])
    func badJSONIsRefusedWithItsPosition(_ text: String, _ cause: String) throws {
        let error = try #require(throws: APIError.self) { try request(text) }
        #expect(error == .invalidRequest("The request body is not valid JSON: \(cause)."))
    }

    @Test(arguments: ["[]", "1", "null", #""x""#, "true"])
    func otherValuesThanObjectsAreRefused(_ text: String) {
        #expect(throws: APIError.invalidRequest("The request body must be a JSON object.")) { try request(text) }
    }

    @Test func nestingIsBounded() throws {
        let deep = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
        let bytes = Array(body(#""x":\#(deep)"#).utf8)
        _ = try ChatRequest(parsing: bytes, maximumDepth: 10)
        #expect(throws: APIError.self) { try ChatRequest(parsing: bytes, maximumDepth: 9) }
        #expect(throws: APIError.self) {
            try request(#"{"model":"m","messages":"# + String(repeating: "[", count: 1_000_000))
        }
    }
}
