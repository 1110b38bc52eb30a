/// Finds where a sentence ends, without a dictionary: stops of Latin and East Asian scripts, decimal points,
/// abbreviations, initials, numbered lists, and closing quotes.
///
/// The text is a list of Unicode scalars in which white space is folded to single spaces.
struct SentenceBoundary {
    let text: [Unicode.Scalar]

    /// The index after the sentence that begins at `start`, closing quotes included and the space after it not; nil when
    /// no sentence ends in the text.
    func end(from start: Int) -> Int? {
        var index = start
        while index < text.count {
            let scalar = text[index]
            guard Self.isStop(scalar) else {
                index += 1
                continue
            }
            let stops = index
            while index < text.count, Self.isStop(text[index]) { index += 1 }
            let closers = index
            while index < text.count, Self.closers.contains(text[index]) { index += 1 }
            let run = Run(stops: stops..<closers, end: index)
            if ends(run, sentenceStart: start) { return index }
        }
        return nil
    }

    /// Stops with the closing quotes and brackets after them.
    private struct Run {
        var stops: Range<Int>
        var end: Int
        var hasClosers: Bool { end > stops.upperBound }
    }

    private func ends(_ run: Run, sentenceStart: Int) -> Bool {
        guard run.end < text.count else { return true }
        let next = text[run.end]
        if text[run.stops].contains(where: Self.fullWidthStops.contains) {
            // 「…！」と goes on with the sentence that quotes.
            return !(run.hasClosers && Self.isHiragana(next))
        }
        guard next == " " else { return false }
        let word = nextWord(after: run.end)
        let goesOn = word.first?.properties.isLowercase ?? false
        if run.hasClosers { return !goesOn }
        if text[run.stops] == ["."] {
            return endsAtPeriod(run.stops.lowerBound, sentenceStart: sentenceStart, next: word)
        }
        let isEllipsis = text[run.stops].allSatisfy { $0 == "." || $0 == "…" }
        return isEllipsis ? !goesOn : true
    }

    private func endsAtPeriod(_ period: Int, sentenceStart: Int, next: ArraySlice<Unicode.Scalar>) -> Bool {
        var start = period
        while start > sentenceStart, period - start < Self.longestWord, text[start - 1] != " " { start -= 1 }
        while start < period, Self.openers.contains(text[start]) { start += 1 }
        let word = String(String.UnicodeScalarView(text[start..<period]))
        let lowercased = word.lowercased()
        let startsUppercase = next.first?.properties.isUppercase ?? false
        let startsSentence = Self.sentenceStarters.contains(String(String.UnicodeScalarView(next)))

        // "1." in front of a list item.
        if start == sentenceStart, !word.isEmpty,
            word.unicodeScalars.allSatisfy({ $0.properties.numericType == .decimal })
        {
            return false
        }
        if Abbreviations.always.contains(lowercased) || Abbreviations.titles.contains(word) { return false }
        if Abbreviations.beforeNumbers.contains(lowercased), next.first?.properties.numericType == .decimal {
            return false
        }
        if Abbreviations.sometimes.contains(lowercased) { return startsUppercase || startsSentence }
        if Self.isInitials(word) { return startsSentence }
        return true
    }

    /// The letters and digits after the space at `space`, opening quotes skipped.
    private func nextWord(after space: Int) -> ArraySlice<Unicode.Scalar> {
        var start = space + 1
        while start < text.count, Self.openers.contains(text[start]) { start += 1 }
        guard start < text.count else { return [] }
        var end = start
        while end < text.count, end - start < Self.longestWord,
            text[end].properties.isAlphabetic || text[end].properties.numericType == .decimal
        { end += 1 }
        return text[start..<end]
    }

