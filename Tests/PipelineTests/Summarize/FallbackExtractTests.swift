import TestSupport
import Testing

@testable import Pipeline

@Suite("The fallback summary")
struct FallbackExtractTests {
    @Test(
        "is the first two sentences",
        arguments: [
            ("One. Two. Three.", "One. Two."),
            ("One! Two? Three.", "One! Two?"),
            ("Only one.", "Only one."),
            ("no stop at all", "no stop at all"),
            ("One. Two", "One. Two"),
            ("hello there. how are you. what now", "hello there. how are you."),
            ("Really?! Yes!! No.", "Really?! Yes!!"),
            ("Well... I do not know. It depends. So.", "Well... I do not know."),
            ("Wait... what is it? Nothing. Go.", "Wait... what is it? Nothing."),
            ("Hm… So be it. Next.", "Hm… So be it."),
            ("\"Why?\" he asked. \"Because.\" She left.", "\"Why?\" he asked. \"Because.\""),
            ("He said “Stop.” Then he left. Later.", "He said “Stop.” Then he left."),
            ("(First.) Second. Third.", "(First.) Second."),
            ("**Bold.** Plain. More.", "**Bold.** Plain."),
            ("", ""),
            (" \n\t ", ""),
            (".", "."),
            ("... ... ...", "... ..."),
        ] as [(String, String)]
    )
    func sentences(text: String, summary: String) {
        #expect(FallbackExtract.summary(of: text) == summary)
    }

    @Test(
        "does not end at a period inside a number, a name or an abbreviation",
        arguments: [
            ("Pi is 3.14 or so. Two. Three.", "Pi is 3.14 or so. Two."),
            ("Use Node.js v18.2.1 here. Two. Three.", "Use Node.js v18.2.1 here. Two."),
            ("See example.com/a.b?c=d for it. Two. Three.", "See example.com/a.b?c=d for it. Two."),
            ("Fruit, e.g. apples, i.e. Food. Two. Three.", "Fruit, e.g. apples, i.e. Food. Two."),
            ("Ask Dr. Smith or Mrs. Jones. Two. Three.", "Ask Dr. Smith or Mrs. Jones. Two."),
            ("Apples, pears, etc. are fruit. Two. Three.", "Apples, pears, etc. are fruit. Two."),
            ("Apples, pears, etc. Those are fruit. Three.", "Apples, pears, etc. Those are fruit."),
            ("The U.S. Senate met. Two. Three.", "The U.S. Senate met. Two."),
            ("He lives in the U.S. Then he moved. Three.", "He lives in the U.S. Then he moved."),
            ("J. R. R. Tolkien wrote it. Two. Three.", "J. R. R. Tolkien wrote it. Two."),
            ("So did I. Then we left. Three.", "So did I. Then we left."),
            ("Meet at 5 p.m. today. Two. Three.", "Meet at 5 p.m. today. Two."),
            ("See Fig. 3 and No. 5. Two. Three.", "See Fig. 3 and No. 5. Two."),
            ("The answer is no. Then we stop. Three.", "The answer is no. Then we stop."),
            ("1. Do this. 2. Do that. 3. Stop.", "1. Do this. 2. Do that."),
            ("It was 1990. Two. Three.", "It was 1990. Two."),
            ("Smith et al. found it. Two. Three.", "Smith et al. found it. Two."),
        ] as [(String, String)]
    )
    func periods(text: String, summary: String) {
        #expect(FallbackExtract.summary(of: text) == summary)
    }

    @Test(
        "knows stops after which no space follows, and those of other scripts",
        arguments: [
            ("空は青い。なぜですか？光が散るから。", "空は青い。なぜですか？"),
            ("太好了！真的？是的。", "太好了！真的？"),
            ("「すごい！」と言った。次。その次。", "「すごい！」と言った。次。"),
            ("他说：“你好。”然后走了。第三。", "他说：“你好。”然后走了。"),
            ("圆周率是3.14。第二。第三。", "圆周率是3.14。第二。"),
            ("空は 青い。 次。 その次。", "空は 青い。 次。"),
            ("ما هذا؟ هذا كتاب. ثالث.", "ما هذا؟ هذا كتاب."),
            ("यह है। वह है। तीसरा।", "यह है। वह है।"),
            ("¿Qué? ¡No! Sí.", "¿Qué? ¡No!"),
        ] as [(String, String)]
    )
    func scripts(text: String, summary: String) {
        #expect(FallbackExtract.summary(of: text) == summary)
    }

