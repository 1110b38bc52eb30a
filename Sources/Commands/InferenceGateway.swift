import ArgumentParser

/// The one executable.
@main
struct InferenceGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inference-gateway",
        abstract: "A streaming gateway that puts a summary of the prompt and of the reasoning before the answer.",
        subcommands: [
            Serve.self, Chat.self, Demo.self, MockUpstreamCommand.self, Health.self, CheckDedicated.self,
            CheckStream.self, ParseCommand.self,
            ModelsCommand.self, EnvironmentExample.self, BenchSummaries.self, BenchParse.self, BenchStalled.self,
            Soak.self,
        ],
        defaultSubcommand: Serve.self
    )

    static func main() async {
        StandardStream.fillGaps()
        await main(nil)
    }
}
