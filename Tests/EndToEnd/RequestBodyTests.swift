import Foundation
import Gateway
import HTTPTypes
import MockUpstream
import Pipeline
import TestSupport
import Testing

/// A body as the client sends it, and as the upstream shall receive it. `§` stands for the tag instruction's message.
struct BodyCase: CustomTestStringConvertible, Sendable {
    let name: String
    let sent: String
    let received: String

    var testDescription: String { name }

    init(_ name: String, _ sent: String, _ received: String) {
        self.name = name
        self.sent = sent
        self.received = received.replacing("§", with: Self.instruction)
    }

    static let instruction = #"{"role":"system","content":\#(MockPayload.string(TagInstruction.text))},"#
    static let usage = #""stream_options":{"include_usage":true}"#
}

@Suite("The body that the upstream receives", .timeLimit(.minutes(5)))
struct RequestBodyTests {
    private static let user = #"{"role":"user","content":"x"}"#

    static let untouched = [
        BodyCase(
            "numbers of any size and form",
            #"{"seed":9223372036854775807,"a":18446744073709551615,"b":-0.0,"c":1.0E+00,"d":1e400,"model":"m","messages":[\#(user)],"stream":true,"e":0.1000}"#,
            #"{"seed":9223372036854775807,"a":18446744073709551615,"b":-0.0,"c":1.0E+00,"d":1e400,"model":"m","messages":[§\#(user)],"stream":true,"e":0.1000,\#(BodyCase.usage)}"#
        ),
        BodyCase(
            "unknown members and nested arrays",
            #"{"model":"m","vendor":{"x":[[[],[1,[2,{"a":[null,true,false]}]]],{}],"":""},"messages":[\#(user)],"stream":true,"model_":"n","top_k":5}"#,
            #"{"model":"m","vendor":{"x":[[[],[1,[2,{"a":[null,true,false]}]]],{}],"":""},"messages":[§\#(user)],"stream":true,"model_":"n","top_k":5,\#(BodyCase.usage)}"#
        ),
        BodyCase(
            "extension names below the top level",
            #"{"model":"m","metadata":{"summary_model":"s","stream":false,"messages":[]},"messages":[{"role":"user","content":"x","stream_format":"events"}],"stream":true}"#,
            #"{"model":"m","metadata":{"summary_model":"s","stream":false,"messages":[]},"messages":[§{"role":"user","content":"x","stream_format":"events"}],"stream":true,\#(BodyCase.usage)}"#
        ),
        BodyCase(
            "escapes, in text and in names",
            #"{"\u006dodel":"m","m\u0065ssages":[{"r\u006fle":"user","content":"\u0041\/\"\\\b\ud83d\ude00é\u00e9"}],"strea\u006d":true,"\u0073ummary_model":"s","k\"\\":1}"#,
            #"{"\u006dodel":"m","m\u0065ssages":[§{"r\u006fle":"user","content":"\u0041\/\"\\\b\ud83d\ude00é\u00e9"}],"strea\u006d":true,"k\"\\":1,\#(BodyCase.usage)}"#
        ),
        BodyCase(
            "white space wherever it may stand",
            "\r\n\t { \"model\"\t:\r\n\"m\" ,\n\"messages\" : [ \n \(user) ]\t, \"stream\" : true\n\n } \r\n",
            "\r\n\t { \"model\"\t:\r\n\"m\" ,\n\"messages\" : [§ \n \(user) ]\t, \"stream\" : true,\(BodyCase.usage)\n\n } \r\n"
        ),
        BodyCase(
            "an assistant's reasoning given back",
            #"{"model":"m","messages":[{"role":"assistant","content":null,"reasoning_content":"r","reasoning":"r","reasoning_details":[{"type":"reasoning.text","text":"r"}]},\#(user)],"stream":true}"#,
            #"{"model":"m","messages":[§{"role":"assistant","content":null,"reasoning_content":"r","reasoning":"r","reasoning_details":[{"type":"reasoning.text","text":"r"}]},\#(user)],"stream":true,\#(BodyCase.usage)}"#
        ),
    ]

