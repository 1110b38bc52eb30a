/// One row of the table of models: what is known of all models whose names match.
public struct ModelRow: Sendable {
    /// Where a stream begins.
    public enum Start: String, Sendable, CaseIterable {
        case content
        case reasoning
        /// In the reasoning, unless the request switches it off.
        case reasoningUnlessOff = "reasoning unless off"
        /// In the answer, unless the request switches reasoning on.
        case contentUnlessOn = "content unless on"
        /// In the reasoning where the request names an effort other than none.
        case reasoningWithEffort = "reasoning with effort"
    }

    /// Compared, without case, with a model's name behind its last `/`; `*` and `?` as in `ALLOW_MODELS`.
    public let pattern: String
    /// nil: as the next row says that matches.
    public var format: ReasoningFormat?
    public var start: Start?
    /// Whether our instruction is put in front of the messages; nil: where the format is `analysis-final`.
    public var injectsTags: Bool?
    /// Whether the upstream's own reasoning fields count.
    public var usesReasoningFields: Bool?
    /// Members to be added to the request where it has none of that name.
    public var extraBody: [ChatRequest.ExtraMember]?
    /// Members to be added to a summary call with such a model.
    public var summaryBody: [ChatRequest.ExtraMember]?
    /// Whether the markers are special tokens, which a server may strip unless told not to.
    public var hasSpecialTokens = false
    /// Whether `/no_think` and `/think` in the prompt switch reasoning.
    public var readsPromptSwitches = false
    /// Whether the row holds only for requests that name a reasoning effort.
    public var needsEffort = false
    let glob: ModelPattern

    init(
        _ pattern: String, _ format: String? = nil, _ start: Start? = nil, special: Bool = false,
        promptSwitches: Bool = false, needsEffort: Bool = false, injectsTags: Bool? = nil
    ) {
        self.injectsTags = injectsTags
        self.pattern = pattern
        self.format = format.flatMap(ReasoningFormat.named)
        self.start = start
        hasSpecialTokens = special
        readsPromptSwitches = promptSwitches
        self.needsEffort = needsEffort
        glob = ModelPattern(pattern.lowercased())
    }
}

extension ModelRow {
    /// Several patterns with the same row.
    static func rows(
        _ patterns: String, _ format: String?, _ start: Start? = nil, special: Bool = false,
        promptSwitches: Bool = false, needsEffort: Bool = false, injectsTags: Bool? = nil
    ) -> [ModelRow] {
        patterns.split(separator: " ").map {
            ModelRow(
                String($0), format, start, special: special, promptSwitches: promptSwitches,
                needsEffort: needsEffort, injectsTags: injectsTags)
        }
    }

    /// The built-in table: the first row that matches wins.
    public static let builtIn: [ModelRow] = [
        rows("gpt-oss*", "harmony", special: true),
        rows("deepseek-r1* deepseek-reasoner", "think-prefilled", .reasoning),
        rows("deepseek-v3.1* deepseek-v3.2* deepseek-v4*", "deepseek", .contentUnlessOn),
        rows("qwen3*thinking*", "qwen3", .reasoning),
        rows("qwen3.5* qwen3.6* qwen3.7* qwen3.8* qwen3.9* qwen4*", "qwen3", .reasoningUnlessOff),
        rows("qwen3*", "qwen3", .content),
        rows("qwq*", "think-prefilled", .reasoning),
        rows("glm-4.5* glm-4.6*", "glm45", .content),
        rows("glm-4.7* glm-5*", "glm45", .reasoningUnlessOff),
        rows("kimi-k3*", "kimi-k3", .reasoningUnlessOff, special: true),
        rows("kimi-k2-thinking*", "kimi-k2", .content),
        rows("kimi-k2.5* kimi-k2.6* kimi-k2.7* kimi-k2.8* kimi-k2.9*", "kimi-k2", .reasoningUnlessOff),
        rows("kimi-vl*thinking* kimi-*", "kimi", .content),
        rows("magistral*2506*", "think", .content),
        rows("magistral* ministral*reasoning*", "mistral", .content, special: true),
        rows("mistral-*", "mistral", .content, special: true, needsEffort: true),
        rows("seed-oss*", "seed-oss", .content),
        rows("minimax-m3*", "minimax-m3", .contentUnlessOn),
        rows("minimax-m1* minimax-m2*", "think-prefilled", .reasoning),
        rows("command-a-plus*", "cohere-command", .reasoningUnlessOff, special: true),
        rows("command-a-reasoning* command-r7b* c4ai-command*", "cohere-command", .content, special: true),
        rows("granite-3.2*", "granite-3.2", .content),
        rows("granite-3.3*", "think", .content),
        rows(
            "granite-4.2* granite-4.3* granite-4.4* granite-4.5* granite-4.6* granite-4.7* granite-4.8* granite-4.9* granite-5*",
            "think-prefilled", .reasoningUnlessOff),
        rows(
            "*nemotron-3* nemotron-nano*v2* nemotron-super* nemotron-nano*", "think-prefilled", .reasoningUnlessOff,
            promptSwitches: true),
        rows("gemma-4*", "gemma4", .content, special: true),
        rows("gemma-3n* gemma-3*", "analysis-final"),
        // Its template refuses system messages.
        rows("gemma-2*", "analysis-final", injectsTags: false),
        rows("ernie-4.5*thinking* ernie-4.5-vl*", "think-prefilled", .reasoning),
        rows("hunyuan-a13b*", "hunyuan-a13b", .content),
        rows("hunyuan*", "hunyuan", .content),
        rows("hy3* hy-3* hy-4*", "think-prefilled", .reasoningWithEffort),
        rows("step-3* step3* step-3.5* olmo-3*think*", "think-prefilled", .reasoning),
        rows("holo2*", "think-prefilled", .reasoningUnlessOff),
        rows("intern-s1* nanbeige* dots* lfm2.5* smollm3*", "think", .content),
        rows("mimo* laguna*", "think", .contentUnlessOn),
        rows(
            "ling-3* minicpm*5* plamo-3* reka-edge* gigachat3.5* iquest* spark*", "think-prefilled", .reasoningUnlessOff
        ),
        rows("apriel-1.*thinker*", "apriel", .reasoning),
        rows("apertus*", "apertus", .content, special: true),
        rows("k2-horizon*", "k2-horizon", .reasoning),
        rows("muse*", "muse", special: true),
        rows("inkling*", "inkling", special: true),
        rows("solar-open*", "solar-open", .content, special: true),
    ].flatMap(\.self)
}
