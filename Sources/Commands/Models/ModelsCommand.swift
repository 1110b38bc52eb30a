import ArgumentParser
import Gateway
import Pipeline

/// `inference-gateway models`
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "What the gateway knows of models.", subcommands: [ExplainModel.self])

    /// The settings of the environment; what is wrong with them goes to standard error.
    static func settings() throws -> GatewayConfiguration {
        do throws(ConfigurationError) {
            let environment = try EnvironmentFile.layered(under: EnvironmentFile.process())
            return try GatewayConfiguration(environment: environment)
        } catch {
            for line in error.lines { try? StandardStream.write("error: \(line)\n", to: 2) }
            throw ExitCode(ConfigurationError.exitStatus)
        }
    }
}

/// `inference-gateway models explain NAME`: which row of the table matches, and what follows from it.
struct ExplainModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Tell which row of the table of models a name matches, and what follows.")

    @Argument(help: "A model's name, as requests have it.")
    var name: String
    @Option(help: ArgumentHelp("As if the request had this reasoning_effort.", valueName: "effort"))
    var reasoningEffort: String?
    @Option(help: ArgumentHelp("As if the request had this enable_thinking.", valueName: "true|false"))
    var enableThinking: Bool?

    func run() throws {
        let configuration = try ModelsCommand.settings()
        let effort = reasoningEffort?.lowercased()
        let isOff = effort == "none" || effort == "no_think"
        let capabilities = configuration.streams.models.capabilities(
            of: name, switches: ReasoningSwitches(isOn: enableThinking ?? (isOff ? false : nil), effort: effort))
        print(TerminalText.harmless(Self.explanation(of: name, capabilities)))
    }

    static func explanation(of name: String, _ capabilities: ModelCapabilities) -> String {
        let rows =
            capabilities.isUnknown
            ? "none: another format's marker at the very beginning switches to that format"
            : capabilities.patterns.joined(separator: ", then ")
        var lines = [
            ("model", name), ("row", rows), ("format", capabilities.format.name),
            (
                "starts in",
                (capabilities.startsInReasoning ? "reasoning" : "content") + " (\(capabilities.start.rawValue))"
            ),
            (
                "tag instruction",
                capabilities.injectsTags ? "injected, save with tools or a JSON response format" : "not injected"
            ),
            ("reasoning fields", capabilities.usesReasoningFields ? "used where the upstream sends them" : "ignored"),
            ("summaries", "its own reasoning is taken out of them, by the same format"),
        ]
        if capabilities.hasSpecialTokens {
            lines.append(
                (
                    "special tokens",
                    "a server may strip the markers: skip_special_tokens: false keeps them, where the server knows it"
                ))
        }
        func members(_ members: [ChatRequest.ExtraMember]) -> String {
            members.map { "\"\($0.name)\": \($0.json)" }.joined(separator: ", ")
        }
        if !capabilities.extraBody.isEmpty { lines.append(("added to requests", members(capabilities.extraBody))) }
        if !capabilities.summaryBody.isEmpty {
            lines.append(("added to summaries", members(capabilities.summaryBody)))
        }
        let width = lines.map(\.0.count).max() ?? 0
        return lines.map { $0.0 + String(repeating: " ", count: width + 2 - $0.0.count) + $0.1 }.joined(separator: "\n")
    }
}
