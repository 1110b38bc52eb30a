import Foundation
import JSON
import TestSupport
import Testing

@testable import Pipeline

@Suite struct ChatRequestBodyTests {
    private func spliced(_ text: String, instruction: String? = nil, includeUsage: Bool = false) throws -> String {
        let output = try request(text).upstreamBody(instruction: instruction, includeUsage: includeUsage)
        return String(decoding: output, as: UTF8.self)
    }

    /// Written with `M` for the members that every request has.
    private static let base = #""model":"m","messages":[{}]"#

    @Test(arguments: [
        // stream: added, replaced, left
        ("{M}", #"{M,"stream":true}"#),
        (#"{"stream":false,M}"#, #"{"stream":true,M}"#),
        (#"{M,"stream" : null }"#, #"{M,"stream" : true }"#),
        (#"{"stream":true,M}"#, #"{"stream":true,M}"#),
        (#"{"str\u0065am":false,M}"#, #"{"str\u0065am":true,M}"#),
        // white space and order stay
        ("{\n  M\n}\n", "{\n  M,\"stream\":true\n}\n"),
        (" {M , \"x\" : [ ] } ", " {M , \"x\" : [ ],\"stream\":true } "),
        // our own members: first, in the middle, last, several, all around
        (#"{"summary_model":"s",M,"stream":true}"#, #"{M,"stream":true}"#),
        (#"{M,"summary_model":"s","stream":true}"#, #"{M,"stream":true}"#),
        (#"{M,"stream":true,"summary_model":"s"}"#, #"{M,"stream":true}"#),
        (#"{ "summary_model" : "s" , M , "stream":true }"#, #"{ M , "stream":true }"#),
        ("{M,\n \"stream\":true,\n \"summary_model\":\"s\"\n}", "{M,\n \"stream\":true\n}"),
        (
            #"{"prompt_summary":true,"summary_model":"s",M,"stream_format":"x","reasoning_summary":"off"}"#,
            #"{M,"stream":true}"#
        ),
        (
            #"{M,"stream_format":"x","a":1,"reasoning_summary":"off","b":2,"prompt_summary":null,"stream":false}"#,
            #"{M,"a":1,"b":2,"stream":true}"#
        ),
        (#"{M,"summary\u005fmodel":"s","stream":true}"#, #"{M,"stream":true}"#),
        // the same names deeper stay, and near misses
        (
            #"{M,"stream":true,"metadata":{"summary_model":"s","stream":false}}"#,
            #"{M,"stream":true,"metadata":{"summary_model":"s","stream":false}}"#
        ),
        (
            #"{M,"stream":true,"Summary_model":1,"summary_model ":2}"#,
            #"{M,"stream":true,"Summary_model":1,"summary_model ":2}"#
        ),
        // everything else, byte for byte
        (
            #"{M,"stream":true,"seed":9223372036854775807,"logit":-0.10e+05,"big":123456789012345678901234567890,"t":"\u00e9\/é","x":[[[]],{"a":[1,[2]]}],"x":1}"#,
            #"{M,"stream":true,"seed":9223372036854775807,"logit":-0.10e+05,"big":123456789012345678901234567890,"t":"\u00e9\/é","x":[[[]],{"a":[1,[2]]}],"x":1}"#
        ),
    ])
    func membersAreSpliced(_ text: String, _ expected: String) throws {
        func filled(_ text: String) -> String { text.replacing("M", with: ChatRequestBodyTests.base) }
        #expect(try spliced(filled(text)) == filled(expected))
    }

    @Test(arguments: [
        ("", #","stream":true,"stream_options":{"include_usage":true}"#),
        (#","stream":true"#, #","stream":true,"stream_options":{"include_usage":true}"#),
        (#","stream":true,"stream_options":{}"#, #","stream":true,"stream_options":{"include_usage":true}"#),
        (
            #","stream":true,"stream_options":{ "a":1 }"#,
            #","stream":true,"stream_options":{"include_usage":true, "a":1 }"#
        ),
        (
            #","stream":true,"stream_options":{"a":{"include_usage":false}}"#,
            #","stream":true,"stream_options":{"include_usage":true,"a":{"include_usage":false}}"#
        ),
        (
            #","stream":true,"stream_options":{"a":1,"include_usage" : false}"#,
            #","stream":true,"stream_options":{"a":1,"include_usage" : true}"#
        ),
        (
            #","stream":true,"stream_options":{"include_usage":[1]}"#,
            #","stream":true,"stream_options":{"include_usage":true}"#
        ),
        (
            #","stream":true,"stream_options":{"include_usage":true}"#,
            #","stream":true,"stream_options":{"include_usage":true}"#
        ),
        (
            #","stream":true,"stream_options":{"include_usage":false,"include_usage":true}"#,
            #","stream":true,"stream_options":{"include_usage":true,"include_usage":true}"#
        ),
        (#","stream":true,"stream_options":null"#, #","stream":true,"stream_options":{"include_usage":true}"#),
        (#","stream":true,"stream_options":[1]"#, #","stream":true,"stream_options":{"include_usage":true}"#),
        (#","stream_options":"x","stream":false"#, #","stream_options":{"include_usage":true},"stream":true"#),
    ])
    func usageIsAskedFor(_ members: String, _ expected: String) throws {
        let base = ChatRequestBodyTests.base
        #expect(try spliced("{\(base)\(members)}", includeUsage: true) == "{\(base)\(expected)}")
    }

    @Test(arguments: [#"{"include_usage":false}"#, "null", "7"])
    func usageOptionsStayWhereUsageIsNotAskedFor(_ options: String) throws {
        let text = #"{\#(ChatRequestBodyTests.base),"stream":true,"stream_options":\#(options)}"#
        #expect(try spliced(text) == text)
    }

    @Test func theInstructionIsTheFirstMessage() throws {
        let text = #"{"messages": [ {"role":"user"}],"model":"m","stream":true}"#
        #expect(
            try spliced(text, instruction: "Use <a> \"tags\"\n")
                == #"{"messages": [{"role":"system","content":"Use <a> \"tags\"\n"}, {"role":"user"}],"model":"m","stream":true}"#
        )
    }

    @Test func allChangesAtOnce() throws {
        let text = #"{"summary_model":"s","messages":[{}],"stream_options":{"a":1},"model":"m","prompt_summary":false}"#
        let request = try request(text)
        let output = request.upstreamBody(
            instruction: "i",
            includeUsage: true,
            extraMembers: [
                .init(name: "skip", json: "false"), .init(name: "model", json: "1"), .init(name: "a\"", json: "[]"),
            ]
        )
        #expect(
            String(decoding: output, as: UTF8.self)
                == #"{"messages":[{"role":"system","content":"i"},{}],"stream_options":{"include_usage":true,"a":1},"model":"m","stream":true,"skip":false,"a\"":[]}"#
        )
    }

    @Test func extraMembersGiveWayToTheClients() throws {
        let text = #"{\#(ChatRequestBodyTests.base),"stream":true,"sk\u0069p":1}"#
        let output = try request(text).upstreamBody(
            instruction: nil,
            includeUsage: false,
            extraMembers: [.init(name: "skip", json: "false")]
        )
        #expect(String(decoding: output, as: UTF8.self) == text)
    }

    @Test func tenMegabytesOfImageArePassedOn() throws {
        let image = String(repeating: "QUJD", count: 2_500_000)
        let parts =
            #"[{"type":"image_url","image_url":{"url":"data:image/png;base64,\#(image)"}},{"type":"text","text":"what?"}]"#
        let text = #"{"model":"m","messages":[{"role":"user","content":\#(parts)}],"summary_model":"s","stream":true}"#
        let request = try request(text)
        let output = request.upstreamBody(instruction: nil, includeUsage: false)
        #expect(output == Array(text.replacing(#","summary_model":"s""#, with: "").utf8))
        #expect(request.promptText(maximumCharacters: 100) == "user: [image] what?")
    }

    @Test func timeIsLinearInTheLength() throws {
        for piece in [#"{"role":"user","content":"a\n"},"#, #"{"content":[{"type":"text","text":"é"},{}]},"#] {
            let isLinear = try takesLinearTime(size: 1_000) { size in
                let messages = String(repeating: piece, count: size).dropLast()
                let members = (0..<size).map { #","k\#($0)":1"# }.joined()
                let request = try request(#"{"messages":[\#(messages)],"model":"m"\#(members)}"#)
                _ = request.upstreamBody(instruction: "i", includeUsage: true)
                _ = request.promptText(maximumCharacters: 8_000)
                _ = request.lastUserText(maximumCharacters: 8_000)
            }
            #expect(isLinear)
        }
    }

    @Test func randomBodiesAreEditedAsTheirParsedValuesWouldBe() throws {
        var random = SeededGenerator(seed: 21)
        for round in 0..<3_000 {
            var members = [
                #""model":"m""#,
                #""messages":[\#(random.json(depth: 0) == "" ? "" : #"{"a":\#(random.json(depth: 2))}"#)]"#,
            ]
            for (name, values) in [
                ("stream", ["true", "false", "null"]),
                ("stream_options", ["{}", "null", #"{"include_usage":false,"a":1}"#, #"{ "b":[]}"#]),
                ("summary_model", [#""s""#, "null"]), ("prompt_summary", ["true"]), ("reasoning_summary", [#""off""#]),
                ("stream_format", [#""events""#]), ("x", [random.json(depth: 3)]), ("y", [random.json(depth: 2)]),
            ] where random.below(2) == 0 {
                members.append("\"\(name)\"" + [":", " : "][random.below(2)] + values[random.below(values.count)])
            }
            members.shuffle(using: &random)
            let text = "{" + members.joined(separator: [",", " ,\n"][random.below(2)]) + [" }", "}"][random.below(2)]
            let includeUsage = random.below(2) == 0
            let instruction = random.below(2) == 0 ? random.string(scalars: 5) : nil
            let output = try request(text).upstreamBody(instruction: instruction, includeUsage: includeUsage)
            _ = try JSONCursor.document(output.span)

            var expected = try parsed(Array(text.utf8))
            for name in ["summary_model", "prompt_summary", "reasoning_summary", "stream_format"] {
                expected[name] = nil
            }
            expected["stream"] = true
            if includeUsage {
                var options = expected["stream_options"] as? [String: Any] ?? [:]
                options["include_usage"] = true
                expected["stream_options"] = options
            }
            if let instruction, let messages = expected["messages"] as? [Any] {
                expected["messages"] = [["role": "system", "content": instruction]] + messages
            }
            #expect(
                NSDictionary(dictionary: try parsed(output)) == NSDictionary(dictionary: expected),
                "seed 21, round \(round)"
            )
        }
    }

    private func parsed(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }

    @Test func randomlyDamagedBodiesNeverTrapAndStayJSON() throws {
        var random = SeededGenerator(seed: 22)
        let whole = Array(
            #"{"summary_model":"s","model":"m","stream":false,"messages":[{"role":"user","content":[{"type":"text","text":"é\n"}]},{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}],"stream_options":{"include_usage":false},"n":1,"prompt_summary":true}"#
                .utf8
        )
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...random.below(3) {
                let position = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes.remove(at: position)
                case 1: bytes[position] = bytes[random.below(bytes.count)]
                default: bytes[position] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let request = try? ChatRequest(parsing: bytes) else { continue }
            accepted += 1
            let output = request.upstreamBody(
                instruction: "i",
                includeUsage: true,
                extraMembers: [.init(name: "e", json: "1")]
            )
            _ = try JSONCursor.document(output.span)
            _ = request.promptText(maximumCharacters: random.below(30))
            _ = request.lastUserText(maximumCharacters: random.below(5))
        }
        #expect(accepted > 300)
    }
}
