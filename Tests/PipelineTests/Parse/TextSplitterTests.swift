import TestSupport
import Testing

@testable import Pipeline

@Suite("A text of which little is known")
struct TextSplitterTests {
    private func split(
        _ text: String, _ format: String = "analysis-final", starts: Bool = false, preamble: Int? = nil,
        automatic: Bool = true, stopped: Bool = true, limit: Int = 1_000, step: Int = 1
    ) throws -> (reasoning: String, content: String, splitter: TextSplitter) {
        var splitter = TextSplitter(
            TextExpectation(
                format: try #require(ReasoningFormat.named(format)), startsInReasoning: starts,
                preambleCharacters: preamble, isAutomatic: automatic, recoveryBytes: limit))
        var parts = ParsedText()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            splitter.consume(Array(rest.prefix(step)).span, into: &parts)
            rest = rest.dropFirst(step)
        }
        splitter.finish(.complete, stopped: stopped, into: &parts)
        return (
            String(decoding: parts.reasoning, as: UTF8.self), String(decoding: parts.content, as: UTF8.self), splitter
        )
    }

    static let beginnings: [(String, String, String, String)] = [
        ("<think>a</think>b", "think", "a", "b"), ("\n <thinking>a</thinking>b", "thinking", "\n a", "b"),
        ("◁think▷a◁/think▷b", "kimi", "a", "b"), ("[THINK]a[/THINK]b", "mistral", "a", "b"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "harmony", "a", "b"),
        ("<|channel>thought\na<channel|>b", "gemma4", "a", "b"),
        ("to=self<|message|>a<|eom|><|start|>assistant to=user<|message|>b<|eot|>", "muse", "a", "b"),
        ("<|content_thinking|>a<|end_message|><|content_text|>b", "inkling", "a", "b"),
        ("Here is my thought process: a Here is my response: b", "granite-3.2", " a ", " b"),
        ("<analysis>a</analysis><final>b</final>", "analysis-final", "a", "b"),
        ("Hi <think>a</think>", "analysis-final", "", "Hi <think>a</think>"), ("<thin", "analysis-final", "", "<thin"),
        ("Here is b", "analysis-final", "", "Here is b"), ("", "analysis-final", "", ""),
        (" \n", "analysis-final", "", " \n"),
    ]

    @Test("has the format whose marker it begins with, and none later", arguments: beginnings, [1, 3, 1_000])
    func automatic(_ example: (String, String, String, String), step: Int) throws {
        let (text, format, reasoning, content) = example
        let result = try split(text, step: step)
        #expect(result.splitter.formatName == format)
        #expect(result.reasoning.trimmingWhiteSpace() == reasoning.trimmingWhiteSpace())
        #expect(result.content.trimmingWhiteSpace() == content.trimmingWhiteSpace())
    }

    @Test("is told by nothing but our own tags where the model is known", arguments: [1, 1_000])
    func known(step: Int) throws {
        let own = try split("<think>a</think>b", "harmony", automatic: false, step: step)
        #expect(own.content == "<think>a</think>b")
        for starts in [false, true] {
            let tagged = try split(
                " <analysis>a</analysis><final>b</final>", "think", starts: starts, automatic: false, step: step)
            #expect(tagged.reasoning == "a" && tagged.content == "b")
        }
        let late = try split("x <final>b</final>", "think", automatic: false, step: step)
        #expect(late.content == "x <final>b</final>")
    }

    @Test("is without our tags where the model was told to use them and thinks in its own way")
    func instructed() throws {
        let result = try split("<think>a</think>\n<analysis>c</analysis><final>b</final>", preamble: 10)
        #expect(result.reasoning == "ac")
        #expect(result.content == "\nb")
    }

    @Test("is the answer when it should have begun in reasoning and has no marker to its end")
    func recovered() throws {
        let result = try split("All of it.", "think", starts: true, automatic: false)
        #expect(result.content == "All of it." && result.splitter.recoveredAll && result.splitter.recovered)
        let cut = try split("All of it.", "think", starts: true, automatic: false, stopped: false)
        #expect(cut.reasoning == "All of it." && cut.content == "" && !cut.splitter.recovered)
        let marked = try split("a</think>", "think", starts: true, automatic: false)
        #expect(marked.reasoning == "a" && marked.content == "" && !marked.splitter.recovered)
        let large = try split("All of it.", "think", starts: true, automatic: false, limit: 5)
        #expect(large.content == "" && large.splitter.recoveryAbandoned)
    }

    @Test("that comes beside reasoning fields is the answer as it stands, without a leading closing marker")
    func fields() throws {
        for (text, content) in [("</think>\n\nx", "\n\nx"), ("x</think>", "x</think>"), ("<think>x", "<think>x")] {
            var splitter = TextSplitter(
                TextExpectation(
                    format: try #require(ReasoningFormat.named("think-prefilled")), startsInReasoning: true,
                    recoveryBytes: 100))
            var parts = ParsedText()
            splitter.reasoningFieldSeen(into: &parts)
            for byte in text.utf8 { splitter.consume([byte].span, into: &parts) }
            splitter.finish(.complete, stopped: true, into: &parts)
            #expect(String(decoding: parts.content, as: UTF8.self) == content)
            #expect(parts.reasoning.isEmpty)
        }
    }

    /// Pieces of content, and a reasoning field before the one with that number.
    static let beside: [([String], Int, String, String, String)] = [
        // The server sends a field and leaves the markers in: the block that is open ends by its own marker.
        (["<think>a", "b</think>x", "y<final>z</final>"], 1, "think", "ab", "xyz"),
        (["<think>a", "b</th", "ink>x<ana", "lysis>c</analysis>y"], 2, "think", "abc", "xy"),
        (
            [
                "<|channel|>analysis<|message|>a", "b<|end|><|start|>assistant",
                "<|channel|>final<|message|>x<|return|>",
            ], 1, "harmony", "ab", "x"
        ),
        (["<|channel>thought\na", "b<channel|>x", "<channel|>y"], 1, "gemma4", "ab", "xy"),
        // Here the field shows that the text was never reasoning.
        (["\n", "x", "</think>y"], 1, "think-prefilled", "", "\nx</think>y"),
        (["x", "<think>y"], 1, "think", "", "x<think>y"), (["", "<|end|>x"], 0, "harmony", "", "<|end|>x"),
    ]

    @Test("is divided by its markers where the upstream has left one open before its first field", arguments: beside)
    func fieldsBesideMarkers(_ example: ([String], Int, String, String, String)) throws {
        let (pieces, field, name, reasoning, content) = example
        let format = try #require(ReasoningFormat.named(name))
        for isDivided in [false, true] {
            var splitter = TextSplitter(
                TextExpectation(format: format, startsInReasoning: format.startsInReasoning, recoveryBytes: 100))
            var parts = ParsedText()
            for (number, piece) in pieces.enumerated() {
                if number == field { splitter.reasoningFieldSeen(into: &parts) }
                if isDivided {
                    for byte in piece.utf8 { splitter.consume([byte].span, into: &parts) }
                } else {
                    splitter.consume(Array(piece.utf8).span, into: &parts)
                }
            }
            splitter.finish(.complete, stopped: true, into: &parts)
            #expect(String(decoding: parts.reasoning, as: UTF8.self) == reasoning)
            #expect(String(decoding: parts.content, as: UTF8.self) == content)
        }
    }

    @Test("loses nothing of a tag that was begun when a field comes")
    func fieldInTag() throws {
        var splitter = TextSplitter(
            TextExpectation(
                format: .analysisFinal, preambleCharacters: 100, isAutomatic: true, recoveryBytes: 100))
        var parts = ParsedText()
        splitter.consume("<think>a</think>x <fi".utf8.span, into: &parts)
        splitter.reasoningFieldSeen(into: &parts)
        splitter.consume("b".utf8.span, into: &parts)
        splitter.finish(.complete, stopped: true, into: &parts)
        #expect(String(decoding: parts.content, as: UTF8.self) == "x <fib")
    }
}

