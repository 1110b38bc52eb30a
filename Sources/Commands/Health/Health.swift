import ArgumentParser
import JSON
import Outbound

/// `inference-gateway health`
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a gateway whether it is alive, and print what it says.",
        discussion: """
            ENVIRONMENT
              HOST, PORT       the gateway's own, for the default of --url
              TLS_CERT_FILE    where set, the gateway is asked by https
              GATEWAY_API_KEY  sent as a bearer token

            EXIT STATUS
              0    healthy
              1    not reachable, not healthy, or with --upstream: the upstream is not reachable
              78   a variable is wrong
            """
    )

    @Option(help: "The gateway's address. (default: http://127.0.0.1:$PORT)")
    var url: String?

    @Flag(help: "Ask whether the gateway reaches its upstream.")
    var upstream = false

    func run() async throws {
        ClientLoop.prepareProcess()
        let status = try await Health.perform(
            url: url,
            checksUpstream: upstream,
            console: .process(),
            environment: .process()
        )
        try status.leave()
    }

    /// For the whole check. With `--upstream` the gateway has to wait for another server itself.
    static func limit(checksUpstream: Bool) -> Duration { checksUpstream ? .seconds(10) : .seconds(3) }

    /// The command without its process.
    static func perform(
        url: String?,
        checksUpstream: Bool,
        console: Console,
        environment: ClientEnvironment,
        within limit: Duration? = nil
    ) async throws -> ClientExit {
        let target: HealthTarget
        do throws(HealthTargetError) {
            target = try HealthTarget(option: url, environment: environment, checksUpstream: checksUpstream)
        } catch {
            console.diagnostics("\(error.description)\n")
            return .configuration
        }
        let settings = OutboundSettings(insecure: target.skipsVerification, userAgent: "inference-gateway-health")
        let key = environment[.gatewayAPIKey]
        return try await ClientLoop.run(settings: settings) { multi in
            let screen = Screen(console: console, environment: environment, reactor: multi.reactor)
            do throws(UpstreamFailure) {
                let answer = try await HTTPCall.perform(
                    .get,
                    target.url,
                    bearer: key,
                    on: multi,
                    within: limit ?? Self.limit(checksUpstream: checksUpstream)
                )
                return report(answer, target, checksUpstream: checksUpstream, screen)
            } catch {
                screen.note("no answer from \(target.url): \(error.detail)")
                screen.note(HealthHint.unreachable(target))
                return .incomplete
            }
        }
    }

    private static func report(
        _ answer: HTTPAnswer,
        _ target: HealthTarget,
        checksUpstream: Bool,
        _ screen: Screen
    ) -> ClientExit {
        do throws(OutputClosed) {
            try screen.write(answer.text.hasSuffix("\n") ? answer.text : answer.text + "\n")
        } catch {
            return .outputClosed
        }
        guard answer.isSuccess else {
            screen.note("HTTP \(answer.status) from \(target.url)")
            screen.note(HealthHint.refused(answer.status))
            return .incomplete
        }
        if checksUpstream, UpstreamReport.isReachable(answer.body) != true {
            screen.note(HealthHint.upstreamDown)
            return .incomplete
        }
        return .complete
    }
}

/// What a person can do about a gateway that is not well.
enum HealthHint {
    static let upstreamDown =
        "the gateway does not reach its upstream: check UPSTREAM_BASE_URL and that the server there runs "
        + "(`make mock-upstream` starts one to try with)"

    static func unreachable(_ target: HealthTarget) -> String {
        target.isLoopback
            ? "start the gateway with `make run-gateway` (or `inference-gateway serve`), or name another with --url"
            : "check --url, and that a gateway runs there"
    }

    static func refused(_ status: Int) -> String {
        switch status {
        case 401, 403: "the gateway wants a key: set GATEWAY_API_KEY to one of its GATEWAY_API_KEYS"
        case 404: "what answers there is no inference gateway: check --url"
        default: "look at the gateway's log"
        }
    }
}

/// The body of `/upstream-health`.
enum UpstreamReport {
    /// - Returns: nil where the body does not say.
    static func isReachable(_ body: [UInt8]) -> Bool? {
        (try? upstream(body.span)) ?? nil
    }

    private static func upstream(_ bytes: Span<UInt8>) throws(JSONError) -> Bool? {
        var result: Bool?
        var cursor = JSONCursor()
        try cursor.enterObject(bytes)
        while let key = try cursor.nextKey(bytes) {
            let name = key.name(in: bytes)
            let value = try cursor.value(bytes)
            if name == JSONName("upstream") { result = value.bool }
        }
        try cursor.end(bytes)
        return result
    }
}
