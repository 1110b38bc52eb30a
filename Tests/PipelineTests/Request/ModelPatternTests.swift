import TestSupport
import Testing

@testable import Pipeline

@Suite("A model pattern")
struct ModelPatternTests {
    @Test(
        "describes a whole name",
        arguments: [
            ("qwen3-*", ["qwen3-8b", "qwen3-", "qwen3-*"], ["qwen3", "Qwen3-8b", "my/qwen3-8b"]),
            ("*", ["", "a", "any/thing"], []),
            ("**", ["", "a"], []),
            ("", [""], ["a"]),
            ("?", ["a", "漢", "🙂", "?"], ["", "ab", "e\u{301}"]),
            ("gpt-?", ["gpt-4"], ["gpt-", "gpt-41"]),
            ("?*", ["a", "ab"], [""]),
            ("*?", ["a", "ab"], [""]),
            ("*-it", ["gemma-it", "-it", "a-it-it"], ["gemma-its", "it"]),
            ("*ab*ab", ["abab", "xabyab", "abcabab"], ["ab", "aab", "ababc"]),
            ("a*b?c*d", ["abxcd", "a1b2b3c4d", "abbcd"], ["abcd", "abxc", "abxcde"]),
            ("meta/llama-3.1", ["meta/llama-3.1"], ["meta/llama-3x1", "meta/llama-3.1 ", "llama-3.1"]),
            ("[ab]", ["[ab]"], ["a"]),
            ("é", ["é"], ["e\u{301}"]),
        ] as [(String, [String], [String])]
    )
    func matching(pattern: String, matching: [String], other: [String]) {
        for name in matching { #expect(ModelPattern(pattern).matches(name), "\(name)") }
        for name in other { #expect(!ModelPattern(pattern).matches(name), "\(name)") }
    }

    @Test("agrees with the definition of a glob, taken literally", arguments: [71, 72] as [UInt64])
    func definition(seed: UInt64) {
        func matches(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
            switch pattern.first {
            case nil: name.isEmpty
            case "*": matches(pattern.dropFirst(), name) || (!name.isEmpty && matches(pattern, name.dropFirst()))
            case "?": !name.isEmpty && matches(pattern.dropFirst(), name.dropFirst())
            case let letter: name.first == letter && matches(pattern.dropFirst(), name.dropFirst())
            }
        }
        var generator = SeededGenerator(seed: seed)
        func random(_ letters: [Character], _ most: Int) -> [Character] {
            (0..<Int.random(in: 0...most, using: &generator)).map { _ in letters.randomElement(using: &generator) ?? "a"
            }
        }
        for _ in 0..<3_000 {
            let pattern = random(["a", "b", "*", "?"], 6)
            let name = random(["a", "b"], 8)
            #expect(
                ModelPattern(String(pattern)).matches(String(name)) == matches(pattern[...], name[...]),
                "seed \(seed): \(String(pattern)) \(String(name))"
            )
        }
    }

    @Test func doesNotBlowUp() {
        let pattern = ModelPattern(String(repeating: "a*", count: 50) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
        #expect(pattern.matches(String(repeating: "a", count: 5_000) + "b"))
    }

    @Test func knowsAPlainName() {
        #expect(ModelPattern("gpt-4").isLiteral)
        #expect(!ModelPattern("gpt-*").isLiteral)
        #expect(!ModelPattern("gpt-?").isLiteral)
    }
}

@Suite("The model allowlist")
struct ModelAllowlistTests {
    @Test func allowsEverythingWhenEmpty() {
        #expect(ModelAllowlist().allowsEverything)
        #expect(ModelAllowlist().allows("anything"))
        #expect(ModelAllowlist().allows(""))
        #expect(ModelAllowlist().literalNames == [])
    }

    @Test func allowsWhatAnyPatternDescribes() {
        let list = ModelAllowlist(["gpt-4", "qwen3-*", "llama-?"])
        #expect(!list.allowsEverything)
        for model in ["gpt-4", "qwen3-8b", "llama-3"] { #expect(list.allows(model)) }
        for model in ["gpt-4o", "GPT-4", "qwen2", "llama-33", ""] { #expect(!list.allows(model)) }
    }

    @Test func namesItsPlainNamesInOrder() {
        #expect(ModelAllowlist(["z", "qwen3-*", "a", "b?"]).literalNames == ["z", "a"])
    }
}