@Suite("Whatever the text, every format")
struct FormatPropertyTests {
    @Test("divides it alike however it is split, and makes it no longer", arguments: ReasoningFormat.all.map(\.name))
    func splits(name: String) throws {
        let format = try #require(ReasoningFormat.named(name))
        var generator = SeededGenerator(seed: 42)
        var pieces = ["a", " ", "\n", "é", "🙂", "<", "<|", "to=x", " to=self", "analysis", "final", "thought", "|>"]
        switch format.grammar {
        case .analysisFinal: pieces += ContractTag.all.map { String(decoding: $0.bytes, as: UTF8.self) }
        case .tags(let tags): pieces += tags.markers.map { String(decoding: $0.bytes, as: UTF8.self) }
        case .channels(let channels): pieces += channels.tokens.map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        pieces += pieces.suffix(4).map { String($0.dropLast()) }
        for round in 0..<400 {
            let text = (0..<Int.random(in: 0..<14, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let starts = round % 2 == 0
            func parse(_ chunks: [[UInt8]]) -> ParsedText {
                var parser = FormatParser(format, startsInReasoning: starts)
                var parts = ParsedText()
                for chunk in chunks { parser.consume(chunk.span, into: &parts) }
                parser.finish(into: &parts)
                return parts
            }
            let whole = parse([Array(text.utf8)])
            #expect(whole.reasoning.count + whole.content.count <= text.utf8.count + 16)
            let units = text.utf8.map { [$0] }
            for chunks in [units, Rechunking.random(units, seed: UInt64(round))] {
                #expect(parse(chunks) == whole, "\(name) \(starts): \(text.debugDescription)")
            }
        }
    }

    /// What a parser makes of `count` bytes of `text` over and over, in pieces of one byte.
    private static func feed(_ text: [UInt8], count: Int, to format: ReasoningFormat) {
        var parser = FormatParser(format, startsInReasoning: true)
        var parts = ParsedText()
        for index in 0..<count {
            parser.consume([text[index % text.count]].span, into: &parts)
            if parts.reasoning.count + parts.content.count > 1 << 10 { parts.clear() }
        }
        parser.finish(into: &parts)
    }

    @Test("takes time in proportion to the text", .timeLimit(.minutes(5)), arguments: ReasoningFormat.all.map(\.name))
    func linear(name: String) throws {
        let format = try #require(ReasoningFormat.named(name))
        // White space, plain text, and beginnings of markers that come to nothing.
        for text in [" ", "hm, ", "<", "<|", "<thin </thin [TH Here is my ◁/ "] {
            #expect(takesLinearTime(size: 4_000) { Self.feed(Array(text.utf8), count: $0, to: format) }, "\(text)")
        }
    }

    @Test("passes on at once what can be part of no marker", arguments: ReasoningFormat.all.map(\.name))
    func withheld(name: String) throws {
        let format = try #require(ReasoningFormat.named(name))
        guard case .tags(let tags) = format.grammar else { return }
        for starts in [true, false] {
            var parser = FormatParser(format, startsInReasoning: starts)
            var parts = ParsedText()
            var given = 0
            // Whole markers never come, so that whatever is not given out is withheld.
            for marker in tags.markers + tags.markers.reversed() {
                for byte in marker.bytes.dropLast() + Array("~ thought".utf8) {
                    parser.consume([byte].span, into: &parts)
                    given += 1
                    let out = parts.reasoning.count + parts.content.count
                    #expect(given - out == parser.heldBytes)
                    #expect(given - out < format.longestMarker)
                }
                parser.consume("~".utf8.span, into: &parts)
                given += 1
                #expect(parts.reasoning.count + parts.content.count == given)
            }
        }
    }
}
