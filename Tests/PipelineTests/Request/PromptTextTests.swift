import Testing

@testable import Pipeline

@Suite struct PromptTextTests {
    private func conversation(_ messages: String...) throws -> ChatRequest {
        try request(#"{"model":"m","messages":[\#(messages.joined(separator: ","))]}"#)
    }

    @Test func aLinePerMessageWithoutInstructions() throws {
        let request = try conversation(
            #"{"role":"system","content":"secret"}"#,
            #"{"content":"hello\n\"you\"","role":"user"}"#,
            #"{"role":"developer","content":"secret"}"#,
            #"{"role":"assistant","content":"hi é"}"#,
            #"{"role":"user","content":"bye"}"#
        )
        #expect(request.promptText(maximumCharacters: 1_000) == "user: hello\n\"you\"\nassistant: hi é\nuser: bye")
        #expect(request.lastUserText(maximumCharacters: 1_000) == "bye")
    }

    @Test(arguments: [
        (
            #"{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"input_audio","input_audio":{"data":"AAAA"}},{"type":"file","file":{"file_data":"AAAA"}},{"type":"video_url","video_url":{"url":"AAAA"}},{"type":"odd","data":"AAAA"}]}"#,
            "user: see [image] [audio] [file] [video] [part]"
        ),
        (
            #"{"role":"user","content":["a",{"text":"b"},{"type":"input_text","text":"c"},{"type":"text","text":""},7,null]}"#,
            "user: a b c"
        ),
        (
            #"{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"get_weather","arguments":"{}"}},{"type":"custom","custom":{"name":"run"}}]}"#,
            "assistant: [tool call: get_weather] [tool call: run]"
        ),
        (
            #"{"role":"assistant","content":"Wait.","function_call":{"name":"f","arguments":"{}"}}"#,
            "assistant: Wait. [tool call: f]"
        ),
        (#"{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]}"#, "assistant: No."),
        (#"{"role":"tool","tool_call_id":"1","content":"21 °C"}"#, "tool: 21 °C"), (#"{"content":"x"}"#, "user: x"),
        (#"{"role":"user","content":null}"#, ""), (#"{"role":"user","content":"","tool_calls":[]}"#, ""),
        (#"{"role":"user"}"#, ""),
        (#"{"role":"user","content":[]}"#, ""), (#"{"role":1,"content":3}"#, ""),
        (#"{"role":"syst\u0065m","content":"secret"}"#, ""),
    ])
    func contentInEveryShape(_ message: String, _ expected: String) throws {
        #expect(try conversation(message).promptText(maximumCharacters: 1_000) == expected)
    }

    @Test func theLastMessageOfTheUserCounts() throws {
        let request = try conversation(
            #"{"role":"user","content":"a"}"#,
            #"{"role":"user","content":[{"type":"text","text":"b"},{"type":"image_url"}]}"#,
            #"{"role":"assistant","content":"c"}"#
        )
        #expect(request.lastUserText(maximumCharacters: 1_000) == "b [image]")
        #expect(request.lastUserText(maximumCharacters: 3) == "b [")
        #expect(try conversation(#"{"role":"assistant","content":"c"}"#).lastUserText(maximumCharacters: 10) == "")
    }

    @Test func aLongTextKeepsItsHeadAndItsTail() throws {
        let request = try conversation(#"{"role":"user","content":"0123456789abcdefghij"}"#)
        #expect(request.promptText(maximumCharacters: 26) == "user: 0123456789abcdefghij")
        #expect(request.promptText(maximumCharacters: 25) == "user: 01234\n…\n9abcdefghij")
        #expect(request.promptText(maximumCharacters: 13) == "user:\n…\nfghij")
        #expect(request.promptText(maximumCharacters: 4) == "user")
        #expect(request.promptText(maximumCharacters: 0) == "")
        #expect(request.promptText(maximumCharacters: -1) == "")
        #expect(request.promptText(maximumCharacters: .max) == "user: 0123456789abcdefghij")
    }

    @Test(arguments: ["👨‍👩‍👧‍👦", "🇩🇪", "e\u{301}", "한", "日", "a", "\\ud83d\\ude00", "\\n", "\\u00e9"], [true, false])
    func cutsFallBetweenCharacters(_ character: String, _ isLong: Bool) throws {
        // Flags in a run are told apart from its beginning only, which is not kept of a long one.
        let count = isLong && character != "🇩🇪" ? 20_000 : 40
        let request = try conversation(#"{"role":"user","content":"\#(String(repeating: character, count: count))"}"#)
        let whole = request.promptText(maximumCharacters: .max)
        let characters = Array(whole)
        for limit in [5, 6, 10, 17, 23, 24, 25, 64] {
            let text = request.promptText(maximumCharacters: limit)
            #expect(text.unicodeScalars.count <= limit)
            guard text != whole else { continue }
            let halves = text.components(around: "\n…\n")
            #expect(characters.starts(with: halves.head))
            #expect(characters.reversed().starts(with: halves.tail.reversed()))
            // Nothing more would have fitted but a part of the next character.
            #expect(text.unicodeScalars.count > limit - 2 * whole.unicodeScalars.count / characters.count - 8)
        }
    }

    @Test func severalLongMessagesAreBoundedTogether() throws {
        let long = String(repeating: "x", count: 100_000)
        let request = try conversation(
            #"{"role":"user","content":"first\n\#(long)"}"#,
            #"{"role":"assistant","content":"\#(long)"}"#,
            #"{"role":"user","content":"\#(long)\u0020last"}"#
        )
        let text = request.promptText(maximumCharacters: 103)
        #expect(text.hasPrefix("user: first\nxxx"))
        #expect(text.hasSuffix("xxx last"))
        #expect(text.count == 103)
        #expect(request.lastUserText(maximumCharacters: 10) == "xxxxxxxxxx")
    }
}

extension String {
    fileprivate func components(around separator: String) -> (head: [Character], tail: [Character]) {
        guard let range = firstRange(of: separator) else { return (Array(self), []) }
        return (Array(self[..<range.lowerBound]), Array(self[range.upperBound...]))
    }
}
