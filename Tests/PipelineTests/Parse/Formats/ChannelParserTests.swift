import Testing

@testable import Pipeline

@Suite("The formats of messages")
struct ChannelParserTests {
    private static func parse(_ chunks: [[UInt8]], _ format: ReasoningFormat) -> (reasoning: String, content: String) {
        var parser = FormatParser(format)
        var parts = ParsedText()
        for chunk in chunks { parser.consume(chunk.span, into: &parts) }
        parser.finish(into: &parts)
        return (
            String(decoding: parts.reasoning, as: UTF8.self), String(decoding: parts.content, as: UTF8.self)
        )
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let format: String
        let text: String
        let reasoning: String
        let content: String

        var testDescription: String { "\(format) \(text.prefix(80).debugDescription)" }

        init(_ format: String, _ text: String, reasoning: String = "", content: String = "") {
            self.format = format
            self.text = text
            self.reasoning = reasoning
            self.content = content
        }
    }

    static let long = String(repeating: "0123456789", count: 300)

    static let examples = [
        // Headers without a body (R9).
        Example("harmony", "<|channel|>analysis I must refuse<|end|>", reasoning: "I must refuse"),
        Example("harmony", "<|channel|>final Hello world", content: "Hello world"),
        Example("harmony", #"<|channel|>final <|constrain|>json {"a":1}<|end|>"#, content: #"{"a":1}"#),
        Example("harmony", "<|channel|>final <|constrain|>json<|end|>"),
        Example("harmony", "<|channel|>analysis"), Example("harmony", "<|start|>assistant"),
        Example("harmony", "<|start|>assistant I must refuse<|end|>", content: "I must refuse"),
        Example("harmony", #" to=functions.f <|constrain|>json {"a":1}<|call|>"#),
        Example(
            "harmony", "I must refuse<|end|><|start|>assistant<|channel|>final<|message|>No.<|return|>",
            content: "I must refuse\nNo."),
        // A further channel restarts the channel; the message is still addressed.
        Example("harmony", "<|channel|>analysis<|channel|>final<|message|>x", content: "x"),
        Example(
            "harmony",
            "<|start|>assistant<|channel|>commentary to=functions.f<|channel|>commentary <|constrain|>json<|message|>{}<|call|>"
        ),
        Example("harmony", "<|channel|>commentary <|constrain|>json to=functions.f<|message|>{}<|call|>"),
        // Addressed to the user is not addressed to a tool.
        Example("harmony", " to=user<|channel|>final<|message|>x", content: "x"),
        Example(
            "harmony", "<|channel|>analysis<|message|>a<|end|> \n <|start|>assistant<|message|>x", reasoning: "a",
            content: "x"),
        // Without markers everything is content (R13), however it begins and however long it is.
        Example("harmony", "to=the point: " + long, content: "to=the point: " + long),
        Example("muse", " to=self " + long, content: " to=self " + long),
        Example("muse", " to=self, you said", content: " to=self, you said"),
        Example("harmony", "a  b\n\nc", content: "a  b\n\nc"),
        // A header that is too long is none.
        Example("harmony", "<|channel|>analysis " + long, reasoning: long),
        Example("inkling", "<|message_model|>" + long + "<|content_text|>x", content: "x"),
        Example("inkling", "<|message_model|>" + long),
    ]

    @Test("keep to the rules at their edges, however the text is divided", arguments: examples)
    func edges(_ example: Example) throws {
        let format = try #require(ReasoningFormat.named(example.format))
        for division in Rechunking.divisions(of: [example.text]) {
            let parsed = Self.parse(division.chunks, format)
            #expect(parsed.reasoning == example.reasoning, "\(division.name)")
            #expect(parsed.content == example.content, "\(division.name)")
        }
    }
}

@Suite("The label behind an opening marker")
struct LabelTests {
    @Test(
        "is removed also where the prompt holds the marker, and only there where it may stand",
        arguments: [
            ("thought\na<channel|>x", "a", "x"), ("thought<channel|>x", "", "x"), ("thought", "", ""),
            ("<|channel>thought\na<channel|>x", "a", "x"), ("thoughts<channel|>x", "thoughts", "x"),
            ("a thought\n<channel|>x", "a thought\n", "x"),
        ])
    func label(text: String, reasoning: String, content: String) throws {
        let format = try #require(ReasoningFormat.named("gemma4"))
        for division in Rechunking.divisions(of: [text]) {
            var parser = FormatParser(format, startsInReasoning: true)
            var parts = ParsedText()
            for chunk in division.chunks { parser.consume(chunk.span, into: &parts) }
            parser.finish(into: &parts)
            #expect(parts.reasoningString == reasoning, "\(division.name)")
            #expect(parts.contentString == content, "\(division.name)")
        }
    }
}
