/// How a family of models parts its reasoning from its answer: a row of the table of formats.
public struct ReasoningFormat: Sendable {
    enum Grammar: Sendable {
        case analysisFinal
        case tags(TagFormat)
        case channels(ChannelFormat)
    }

    public let name: String
    let grammar: Grammar
    /// Whether a stream begins inside the reasoning where nothing else is known: the prompt holds the opening marker.
    public let startsInReasoning: Bool

    private init(_ name: String, _ grammar: Grammar, startsInReasoning: Bool = false) {
        self.name = name
        self.grammar = grammar
        self.startsInReasoning = startsInReasoning
    }

    private init(_ name: String, startsInReasoning: Bool = false, _ format: TagFormat) {
        self.init(name, .tags(format), startsInReasoning: startsInReasoning)
    }

    private static let thinkOpening = ["<think>"]
    private static let thinkClosing = ["</think>"]

    /// What our instruction asks of models that have no format of their own.
    public static let analysisFinal = ReasoningFormat("analysis-final", .analysisFinal)

    /// Every format, each a row: openings, closings, what ends the reasoning early, what is removed around the answer.
    public static let all: [ReasoningFormat] = [
        analysisFinal,
        ReasoningFormat("think", TagFormat(thinkOpening, thinkClosing)),
        ReasoningFormat("think-prefilled", startsInReasoning: true, TagFormat(thinkOpening, thinkClosing)),
        ReasoningFormat("qwen3", TagFormat(thinkOpening, thinkClosing, toolsAtLineStart: ["<tool_call>"])),
        ReasoningFormat("glm45", TagFormat(thinkOpening, thinkClosing, tools: ["<tool_call>"])),
        ReasoningFormat(
            "kimi-k2",
            TagFormat(
                thinkOpening, thinkClosing, tools: ["<|tool_calls_section_begin|>", "<|tool_call_begin|>"])),
        ReasoningFormat(
            "deepseek",
            TagFormat(
                thinkOpening, thinkClosing,
                tools: ["<｜tool▁calls▁begin｜>", "<｜DSML｜function_calls>", "<｜DSML｜tool_calls>"])),
        ReasoningFormat("hunyuan", TagFormat(thinkOpening, thinkClosing, tools: ["<tool_calls>"])),
        ReasoningFormat("hunyuan-a13b", TagFormat(thinkOpening, thinkClosing, wrappers: ["<answer>", "</answer>"])),
        ReasoningFormat(
            "thinking",
            TagFormat(
                ["<thinking>", "<thought>", "<reasoning>", "<reason>"],
                ["</thinking>", "</thought>", "</reasoning>", "</reason>"])),
        ReasoningFormat("seed-oss", TagFormat(["<seed:think>"], ["</seed:think>"], tools: ["<seed:tool_call>"])),
        ReasoningFormat("minimax-m3", TagFormat(["<mm:think>"], ["</mm:think>"])),
        ReasoningFormat(
            "granite-3.2",
            TagFormat(
                ["Here is my thought process:", "Here's my thought process:"],
                ["Here is my response:", "Here's my response:"])),
        ReasoningFormat(
            "apriel", startsInReasoning: true,
            TagFormat(
                ["Here are my reasoning steps:"], ["[BEGIN FINAL RESPONSE]"], wrappers: ["[END FINAL RESPONSE]"])),
        ReasoningFormat(
            "k2-horizon", startsInReasoning: true,
            TagFormat(
                ["<ifm|think>", "<ifm|think_fast>", "<ifm|think_faster>"],
                ["</ifm|think>", "</ifm|think_fast>", "</ifm|think_faster>"], tools: ["<ifm|tool_calls>"])),
        ReasoningFormat("kimi", TagFormat(["◁think▷"], ["◁/think▷"], anywhere: true)),
        ReasoningFormat("mistral", TagFormat(["[THINK]"], ["[/THINK]"], anywhere: true)),
        ReasoningFormat(
            "cohere-command",
            TagFormat(
                ["<|START_THINKING|>"], ["<|END_THINKING|>"], anywhere: true,
                wrappers: ["<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"],
                dropped: ("<|START_ACTION|>", "<|END_ACTION|>"))),
        ReasoningFormat("gemma4", TagFormat(["<|channel>"], ["<channel|>"], anywhere: true, label: "thought")),
        ReasoningFormat("apertus", TagFormat(["<|inner_prefix|>"], ["<|inner_suffix|>"], anywhere: true)),
        ReasoningFormat(
            "kimi-k3", startsInReasoning: true,
            TagFormat(
                ["<|open|>think<|sep|>"], ["<|close|>think<|sep|>"], anywhere: true,
                tools: ["<|open|>tools<|sep|>"],
                wrappers: ["<|close|>response<|sep|>", "<|close|>message<|sep|>"],
                answerWrappers: ["<|open|>response<|sep|>", "<|open|>message<|sep|>"])),
        ReasoningFormat("harmony", .channels(.harmony)),
        ReasoningFormat("muse", .channels(.muse)),
        ReasoningFormat("inkling", .channels(.inkling)),
        ReasoningFormat(
            "solar-open",
            TagFormat(
                ["<|think|>"], ["<|end|>"], anywhere: true,
                wrappers: ["<|begin|>assistant<|content|>", "<|content|>"])),
    ]

    /// The format of that name.
    public static func named(_ name: String) -> ReasoningFormat? { all.first { $0.name == name } }

    /// What a text in this format may begin with, as far as that tells the format.
    var leadingMarkers: [[UInt8]] {
        switch grammar {
        case .analysisFinal: [ContractTag.analysisOpening.bytes, ContractTag.finalOpening.bytes]
        case .tags(let format): format.openings
        case .channels(let format):
            switch format.grammar {
            case .harmony: [Array("<|channel|>".utf8), Array("<|start|>".utf8)]
            case .muse: [Array(" to=self<|message|>".utf8), Array("to=self<|message|>".utf8)]
            case .inkling: [Array("<|message_model|>".utf8), Array("<|content_thinking|>".utf8)]
            }
        }
    }

    /// Bytes of text that may be held back as a part of a marker.
    public var longestMarker: Int {
        switch grammar {
        case .analysisFinal: ContractTag.analysisClosing.bytes.count
        case .tags(let format): format.longestMarker
        case .channels(let format): format.longestMarker
        }
    }
}

extension ReasoningFormat {
    /// What stands in front of an example's reasoning, and between it and the answer.
    public var example: (opening: String, closing: String) {
        func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
        switch grammar {
        case .analysisFinal: return ("<analysis>", "</analysis><final>")
        case .tags(let format): return (text(format.openings.first), text(format.closings.first))
        case .channels(let format):
            switch format.grammar {
            case .harmony:
                return (
                    "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"
                )
            case .muse: return (" to=self<|message|>", "<|eom|><|start|>assistant to=user<|message|>")
            case .inkling: return ("<|content_thinking|>", "<|end_message|><|content_text|>")
            }
        }
    }
}
