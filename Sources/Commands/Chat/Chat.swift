import ArgumentParser
import Outbound

/// `inference-gateway chat`
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a message to a gateway and print its three sections as they arrive.",
        discussion: """
            The message is --message, else standard input when that is piped, else a question about this gateway. \
            The transcript goes to standard output; progress, hints and timings go to standard error.

            ENVIRONMENT
              GATEWAY_URL           default of --url
              GATEWAY_API_KEY       sent to the gateway as a bearer token
              FRIENDLI_ENDPOINT_ID  default of --friendli-endpoint-id
              FRIENDLI_API_BASE     where --wake asks (default: \(EndpointAPI.defaultBase))
              UPSTREAM_API_KEY      Friendli token for --wake

            EXIT STATUS
              0    the answer is complete
              1    the answer is incomplete, an error was fatal, or an endpoint is lost
              2    the gateway refused the request with an HTTP status
              64   the command line is wrong
              69   the gateway cannot be reached
              74   standard output was closed
              75   the endpoint was not running within --wake-timeout
              78   a variable is wrong
              130  interrupted
            """
    )

    @Option(help: "The gateway's address. (default: \(ChatPlan.defaultURL))")
    var url: String?

    @Option(help: "Model. (default: the Dedicated endpoint's ID, else \(ChatPlan.defaultModel))")
    var model: String?

    @Option(help: "What to ask.")
    var message: String?

    @Option(help: "Model for both summaries.")
    var summaryModel: String?

    @Flag(help: "Wake the Dedicated endpoint first, and wait until it runs.")
    var wake = false

    @Option(name: .customLong("friendli-endpoint-id"), help: "Friendli Dedicated endpoint.")
    var endpointID: String?

    @Option(help: "Longest wait for the endpoint, in seconds.")
    var wakeTimeout = 300.0

    @Option(help: "Time between two looks at the endpoint, in seconds.")
    var wakeInterval = 5.0

    @Flag(help: "Show raw events and timings on standard error.")
    var debug = false

    @Flag(help: "Print each event as one line of JSON instead of the transcript: {\"event\":NAME,\"data\":…}.")
    var json = false

    private var options: ChatPlan.Options {
        ChatPlan.Options(
            url: url,
            model: model,
            message: message,
            summaryModel: summaryModel,
            endpointID: endpointID,
            wakes: wake,
            wakeTimeout: wakeTimeout,
            wakeInterval: wakeInterval,
            isDebug: debug,
            isJSON: json
        )
    }

    func run() async throws {
        ClientLoop.prepareProcess()
        let console = Console.process()
        let environment = ClientEnvironment.process()
        let piped = ChatPlan.readsInput(options) ? try PipedMessage.read(console) : nil
        let plan: ChatPlan
        do throws(ChatPlanError) {
            plan = try ChatPlan(options, environment: environment, piped: piped)
        } catch {
            console.diagnostics("Error: \(error)\n")
            return try error.exitStatus.leave()
        }
        if console.diagnosticsIsTerminal { InterruptHandling.clearsProgress() }
        try await Chat.perform(plan, console: console, environment: environment).leave()
    }

    /// The command without its process.
    static func perform(
        _ plan: ChatPlan,
        console: Console,
        environment: ClientEnvironment
    ) async throws -> ClientExit {
        try await ClientLoop.run { multi in
            let screen = Screen(console: console, environment: environment, reactor: multi.reactor)
            do throws(OutputClosed) {
                return try await ChatSession(plan: plan, multi: multi, screen: screen).run()
            } catch {
                return ClientExit.outputClosed
            }
        }
    }
}

/// A message that comes by standard input.
enum PipedMessage {
    /// In bytes.
    static let limit = 8 << 20

    /// - Returns: nil where standard input is a terminal or nothing.
    /// - Throws: `ValidationError` when it is too long.
    static func read(_ console: Console) throws -> String? {
        guard StandardStream.inputIsPiped() else { return nil }
        if !StandardStream.inputIsReady(within: 2000) {
            console.diagnostics("[hint] reading the message from standard input; --message gives it otherwise\n")
        }
        let bytes = StandardStream.readInput(limit: limit + 1)
        guard bytes.count <= limit else { throw ValidationError("standard input is longer than \(limit) bytes") }
        return String(decoding: bytes, as: UTF8.self).trimmingBlanks()
    }
}
