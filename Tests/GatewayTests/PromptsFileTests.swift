import Pipeline
import Testing

@testable import Gateway

@Suite("A file of summary prompts")
struct PromptsFileTests {
    private func parse(_ text: String) -> (prompts: SummaryPrompts, mistakes: [String]) {
        var mistakes: [String] = []
        let prompts = PromptsFile.parse(text, mistakes: &mistakes)
        return (prompts, mistakes)
    }

    @Test(
        "replaces what it names, nested or dotted, and leaves the rest",
        arguments: [
            #"{"prompt":{"system":"a"},"reasoning":{"user":"b"},"rolling":{"user":"c"}}"#,
            #"{"prompt.system":"a","reasoning.user":"b","rolling.user":"c"}"#,
        ])
    func replaces(text: String) {
        let (prompts, mistakes) = parse(text)
        #expect(mistakes == [])
        #expect(prompts.prompt.system == "a" && prompts.reasoning.user == "b" && prompts.rolling == "c")
        #expect(prompts.prompt.user == SummaryPrompts.builtInPrompt.user)
        #expect(prompts.reasoning.system == SummaryPrompts.builtInReasoning.system)
    }

    @Test(
        "is refused with the path of each mistake",
        arguments: [
            ("[]", "$: must be an object"), ("{", "not valid JSON"),
            (#"{"prompt":{"sytem":"a"}}"#, "$.prompt.sytem: unknown"),
            (#"{"prompt.user":""}"#, "$.prompt.user: must be a text"),
            (#"{"rolling.user":5}"#, "$.rolling.user: must be a text"),
            (#"{"prompt":"x"}"#, "$.prompt: unknown"),
        ])
    func mistakes(text: String, mistake: String) {
        let mistakes = parse(text).mistakes
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.hasPrefix(mistake) == true)
    }
}

@Suite("The summaries' endpoint")
struct SummaryEndpointTests {
    private func summary(_ environment: [String: String]) throws -> GatewayConfiguration.Summary {
        try GatewayConfiguration(environment: environment).summary
    }

    @Test("is the upstream's where none is named")
    func none() throws {
        let summary = try summary(["UPSTREAM_BASE_URL": "http://u:1/v1", "UPSTREAM_PATH": "/c"])
        #expect(summary.baseURL == nil && summary.path == "/c" && summary.sharesOrigin)
    }

    @Test(
        "may get what is meant for the upstream where scheme, host and port are the same",
        arguments: [
            ("http://u", "http://u:80/x", true), ("https://U/v1", "https://u:443", true),
            ("http://u", "https://u", false),
            ("http://u", "http://v", false), ("http://u:1", "http://u:2", false),
            ("http://[::1]/a", "http://[::1]:80", true),
            ("http://[::1]:8/a", "http://[::1]:9", false),
            ("http://u,http://v", "http://v", true), ("http://u,http://v", "http://w", false),
        ])
    func origin(upstream: String, summary: String, same: Bool) throws {
        let configured = try self.summary(["UPSTREAM_BASE_URL": upstream, "SUMMARY_BASE_URL": summary])
        #expect(configured.sharesOrigin == same)
    }
}
