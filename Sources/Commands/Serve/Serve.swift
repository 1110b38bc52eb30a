import ArgumentParser
import EventLoop
import Gateway
import Glibc
import Inbound
import Logging
import ServiceLifecycle
import UnixSignals

/// `inference-gateway serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve, configured by the environment.",
        discussion: """
            Settings are environment variables, and those of a .env file in the working directory or of the file that \
            ENV_FILE names; `inference-gateway env-example` lists them all. Logs go to standard output. SIGTERM drains, a \
            second one ends the drain at once.

            EXIT STATUS
              0   drained and stopped
              78  a setting cannot be used, or the port is taken
            """)

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var settings: GatewayConfiguration
        do throws(ConfigurationError) {
            let environment = try EnvironmentFile.layered(under: EnvironmentFile.process())
            settings = try GatewayConfiguration(environment: environment)
        } catch {
            return try fail(error.lines)
        }
        settings.fit(descriptors: DescriptorLimit.raise())
        let (logger, sink) = try StructuredLogHandler.make(settings.logging)
        defer { sink.flush() }
        for warning in settings.warnings { logger.warning("\(warning)") }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        // The first signal drains.
        let urged: @Sendable () async -> Void = { for await _ in signals.dropFirst() { break } }
        let server = GatewayServer(configuration: settings, logger: logger, urged: urged)
        let group = ServiceGroup(
            services: [server], gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet(logger))
        do {
            try await group.run()
        } catch let error as ListenError {
            try fail(["\(error)"])
        }
    }

    /// The service group tells of its own steps; ours say the same in our words.
    private static func quiet(_ logger: Logger) -> Logger {
        var quiet = logger
        quiet.logLevel = .error
        return quiet
    }

    private func fail(_ lines: [String]) throws {
        for line in lines { try? StandardStream.write("error: \(line)\n", to: STDERR_FILENO) }
        throw ExitCode(ConfigurationError.exitStatus)
    }
}

/// `inference-gateway env-example`
struct EnvironmentExample: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env-example", abstract: "Print every setting with its default, as an environment file.")

    func run() throws {
        print(GatewayConfiguration.example, terminator: "")
    }
}
