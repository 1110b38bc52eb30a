import TestSupport
import Testing

@testable import Pipeline

@Suite("The parts of a reasoning")
struct ReasoningPartsTests {
    private func parts(_ rolling: Int? = 10, limit: Int = 1_000, _ text: String = "") -> ReasoningParts {
        var parts = ReasoningParts(rollingCharacters: rolling, maximumCharacters: limit)
        parts.append(Array(text.utf8).span)
        return parts
    }

    @Test("end where a sentence or a line does, once there are characters enough")
    func cuts() {
        for (text, expected) in [
            ("Short. x", nil), ("One two. Three", "One two. "), ("One.\nTwo. Three", "One.\nTwo. "),
            ("One two 3.5 four", nil), ("Is it so? Yes! And", "Is it so? Yes! "), ("线性时间。那么我们", nil),
            ("线性时间是什么呢。那么", "线性时间是什么呢。"), ("One two three\nfour", "One two three\n"),
        ] as [(String, String?)] {
            var parts = parts(10, text)
            #expect(parts.next()?.text == expected, "\(text)")
        }
    }

    @Test("end somewhere in a text without sentences, once there is twice as much")
    func withoutSentences() {
        var parts = parts(10, "0123456789012345678")
        #expect(parts.next() == nil)
        parts.append(Array("9é".utf8).span.extracting(0..<2))
        // Half a character stays behind.
        #expect(parts.next()?.text == "01234567890123456789")
        parts.finished("s")
        parts.append([0xA9].span)
        parts.end()
        #expect(parts.rest == "é")
    }

    @Test("end at the next sentence when the interval has passed")
    func interval() {
        var parts = parts(1_000, "One. Two")
        #expect(parts.awaitsInterval)
        #expect(parts.next() == nil)
        parts.intervalDidPass()
        #expect(!parts.awaitsInterval)
        #expect(parts.next()?.text == "One. ")
        // The next interval begins with the cut.
        #expect(parts.awaitsInterval)
    }

    @Test("are one at a time: what comes meanwhile joins the next one, which knows the summaries so far")
    func oneAtATime() {
        var parts = parts(10, "One two three. ")
        #expect(parts.next() == ReasoningParts.Part(number: 0, text: "One two three. ", context: ""))
        parts.append(Array("Four five six. Seven eight nine. Ten".utf8).span)
        #expect(parts.next() == nil)
        parts.finished("S0")
        #expect(
            parts.next()
                == ReasoningParts.Part(number: 1, text: "Four five six. Seven eight nine. ", context: "S0"))
        parts.finished("S1")
        parts.append(Array(" and more text".utf8).span)
        parts.append(Array(". ".utf8).span)
        #expect(parts.next()?.context == "S0\n\nS1")
    }

    @Test("that failed are put in front of the next one, which waits for as much again")
    func failed() {
        var parts = parts(10, "One two three. ")
        _ = parts.next()
        parts.append(Array("Four. ".utf8).span)
        parts.failed()
        #expect(parts.next() == nil)
        parts.append(Array("Five six. ".utf8).span)
        #expect(parts.next()?.text == "One two three. Four. Five six. ")
    }

    @Test("are one where summaries do not roll: the first characters of all")
    func final() {
        var parts = parts(nil, limit: 12, "One. Two. Three. Four. ")
        #expect(parts.next() == nil)
        #expect(!parts.awaitsInterval)
        parts.end()
        #expect(parts.isDue)
        #expect(parts.next()?.text == "One. Two. Th")
        #expect(parts.conclusion == nil)
        parts.finished("S")
        #expect(parts.conclusion == .complete)
        #expect(parts.characters == 23)
    }

    private static func text(_ count: Int) -> String { String(repeating: "a", count: count - 2) + ". " }

    @Test(
        "leave a tail out when it is small, tell one that is larger by an extract, and ask for one that is larger than all before",
        arguments: [
            (1_000, 0, 0), (1_000, 200, 0), (1_000, 250, 0), (1_000, 251, 1), (1_000, 1_000, 1), (1_000, 1_001, 2),
            (100, 100, 0), (100, 101, 2), (2_000, 500, 0),
        ])
    func tail(covered: Int, rest: Int, outcome: Int) {
        var parts = parts(covered, limit: 10_000, Self.text(covered))
        #expect(parts.next() != nil)
        parts.finished("S")
        let tail = String(repeating: "b", count: rest)
        parts.append(Array(tail.utf8).span)
        parts.end()
        #expect(parts.conclusion == [.complete, .extract(of: tail), nil][outcome])
        #expect(parts.isDue == (outcome == 2))
    }

    @Test("count the one in flight to the tail")
    func inFlightAtTheEnd() {
        var parts = parts(100, limit: 10_000, Self.text(1_000))
        _ = parts.next()
        parts.finished("S")
        parts.append(Array(Self.text(400).utf8).span)
        #expect(parts.next() != nil)
        parts.append(Array("end".utf8).span)
        parts.end()
        #expect(parts.conclusion == .extract(of: Self.text(400) + "end"))
    }

    @Test("hold every character once, however it comes", arguments: 0..<50)
    func everyCharacter(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let words = ["Hm. ", "wait", " — é", "。", "\n", "3.14 ", "Then? ", "x"]
        var whole = ""
        for _ in 0..<200 { whole += words.randomElement(using: &generator) ?? "" }
        var parts = parts(40, limit: 100_000)
        var seen = ""
        var isOpen = false
        var rest = Array(whole.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...9, using: &generator))
            rest = rest.dropFirst(piece.count)
            parts.append(piece.span)
            if Int.random(in: 0..<8, using: &generator) == 0 { parts.intervalDidPass() }
            if isOpen, Bool.random(using: &generator) {
                parts.finished("s")
                isOpen = false
            }
            if let part = parts.next() {
                seen += part.text
                isOpen = true
            }
        }
        if isOpen { parts.finished("s") }
        #expect(seen + parts.rest == whole)
        #expect(parts.characters == whole.unicodeScalars.count)
    }

    @Test("take linear time in a text without sentences", .timeLimit(.minutes(5)))
    func linear() {
        var parts = ReasoningParts(rollingCharacters: 1_000_000, maximumCharacters: 10_000_000)
        for _ in 0..<1_000_000 {
            parts.append([0x61].span)
            _ = parts.next()
        }
        #expect(parts.characters == 1_000_000)
    }
}