    @Test(
        "folds white space",
        arguments: [
            ("  One\n\n two\t\tthree.\r\nFour.  Five.", "One two three. Four."),
            ("One.\n\nTwo.\n\nThree.", "One. Two."),
            ("a\u{A0}b\u{3000}c\u{2028}d", "a b c d"),
        ]
    )
    func whiteSpace(text: String, summary: String) {
        #expect(FallbackExtract.summary(of: text) == summary)
    }

    @Test func isCutAtAWordEndWithAnEllipsis() {
        let text = String(repeating: "seven7 ", count: 100)
        let summary = FallbackExtract.summary(of: text)
        #expect(summary == String(repeating: "seven7 ", count: 56) + "seven7…")
        #expect(summary.unicodeScalars.count <= 400)
    }

    @Test func isCutBeforeAWordThatDoesNotFit() {
        let summary = FallbackExtract.summary(of: String(repeating: "a", count: 395) + ", then more of it")
        #expect(summary == String(repeating: "a", count: 395) + "…")
    }

    @Test func mayHaveExactlyTheMaximum() {
        let text = String(repeating: "a", count: 199) + ". " + String(repeating: "b", count: 198) + "."
        #expect(text.unicodeScalars.count == 400)
        #expect(FallbackExtract.summary(of: text) == text)
        #expect(FallbackExtract.summary(of: text + " More.") == text)
        let longer = text.dropLast() + "b."
        #expect(FallbackExtract.summary(of: String(longer)) == String(repeating: "a", count: 199) + "…")
    }

    @Test func isCutBetweenGraphemesWhereThereAreNoSpaces() {
        #expect(
            FallbackExtract.summary(of: String(repeating: "漢", count: 500)) == String(repeating: "漢", count: 399) + "…"
        )
        #expect(
            FallbackExtract.summary(of: "あ い " + String(repeating: "漢", count: 500))
                == "あ い " + String(repeating: "漢", count: 395) + "…"
        )
        // Seven scalars each: 57 families are 399.
        let families = "a" + String(repeating: "👨‍👩‍👧‍👦", count: 100)
        #expect(FallbackExtract.summary(of: families) == "a" + String(repeating: "👨‍👩‍👧‍👦", count: 56) + "…")
        #expect(
            FallbackExtract.summary(of: String(repeating: "x", count: 500)) == String(repeating: "x", count: 399) + "…"
        )
    }

    @Test func cutsEvenAGraphemeThatIsLongerThanItself() {
        let summary = FallbackExtract.summary(of: "e" + String(repeating: "\u{301}", count: 5_000))
        #expect(summary.unicodeScalars.count == 400)
    }

    @Test func readsABoundedPrefix() {
        let space = String(repeating: " ", count: FallbackExtract.examinedCharacters)
        #expect(FallbackExtract.summary(of: space + "a") == "")
        #expect(FallbackExtract.summary(of: "a" + space + "b") == "a…")
        #expect(FallbackExtract.summary(of: "One. Two. " + space + "b") == "One. Two.")
    }

    @Test("is never longer than its maximum and has no line break", arguments: [61, 62] as [UInt64])
    func bounded(seed: UInt64) {
        let fragments = [
            ".", "!", "。", "？", " ", "\n", "\"", "）", "e.g.", "U.S.", "3.14", "word", "漢字", "👩‍👩‍👧", "\u{301}", "1.",
        ]
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let count = Int.random(in: 0..<300, using: &generator)
            let text = (0..<count).map { _ in fragments.randomElement(using: &generator) ?? "" }.joined()
            let summary = FallbackExtract.summary(of: text)
            #expect(summary.unicodeScalars.count <= 400, "seed \(seed), round \(round)")
            #expect(!summary.unicodeScalars.contains("\n"), "seed \(seed), round \(round)")
        }
    }
}
