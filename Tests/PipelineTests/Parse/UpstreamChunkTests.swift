import JSON
import TestSupport
import Testing

@testable import Pipeline

/// A chunk's slices as strings.
private struct Reading: Equatable {
    var reasoning = ""
    var content = ""
    var finish: String?
    var role: String?
    var others: [String] = []
    var usage: String?
    var choices = 1
}

private func slice(_ range: Range<Int>?, _ payload: [UInt8]) -> String? {
    range.map { String(decoding: payload[$0], as: UTF8.self) }
}

private func read(_ payload: [UInt8]) throws -> Reading {
    let chunk = try UpstreamChunk(parsing: payload.span)
    let texts = text(of: chunk, in: payload)
    return Reading(
        reasoning: texts.reasoning,
        content: texts.content,
        finish: chunk.choice.finishReason?.string(in: payload.span),
        role: chunk.choice.role?.string(in: payload.span),
        others: chunk.choice.otherMembers.compactMap { slice($0, payload) },
        usage: slice(chunk.usage, payload),
        choices: chunk.choiceCount
    )
}

@Suite struct UpstreamChunkTests {
    @Test(arguments: [
        // OpenAI
        (
            #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x"}"#,
            Reading(role: "assistant")
        ),
        (
            #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
            Reading(others: [
                #""tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]"#
            ])
        ),
        (
            #"{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
            Reading(usage: #"{"prompt_tokens":9,"completion_tokens":3}"#, choices: 0)
        ),
        (
            #"{"choices":[{"index":0,"delta":{"refusal":"No."},"finish_reason":null}]}"#,
            Reading(others: [#""refusal":"No.""#])
        ),
        // Azure's first chunk
        (
            #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
            Reading(choices: 0)
        ),
        // vLLM
        (
            #"{"id":"chatcmpl-2","object":"chat.completion.chunk","created":1,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"delta":{"reasoning":"We","reasoning_content":"We","tool_calls":[]},"logprobs":null,"finish_reason":null,"token_ids":null}]}"#,
            Reading(reasoning: "We")
        ),
        (
            #"{"choices":[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null}]}"#,
            Reading(finish: "stop")
        ),
        // OpenRouter
        (
            #"{"id":"gen-1","provider":"X","model":"m","object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":" so","reasoning_details":[{"type":"reasoning.text","text":" so","format":"unknown","index":0}]},"finish_reason":null,"native_finish_reason":null,"logprobs":null}]}"#,
            Reading(reasoning: " so", role: "assistant")
        ),
        // Mistral
        (
            #"{"id":"m","object":"chat.completion.chunk","created":1,"model":"magistral","choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]},"finish_reason":null}]}"#,
            Reading(reasoning: "Hm")
        ),
        // Ollama
        (
            #"{"id":"chatcmpl-3","object":"chat.completion.chunk","created":1,"model":"gpt-oss:20b","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"The"},"finish_reason":null}]}"#,
            Reading(reasoning: "The", role: "assistant")
        ),
        // llama.cpp
        (
            #"{"choices":[{"finish_reason":"length","index":0,"delta":{}}],"created":1,"id":"x","model":"m","system_fingerprint":"b1","object":"chat.completion.chunk","timings":{"prompt_n":1}}"#,
            Reading(finish: "length")
        ),
        (
            #"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]}"#,
            Reading(role: "assistant")
        ),
        // A whole answer
        (
            #"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","reasoning_content":"r","tool_calls":[],"refusal":null,"annotations":[{"a":1}]},"finish_reason":"stop"}],"usage":{}}"#,
            Reading(
                reasoning: "r",
                content: "Hi",
                finish: "stop",
                role: "assistant",
                others: [#""annotations":[{"a":1}]"#],
                usage: "{}"
            )
        ),
        // Nothing there
        ("{}", Reading(choices: 0)), (#"{"choices":null}"#, Reading(choices: 0)),
        (#"{"choices":"x"}"#, Reading(choices: 0)),
        (#"{"choices":[{}]}"#, Reading()), (#"{"choices":[null,7]}"#, Reading(choices: 2)),
        (#"{"choices":[{"index":0,"delta":null,"finish_reason":""}]}"#, Reading()),
        (#"{"choices":[{"delta":"x","finish_reason":7,"logprobs":null}],"usage":[]}"#, Reading()),
        (
            #"{"choices":[{"delta":{"content":null,"role":null,"tool_calls":null,"function_call":null,"audio":null,"x":[ ]}}]}"#,
            Reading()
        ),
        // Which choice, which member
        (
            #"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"},{"delta":{"content":"a"},"index":0},{"index":0,"delta":{"content":"c"}}]}"#,
            Reading(content: "a", choices: 3)
        ),
        (#"{"choices":[{"delta":{"content":"b","tool_calls":[1]},"index":1,"finish_reason":"stop"}]}"#, Reading()),
        (#"{"choices":[{"index":null,"delta":{"content":"a"}}]}"#, Reading(content: "a")),
        (#"{"choices":[{"message":{"content":"all"},"delta":{"content":"a"}}]}"#, Reading(content: "a")),
        (#"{"choices":[{"delta":{"content":"a"},"message":{"content":"all"}}]}"#, Reading(content: "a")),
        (#"{"choices":[{"delta":null,"message":{"content":"all"}}]}"#, Reading(content: "all")),
        (
            #"{"choices":[{"delta":{"content":"a","x":1}}],"choices":[{"delta":{"content":"b"}}]}"#,
            Reading(content: "b")
        ),
        (
            #"{"choices":[{"delta":{"a" : {"b" : [1, 2]} , "content":"x", "c\n":true,"d":false,"e":1.50}}]}"#,
            Reading(content: "x", others: [#""a" : {"b" : [1, 2]}"#, #""c\n":true"#, #""d":false"#, #""e":1.50"#])
        ),
    ])
    fileprivate func payloads(_ payload: String, _ expected: Reading) throws {
        #expect(try read(Array(payload.utf8)) == expected)
    }

    @Test func topLevelMembersAreSlices() throws {
        let payload = Array(
            #"{"id":"a\n","model":"m","system_fingerprint":"fp","service_tier":"flex","choices":[{"logprobs":{"content":[]}}]}"#
                .utf8
        )
        let chunk = try UpstreamChunk(parsing: payload.span)
        #expect(slice(chunk.id?.range, payload) == #""a\n""#)
        #expect(slice(chunk.model?.text, payload) == "m")
        #expect(slice(chunk.systemFingerprint?.text, payload) == "fp")
        #expect(slice(chunk.serviceTier?.text, payload) == "flex")
        #expect(slice(chunk.choice.logprobs, payload) == #"{"content":[]}"#)
        #expect(chunk.fault == nil)
    }

    @Test func aTextThatIsOneStringIsAnEscapedSlice() throws {
        let payload = Array(#"{"choices":[{"delta":{"content":"a\"b","reasoning":[{"text":""},{"text":"r"}]}}]}"#.utf8)
        let choice = try UpstreamChunk(parsing: payload.span).choice
        #expect(slice(choice.content?.single?.range, payload) == #""a\"b""#)
        #expect(choice.content?.single?.hasEscapes == true)
        #expect(slice(choice.reasoning?.single?.range, payload) == #""r""#)
        #expect(!choice.isWholeMessage)
    }

    @Test(arguments: [
        ("[DONE]", true), (" [DONE] ", true), ("[DONE]\r", true), ("[DONE", false), ("[done]", false), ("", false),
        ("[]", false), ("  ", false),
    ])
    func theEndMarkIsKnown(_ payload: String, _ expected: Bool) {
        let bytes = Array(payload.utf8)
        #expect(UpstreamChunk.isDone(bytes.span) == expected)
    }

    @Test(
        arguments: [
            ("[]", .expectedObject, 0), ("", .unexpectedEnd, 0), ("[DONE]", .expectedObject, 0),
            ("null", .expectedObject, 0),
            (#"{"choices":[{"delta":{"content":"a"}}]"#, .unexpectedEnd, 38),
            (#"{"choices":[{"delta":{"content":"a}}]}"#, .unexpectedEnd, 38),
            (#"{"choices":[{"index":0,}]}"#, .expectedKey, 23), (#"{"choices":[{}],}"#, .expectedKey, 16),
            (#"{"choices":[{}]}x"#, .expectedEnd, 16),
            (#"{"choices":[{"delta":{"x":nul}}]}"#, .invalidLiteral, 26),
        ] as [(String, JSONError.Code, Int)]
    )
    func malformedPayloadsAreRefused(_ payload: String, _ code: JSONError.Code, _ offset: Int) {
        let bytes = Array(payload.utf8)
        #expect(throws: JSONError(code: code, offset: offset)) { try UpstreamChunk(parsing: bytes.span) }
    }

    @Test func slicesOfPrettyPrintedPayloadsGoOnOneLine() throws {
        let payload = Array("{\"choices\":[{\"delta\":{\"x\":\r\n  [1,\n\"a\\n\"]}}]}".utf8)
        let member = try #require(try UpstreamChunk(parsing: payload.span).choice.otherMembers.first)
        var output: [UInt8] = []
        UpstreamChoice.append(json: member, of: payload.span, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == #""x":    [1, "a\n"]"#)
    }

    @Test func randomlyDamagedPayloadsNeverTrap() throws {
        var random = SeededGenerator(seed: 11)
        let whole = Array(
            #"{"id":"a","error":{"message":"m","code":"500"},"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"é\n"}],"reasoning_details":[{"type":"reasoning.text","text":"\u00e9"}],"tool_calls":[{}]},"logprobs":{},"finish_reason":"stop"}],"usage":{}}"#
                .utf8
        )
        var parsed = 0
        for _ in 0..<20_000 {
            var payload = whole
            for _ in 0...random.below(3) {
                let position = random.below(payload.count)
                switch random.below(3) {
                case 0: payload.remove(at: position)
                case 1: payload[position] = payload[random.below(payload.count)]
                default: payload[position] = UInt8.random(in: 0...255, using: &random)
                }
            }
            guard let chunk = try? UpstreamChunk(parsing: payload.span) else { continue }
            parsed += 1
            _ = text(of: chunk, in: payload)
        }
        #expect(parsed > 500)
    }
}