@Suite("A summary that is streamed")
struct StreamedSummaryTests {
    private func read(_ contents: [String], done: Bool = true) -> (words: [String], outcome: SummaryOutcome) {
        var summary = StreamedSummary(.unknown(recoveryBytes: 1_000))
        var words = contents.map { summary.receive(Array(Payload.content($0).utf8).span) }
        if done { _ = summary.receive(Array("[DONE]".utf8).span) }
        let end = summary.finish()
        words.append(end.words)
        return (words.filter { !$0.isEmpty }, end.outcome)
    }

    @Test("gives its words as they come, without white space at its ends")
    func words() {
        let (words, outcome) = read([" \n", " The ", "user", " asks. ", "\n\n"])
        #expect(words == ["The", " user", " asks."])
        #expect(outcome == .text("The user asks."))
    }

    @Test("is without the model's own thoughts")
    func thoughts() {
        let (words, outcome) = read(["<ana", "lysis>hm</analysis>", "<final>It", " is.</fi", "nal>"])
        #expect(words.joined() == "It is.")
        #expect(outcome == .text("It is."))
    }

    @Test("is not broken inside a character")
    func characters() {
        var summary = StreamedSummary(.unknown(recoveryBytes: 1_000))
        var words = ""
        for piece in [#"a\u00e9"#, #"\ud83d\ude00b"#] {
            words += summary.receive(Array(#"{"choices":[{"delta":{"content":"\#(piece)"}}]}"#.utf8).span)
        }
        #expect(words == "aé😀b")
    }

    @Test("fails where there is nothing, or no JSON, or an error")
    func failures() {
        #expect(read([" "]).outcome == .failed(detail: "the summary model's answer is empty"))
        for payload in ["<html>", #"{"error":{"message":"x"}}"#] {
            var summary = StreamedSummary(.unknown(recoveryBytes: 1_000))
            _ = summary.receive(Array(payload.utf8).span)
            guard case .failed = summary.finish().outcome else {
                Issue.record("\(payload) was taken for a summary")
                continue
            }
        }
    }

    @Test("tells of its tokens")
    func usage() {
        var summary = StreamedSummary(.unknown(recoveryBytes: 1_000))
        _ = summary.receive(
            Array(#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"x":1}}"#.utf8).span)
        #expect(summary.usage?.prompt == 3 && summary.usage?.completion == 4)
    }
}
