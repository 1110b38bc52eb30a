import ArgumentParser
import Gateway
import Pipeline
import Testing

@testable import Commands

@Suite("parse and models explain")
struct ParseTests {
    @Test(
        "answer each line by itself",
        arguments: [
            (
                #"{"format":"think","chunks":["<thi","nk>a\n</think>","é\ud83d\ude00"]}"#,
                #"{"reasoning":"a\n","content":"é😀"}"#
            ),
            (
                #"{"format":"think","starts_in_reasoning":true,"chunks":["a</think>b"],"id":1}"#,
                #"{"reasoning":"a","content":"b"}"#
            ),
            (
                #"{"format":"think-prefilled","starts_in_reasoning":null,"chunks":["a"]}"#,
                #"{"reasoning":"a","content":""}"#
            ),
            (#"{"format":"analysis-final","chunks":[]}"#, #"{"reasoning":"","content":""}"#),
            (#"{"format":"x","chunks":[]}"#, #"{"error":"unknown format"}"#),
            (#"{"chunks":[]}"#, #"{"error":"format is missing"}"#),
            (#"{"format":"think"}"#, #"{"error":"chunks are missing"}"#),
            (#"{"format":"think","chunks":[1]}"#, #"{"error":"chunks must be a list of texts"}"#),
            (#"{"format":"think","chunks":"a"}"#, #"{"error":"chunks must be a list of texts"}"#),
            (
                #"{"format":"think","chunks":[],"starts_in_reasoning":1}"#,
                #"{"error":"starts_in_reasoning must be true or false"}"#
            ),
        ])
    func lines(line: String, answer: String) {
        #expect(ParseLine.answer(Array(line.utf8)) == answer)
    }

    @Test("answer a line that is no JSON with its position")
    func noJSON() {
        #expect(ParseLine.answer(Array("{".utf8)).hasPrefix(#"{"error":"not valid JSON: at byte 1"#))
    }

    @Test(
        "take one format, one model or JSON lines",
        arguments: [
            (["--format", "think"], true), (["--model", "qwen3-8b", "--starts-in-content"], true), (["--jsonl"], true),
            ([], false), (["--format", "nope"], false), (["--format", "think", "--model", "m"], false),
            (["--jsonl", "--format", "think"], false),
            (["--format", "think", "--starts-in-content", "--starts-in-reasoning"], false),
        ])
    func options(arguments: [String], accepted: Bool) {
        #expect(((try? ParseCommand.parse(arguments)) != nil) == accepted)
    }

    @Test(
        "divide a model's text as the gateway does",
        arguments: [
            ("llama-3.1-8b", "<think>a</think>b", "a", "b"), ("llama-3.1-8b", "plain", "", "plain"),
            ("llama-3.1-8b", "<analysis>a</analysis><final>b</final>", "a", "b"),
            ("deepseek-r1", "a</think>b", "a", "b"), ("deepseek-r1", "all of it", "", "all of it"),
        ])
    func models(model: String, text: String, reasoning: String, content: String) throws {
        let streams = try GatewayConfiguration(environment: [:]).streams
        for step in [1, text.utf8.count] {
            var divider = TextDivider(ModelRegistry().capabilities(of: model), startsInReasoning: nil, streams)
            var parts = ParsedText()
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                divider.consume(Array(rest.prefix(step)).span, into: &parts)
                rest = rest.dropFirst(step)
            }
            divider.finish(into: &parts)
            #expect(String(decoding: parts.reasoning, as: UTF8.self) == reasoning)
            #expect(String(decoding: parts.content, as: UTF8.self) == content)
        }
    }

    @Test("tell which row matched and what follows")
    func explain() {
        let known = ExplainModel.explanation(of: "org/gpt-oss-20b", ModelRegistry().capabilities(of: "org/gpt-oss-20b"))
        for words in ["gpt-oss*", "harmony", "not injected", "skip_special_tokens"] { #expect(known.contains(words)) }
        let unknown = ExplainModel.explanation(of: "x", ModelRegistry().capabilities(of: "x"))
        for words in ["none", "analysis-final", "injected, save with tools"] { #expect(unknown.contains(words)) }
    }
}