    /// "J", "U.S", "J.R.R": single letters with periods between them.
    private static func isInitials(_ word: String) -> Bool {
        let parts = word.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            part.count == 1 && part.allSatisfy { $0.properties.isAlphabetic && !isUnspaced($0) }
        } && (parts.count > 1 || word.unicodeScalars.allSatisfy { $0.properties.isUppercase })
    }

    private static let longestWord = 16

    private static func isStop(_ scalar: Unicode.Scalar) -> Bool {
        otherStops.contains(scalar) || fullWidthStops.contains(scalar)
    }

    private static func isHiragana(_ scalar: Unicode.Scalar) -> Bool { (0x3041...0x309F).contains(scalar.value) }

    /// True for scripts that are written without spaces between words: a word end cannot be seen in them.
    static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0E00...0x0EFF, 0x1000...0x109F, 0x1780...0x17FF: true  // Thai, Lao, Burmese, Khmer
        case 0x3001...0x30FF, 0x3400...0x9FFF, 0xF900...0xFAFF, 0xFF00...0xFFEF, 0x20000...0x3FFFF: true  // CJK
        default: false
        }
    }

    /// Stops after which no space follows.
    private static let fullWidthStops: Set<Unicode.Scalar> = ["。", "！", "？", "｡"]
    /// Stops after which a space follows; the last ones are Arabic, Urdu and Devanagari.
    private static let otherStops: Set<Unicode.Scalar> = [".", "!", "?", "…", "‼", "⁇", "⁈", "⁉", "؟", "۔", "।"]
    private static let closers: Set<Unicode.Scalar> = [
        "\"", "'", "”", "’", "»", "›", ")", "]", "}", "」", "』", "）", "】", "》", "〉", "*", "_", "`",
    ]
    private static let openers: Set<Unicode.Scalar> = [
        "\"", "'", "“", "‘", "«", "‹", "(", "[", "{", "「", "『", "（", "【", "《", "〈", "*", "_", "`", "¿", "¡", "#", "-",
    ]
    /// Words that tell, after an abbreviation, that a new sentence begins: "the U.S. Then", but "the U.S. Senate".
    private static let sentenceStarters: Set<String> = [
        "A", "After", "All", "Also", "An", "And", "Are", "As", "At", "Because", "Before", "But", "By", "Can", "Could",
        "Did",
        "Do", "Does", "For", "From", "Give", "Has", "Have", "He", "Her", "Here", "His", "How", "However", "I", "If",
        "In",
        "Is", "It", "Its", "Let", "Many", "Most", "My", "Next", "No", "Not", "Now", "On", "Or", "Our", "Please", "She",
        "Should", "Since", "So", "Some", "Tell", "That", "The", "Their", "Then", "There", "These", "They", "This",
        "Those",
        "To", "Was", "We", "Were", "What", "When", "Where", "Which", "While", "Who", "Why", "Will", "With", "Would",
        "Yes",
        "You", "Your",
    ]
}

/// Words whose period does not by itself end a sentence, without that period.
enum Abbreviations {
    /// Something always follows these. Lower case; compared so.
    static let always: Set<String> = [
        "e.g", "eg", "i.e", "ie", "cf", "vs", "viz", "approx", "resp", "incl", "excl", "z.b", "d.h", "u.a", "bzw",
        "vgl",
        "p.ej", "p.ex",
    ]
    /// Titles and the like, in front of a name. Exact.
    static let titles: Set<String> = [
        "Dr", "Mr", "Mrs", "Ms", "Mx", "Prof", "St", "Sr", "Sra", "Gen", "Col", "Maj", "Capt", "Cpt", "Lt", "Sgt",
        "Rev",
        "Hon", "Gov", "Sen", "Rep", "Pres", "Messrs", "Mme", "Mlle", "Mt", "Ft",
    ]
    /// Only in front of a number: "No. 5", but "The answer is no. 5 others agree" is read wrong. Lower case.
    static let beforeNumbers: Set<String> = [
        "no", "nos", "nr", "fig", "figs", "eq", "eqs", "p", "pp", "vol", "ch", "chap", "sec", "sect", "art", "ca",
        "jan",
        "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    ]
    /// These may end a sentence, and do before a capital letter. Lower case.
    static let sometimes: Set<String> = [
        "etc", "inc", "ltd", "co", "corp", "jr", "al", "a.m", "p.m", "ph.d", "b.c", "a.d", "est", "dept", "ed", "usw",
    ]
}
