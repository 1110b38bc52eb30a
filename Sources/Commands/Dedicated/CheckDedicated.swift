import ArgumentParser
import Outbound

/// `inference-gateway check-dedicated`
struct CheckDedicated: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the status of a Friendli Dedicated endpoint.",
        discussion: """
            ENVIRONMENT
              FRIENDLI_ENDPOINT_ID  default of --friendli-endpoint-id
              FRIENDLI_API_BASE     (default: \(EndpointAPI.defaultBase))
              UPSTREAM_API_KEY      Friendli token

            EXIT STATUS
              0    it is running, asleep, or on its way
              1    it is terminated or has failed
              2    Friendli refused the request
              69   Friendli cannot be reached
              78   a variable is missing or wrong
            """
    )

    @Option(name: .customLong("friendli-endpoint-id"), help: "Friendli Dedicated endpoint.")
    var endpointID: String?

    func run() async throws {
        ClientLoop.prepareProcess()
        let status = try await CheckDedicated.perform(
            endpointID: endpointID,
            console: .process(),
            environment: .process()
        )
        try status.leave()
    }

    /// The command without its process.
    static func perform(
        endpointID: String?,
        console: Console,
        environment: ClientEnvironment
    ) async throws -> ClientExit {
        let endpointID = endpointID.map { $0.trimmingBlanks() }.flatMap { $0.isEmpty ? nil : $0 }
        let id = endpointID ?? environment[.friendliEndpointID]
        let token = environment[.upstreamAPIKey]
        if id == nil {
            console.diagnostics("FRIENDLI_ENDPOINT_ID is not set: it names the Dedicated endpoint to look at\n")
        }
        if token == nil {
            console.diagnostics("UPSTREAM_API_KEY is not set: Friendli wants a token of yours\n")
        }
        guard let id, let token else { return .configuration }
        let base: WebAddress
        do throws(WebAddressError) {
            base = try WebAddress(environment[.friendliAPIBase] ?? EndpointAPI.defaultBase)
        } catch {
            console.diagnostics("FRIENDLI_API_BASE: \(error)\n")
            return .configuration
        }
        let api = EndpointAPI(base: base, endpointID: id, token: token)
        return try await ClientLoop.run { multi in
            let screen = Screen(console: console, environment: environment, reactor: multi.reactor)
            do throws(EndpointAPIFailure) {
                let status = try await api.status(on: multi)
                return report(status, screen)
            } catch {
                screen.note("[error] dedicated endpoint status check failed: \(error)")
                if let hint = EndpointHint.failure(error) { screen.note("[hint] \(hint)") }
                if case .unreachable = error { return .unreachable }
                return .refused
            }
        }
    }

    private static func report(_ status: EndpointStatus, _ screen: Screen) -> ClientExit {
        do throws(OutputClosed) {
            try screen.write("\(status.name)\n")
        } catch {
            return .outputClosed
        }
        if let note = status.note { screen.note("[detail] \(note)") }
        if let hint = EndpointHint.stage(status.stage) { screen.note("[hint] \(hint)") }
        return status.stage == .terminated || status.stage == .failed ? .incomplete : .complete
    }
}
