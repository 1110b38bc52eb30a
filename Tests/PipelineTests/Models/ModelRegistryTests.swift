import Testing

@testable import Pipeline

@Suite("The table of models")
struct ModelRegistryTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let model: String
        let members: String
        let format: String
        let startsInReasoning: Bool

        var testDescription: String { "\(model) \(members)" }

        init(_ model: String, _ format: String, _ startsInReasoning: Bool) {
            self.init(model, "", format, startsInReasoning)
        }

        init(_ model: String, _ members: String, _ format: String, _ startsInReasoning: Bool) {
            self.model = model
            self.members = members
            self.format = format
            self.startsInReasoning = startsInReasoning
        }
    }

    static let cases = [
        Case("openai/gpt-oss-120b", "harmony", false), Case("GPT-OSS-20B", "harmony", false),
        Case("deepseek-ai/DeepSeek-R1-0528", "think-prefilled", true),
        Case("deepseek-reasoner", "think-prefilled", true),
        Case("DeepSeek-V3.1", "deepseek", false), Case("deepseek-v3", "analysis-final", false),
        Case("DeepSeek-V3.1", #""chat_template_kwargs":{"thinking":true}"#, "deepseek", true),
        Case("DeepSeek-V3.1", #""chat_template_kwargs":{"enable_thinking":true}"#, "deepseek", true),
        Case("Qwen/Qwen3-235B-A22B-Thinking-2507", "qwen3", true), Case("Qwen/Qwen3-32B", "qwen3", false),
        Case("qwen3.5-397b", "qwen3", true), Case("qwen3.5-397b", #""enable_thinking":false"#, "qwen3", false),
        Case("QwQ-32B", "think-prefilled", true), Case("glm-4.6", "glm45", false), Case("glm-4.7-flash", "glm45", true),
        Case("glm-5", #""thinking":{"type":"disabled"}"#, "glm45", false),
        Case("kimi-k3", "kimi-k3", true),
        Case("kimi-k3", #""chat_template_kwargs":{"thinking":false}"#, "kimi-k3", false),
        Case("kimi-k2-thinking", "kimi-k2", false), Case("kimi-k2.5", "kimi-k2", true),
        Case("Kimi-VL-A3B-Thinking", "kimi", false), Case("kimi-k2-instruct", "kimi", false),
        Case("magistral-small-2506", "think", false), Case("magistral-small-2509", "mistral", false),
        Case("mistral-medium-3.5", "analysis-final", false),
        Case("mistral-medium-3.5", #""reasoning_effort":"high""#, "mistral", false),
        Case("MiniMax-M2", "think-prefilled", true), Case("minimax-m3", "minimax-m3", false),
        Case("minimax-m3", #""thinking_mode":"enabled""#, "minimax-m3", true),
        Case("command-a-plus-05", "cohere-command", true),
        Case("command-a-plus-05", #""reasoning_effort":"none""#, "cohere-command", false),
        Case("granite-3.2-8b-instruct", "granite-3.2", false), Case("granite-3.3-8b", "think", false),
        Case("granite-4.2-h", "think-prefilled", true), Case("granite-4.0-h", "analysis-final", false),
        Case("nvidia/NVIDIA-Nemotron-3-Nano-30B", "think-prefilled", true), Case("gemma-4-31b", "gemma4", false),
        Case("gemma-3-27b-it", "analysis-final", false), Case("hunyuan-a13b-instruct", "hunyuan-a13b", false),
        Case("hunyuan-7b", "hunyuan", false), Case("hy3-preview", "think-prefilled", false),
        Case("hy3-preview", #""reasoning_effort":"high""#, "think-prefilled", true),
        Case("hy3-preview", #""reasoning_effort":"no_think""#, "think-prefilled", false),
        Case("mimo-v2", "think", false), Case("mimo-v2", #""enable_thinking":true"#, "think", true),
        Case("apriel-1.5-15b-thinker", "apriel", true), Case("solar-open-100b", "solar-open", false),
        Case("llama-3.1-8b", "analysis-final", false), Case("my/qwen3/", "analysis-final", false),
        Case("", "analysis-final", false),
    ]

    private func request(_ members: String, content: String = "x") throws -> ChatRequest {
        let more = members.isEmpty ? "" : "," + members
        let body = #"{"model":"m","messages":[{"role":"user","content":"\#(content)"}]\#(more)}"#
        return try ChatRequest(parsing: Array(body.utf8))
    }

    @Test("gives format and start by the name behind the last slash and by the request's switches", arguments: cases)
    func rows(_ example: Case) throws {
        let switches = try request(example.members).reasoningSwitches
        let capabilities = ModelRegistry().capabilities(of: example.model, switches: switches)
        #expect(capabilities.format.name == example.format)
        #expect(capabilities.startsInReasoning == example.startsInReasoning)
        #expect(capabilities.injectsTags == (example.format == "analysis-final"))
    }

    @Test(
        "knows the switches in the prompt, where the model does",
        arguments: [
            ("detailed thinking /no_think", false), ("/no_think then /think", true), ("see </think> and a/think", true),
            ("/think first, /no_think last", false), (#"Why?\n/no_think"#, false), (#"Why?\n\/no_think."#, false),
            ("see /thinking, /think/ and /no_thinking", true), ("/no_think then see /thinking", false),
            ("/no_think then a <br/think>", false),
        ])
    func promptSwitches(content: String, startsInReasoning: Bool) throws {
        let request = try request("", content: content)
        let nemotron = ModelRegistry().capabilities(of: "nemotron-nano-9b-v2") { request.promptSwitch }
        #expect(nemotron.startsInReasoning == startsInReasoning)
        let other = ModelRegistry().capabilities(of: "deepseek-r1") { request.promptSwitch }
        #expect(other.startsInReasoning)
    }

    @Test("knows the switches in every message that asks, and not in what the model said")
    func promptSwitchMessages() throws {
        for (messages, expected) in [
            (#"{"role":"system","content":"/no_think"},{"role":"user","content":"Why?"}"#, false),
            (#"{"role":"user","content":"Why?"},{"role":"assistant","content":"/no_think"}"#, nil),
            (#"{"content":[{"type":"text","text":"/no_think"},{"type":"text","text":"Why?"}],"role":"user"}"#, false),
            (#"{"role":"system","content":"/no_think"},{"role":"user","content":"Why? /think"}"#, true),
            (#"{"role":"user","name":"/no_think","content":null}"#, nil),
        ] as [(String, Bool?)] {
            let request = try ChatRequest(parsing: Array(#"{"model":"m","messages":[\#(messages)]}"#.utf8))
            #expect(request.promptSwitch == expected, "\(messages)")
        }
    }

    @Test("asks for no tags where the model's template refuses system messages")
    func noSystemMessages() {
        let capabilities = ModelRegistry().capabilities(of: "google/gemma-2-9b-it")
        #expect(capabilities.format.name == "analysis-final" && !capabilities.injectsTags)
        #expect(ModelRegistry().capabilities(of: "google/gemma-3-9b-it").injectsTags)
    }

    private func registry(_ json: String) -> ModelRegistry {
        var mistakes: [String] = []
        let rows = CapabilitiesFile.parse(json, mistakes: &mistakes)
        #expect(mistakes == [])
        return ModelRegistry(operatorRows: rows)
    }

    @Test("is extended and overruled by the operator's rows, which fill in what they leave out")
    func operatorRows() {
        let registry = registry(
            #"""
            {"models":[
              {"pattern":"mine-*","format":"think","starts_in_reasoning":true,"extra_body":{"skip_special_tokens":false,"x":{"y":[1]}}},
              {"pattern":"QWEN3-32b","starts_in_reasoning":true,"reasoning_fields":false},
              {"pattern":"gpt-oss-tagged","format":"analysis-final"},
              {"pattern":"gpt-oss-*","inject_tags":true,"summary_body":{"reasoning_effort":"low"}}
            ]}
            """#)
        let mine = registry.capabilities(of: "org/Mine-7b")
        #expect(mine.format.name == "think" && mine.startsInReasoning && !mine.injectsTags)
        #expect(mine.extraBody.map(\.name) == ["skip_special_tokens", "x"])
        #expect(mine.extraBody.map(\.json) == ["false", #"{"y":[1]}"#])
        let qwen = registry.capabilities(of: "qwen3-32b")
        #expect(qwen.format.name == "qwen3" && qwen.startsInReasoning && !qwen.usesReasoningFields)
        #expect(qwen.patterns == ["QWEN3-32b", "qwen3*"])
        let tagged = registry.capabilities(of: "gpt-oss-tagged")
        #expect(tagged.format.name == "analysis-final" && tagged.injectsTags && !tagged.hasSpecialTokens)
        let oss = registry.capabilities(of: "gpt-oss-20b")
        #expect(oss.format.name == "harmony" && oss.injectsTags && oss.hasSpecialTokens)
        #expect(oss.summaryBody.map(\.name) == ["reasoning_effort"])
    }

    @Test(
        "is not extended by a file that is wrong: each mistake has its path",
        arguments: [
            ("[]", "$: must be an object"), ("{", "not valid JSON"), ("{}", "$.models: is missing"),
            (#"{"models":{}}"#, "$.models: must be an array"), (#"{"models":[],"x":1}"#, "$.x: unknown"),
            (#"{"models":[1]}"#, "$.models[0]: must be an object"),
            (#"{"models":[{}]}"#, "$.models[0].pattern: is missing"),
            (#"{"models":[{"pattern":""}]}"#, "$.models[0].pattern: must be a text"),
            (#"{"models":[{"pattern":"a"},{"pattern":"b","format":"thonk"}]}"#, "$.models[1].format: must be one of"),
            (
                #"{"models":[{"pattern":"b","starts_in_reasoning":"yes"}]}"#,
                "$.models[0].starts_in_reasoning: must be true"
            ),
            (#"{"models":[{"pattern":"b","extra_body":[]}]}"#, "$.models[0].extra_body: must be an object"),
            (#"{"models":[{"pattern":"b","extra_body":{"messages":[]}}]}"#, "$.models[0].extra_body.messages: is the"),
            (#"{"models":[{"pattern":"b","starts":true}]}"#, "$.models[0].starts: unknown"),
        ])
    func mistakes(json: String, mistake: String) {
        var mistakes: [String] = []
        _ = CapabilitiesFile.parse(json, mistakes: &mistakes)
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.hasPrefix(mistake) == true)
    }
}