    static let extensions = [
        BodyCase(
            "first", #"{"summary_model":"s","model":"m","messages":[\#(user)],"stream":true}"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage)}"#),
        BodyCase(
            "last", #"{"model":"m","messages":[\#(user)],"stream":true,"summary_model":"s" }"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage) }"#),
        BodyCase(
            "all of them first",
            #"{"summary_model":"s","stream_format":"unified","prompt_summary":true,"reasoning_summary":"final","model":"m","messages":[\#(user)],"stream":true}"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage)}"#),
        BodyCase(
            "all of them last",
            #"{"model":"m","messages":[\#(user)],"stream":true,"summary_model":"s","stream_format":"unified","prompt_summary":true,"reasoning_summary":"final"}"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage)}"#),
        BodyCase(
            "between all others",
            #"{"prompt_summary":true,"model":"m","summary_model":"s","messages":[\#(user)],"stream_format":"unified","stream":true,"reasoning_summary":"final"}"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage)}"#),
        BodyCase(
            "null",
            #"{"model":"m","messages":[\#(user)],"summary_model":null,"stream":true,"stream_format":null,"prompt_summary":null,"reasoning_summary":null}"#,
            #"{"model":"m","messages":[§\#(user)],"stream":true,\#(BodyCase.usage)}"#),
    ]

    static let usageOptions = [
        (#"{"include_usage":true}"#, #"{"include_usage":true}"#),
        (#"{"include_usage":false}"#, #"{"include_usage":true}"#),
        (#"{ "include_usage" : null }"#, #"{ "include_usage" : true }"#),
        ("{}", #"{"include_usage":true}"#),
        (#"{"a":[1],"include_usage":false,"b":{}}"#, #"{"a":[1],"include_usage":true,"b":{}}"#),
        (#"{"a":[1],"b":{}}"#, #"{"include_usage":true,"a":[1],"b":{}}"#),
        ("null", #"{"include_usage":true}"#),
    ].map { given, expected in
        BodyCase(
            "stream_options \(given)",
            #"{"model":"m","stream_options":\#(given),"messages":[\#(user)],"stream":true}"#,
            #"{"model":"m","stream_options":\#(expected),"messages":[§\#(user)],"stream":true}"#)
    }

    @Test("is the client's, byte for byte, but for what the gateway is said to change", arguments: untouched)
    func bytes(example: BodyCase) async throws {
        try await check(example)
    }

    @Test("has none of the gateway's own members", arguments: extensions)
    func extensionMembers(example: BodyCase) async throws {
        try await check(example)
    }

    @Test("asks for usage, whatever the client's options are", arguments: usageOptions)
    func usage(example: BodyCase) async throws {
        try await check(example)
    }

    @Test("has the client's own options with UPSTREAM_INCLUDE_USAGE=false", arguments: usageOptions)
    func usageLeftAlone(example: BodyCase) async throws {
        let options = example.sent.replacing(#""messages":["#, with: #""messages":[§"#)
        try await check(BodyCase(example.name, example.sent, options), ["UPSTREAM_INCLUDE_USAGE": "false"])
    }

    @Test("has no options where the client gives none, with UPSTREAM_INCLUDE_USAGE=false")
    func noUsage() async throws {
        let example = BodyCase(
            "", #"{"model":"m","messages":[\#(Self.user)],"stream":true}"#,
            #"{"model":"m","messages":[§\#(Self.user)],"stream":true}"#)
        try await check(example, ["UPSTREAM_INCLUDE_USAGE": "false"])
    }

    @Test(
        "has no tag instruction where tags would break the answer's form",
        arguments: [
            #""tools":[{"type":"function"}]"#, #""functions":[{"name":"f"}]"#,
            #""response_format":{"type":"json_object"}"#,
            #""response_format":{"json_schema":{"type":"text"},"type":"json_schema"}"#,
        ])
    func notInstructed(member: String) async throws {
        try await check(
            BodyCase(
                member, #"{"model":"m",\#(member),"messages":[\#(Self.user)],"stream":true}"#,
                #"{"model":"m",\#(member),"messages":[\#(Self.user)],"stream":true,\#(BodyCase.usage)}"#))
    }

    @Test(
        "has the tag instruction in front of the first message otherwise",
        arguments: [#""tools":[]"#, #""tools":null"#, #""response_format":{"type":"text"}"#, #""tool_choice":"none""#])
    func instructed(member: String) async throws {
        try await check(
            BodyCase(
                member, #"{"model":"m",\#(member),"messages":[\#(Self.user)],"stream":true}"#,
                #"{"model":"m",\#(member),"messages":[§\#(Self.user)],"stream":true,\#(BodyCase.usage)}"#))
    }

    @Test("holds an image of ten megabytes whole, of which no summary call has a byte")
    func image() async throws {
        let image = String(repeating: "iVBORw0KGgo/+AAAANSU", count: 500_000)
        let part = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,\#(image)"}}"#
        let content = #"[{"type":"text","text":"What is this?"},\#(part)]"#
        let head = #"{"model":"m","messages":["#
        let tail = #"{"role":"user","content":\#(content)}],"stream":true"#
        try await Harness.run { harness in
            let events = try ClientEvent.decode(try await harness.post(head + tail + "}").body)
            #expect(events.answer == CompletionTests.answer)
            let received = try #require(harness.completionRequests.first).body
            #expect(received == Array((head + BodyCase.instruction + tail + "," + BodyCase.usage + "}").utf8))
            #expect(harness.summaryRequests.count == 2)
            #expect(harness.summaryRequests.allSatisfy { $0.body.count < 10_000 })
            #expect(events[0].text == "Summary: user: What is this? [image]")
        }
    }

    @Test("is the same when it comes in chunks, cut anywhere", arguments: [1, 7, 100])
    func chunked(size: Int) async throws {
        let example = try #require(Self.untouched.first { $0.name.hasPrefix("escapes") })
        try await Harness.run { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
            var rest = Array(example.sent.utf8)[...]
            while !rest.isEmpty {
                let piece = rest.prefix(size)
                try connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
                rest = rest.dropFirst(size)
            }
            try connection.send("0\r\n\r\n")
            let answer = try connection.receive(until: "event: output.done")
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("event: output.done"))
            #expect(harness.receivedText == example.received)
        }
    }

    private func check(_ example: BodyCase, _ environment: [String: String] = [:]) async throws {
        try await Harness.run(environment) { harness in
            let answer = try await harness.post(example.sent)
            #expect(try ClientEvent.decode(answer.body).last?.data["status"] as? String == "completed")
            #expect(harness.completionRequests.count == 1)
            #expect(harness.receivedText == example.received)
        }
    }
}

extension Harness {
    /// The body of the first completion that the upstream received.
    fileprivate var receivedText: String? {
        completionRequests.first.map { String(decoding: $0.body, as: UTF8.self) }
    }
}
