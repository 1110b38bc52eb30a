import ArgumentParser
import EventLoop
import Gateway
import Glibc
import Logging
import MockUpstream

/// `inference-gateway demo`: mock upstream, gateway and client in one process, each on its own port.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a mock upstream and a gateway, ask one question, and stop them again.")

    @Option(help: "What to ask.")
    var message = "Why is the sky blue?"

    /// Milliseconds between two pieces of the mock's answer: fast, but to be seen arriving.
    private static let model = "mock-tags:interval=15"

    func run() async throws {
        ClientLoop.prepareProcess()
        let upstream = try await MockServer.start()
        let settings = try GatewayConfiguration(environment: ["UPSTREAM_BASE_URL": upstream.baseURL, "PORT": "0"])
        let logger = Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        let gateway = try await GatewayInstance.start(configuration: settings, logger: logger)

        var options = ChatPlan.Options()
        options.url = "http://127.0.0.1:\(gateway.port)/v1/chat/completions"
        options.model = Self.model
        options.message = message
        let environment = ClientEnvironment()
        let plan = try ChatPlan(options, environment: environment)
        let exit = try await Chat.perform(plan, console: .process(), environment: environment)

        await gateway.stop()
        await upstream.stop()
        try exit.leave()
    }
}
