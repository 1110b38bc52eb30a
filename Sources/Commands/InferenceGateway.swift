import ArgumentParser

/// The one executable.
@main
struct InferenceGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference-gateway",
        abstract: "A streaming gateway that puts a summary of the prompt and of the reasoning before the answer.",
        subcommands: [Chat.self, Health.self, CheckDedicated.self]
    )
}
