import EventLoop
import TestSupport
import Testing

@testable import Commands

/// `chat --wake` and `check-dedicated` against Friendli's API, and the gateway, on this machine.
@Suite("A Dedicated endpoint", .timeLimit(.minutes(5)))
struct DedicatedTests {
    static let path = "/dedicated/beta/endpoint/ep1"

    private struct Run: Sendable {
        let status: ClientExit
        let output: String
        let diagnostics: String
        /// Method and path of each call, in order.
        let calls: [String]
        let tokens: Set<String?>
    }

    /// - Parameters:
    ///   - states: what the status calls answer in turn; the last one stays.
    ///   - wake: what the wake call answers.
    private func chat(
        _ states: [ScriptedServer.Answer],
        wake: ScriptedServer.Answer = .whole(200, #"{"status":"AWAKING"}"#),
        timeout: Double = 60,
        isJSON: Bool = false,
        variables: [ClientEnvironment.Variable: String] = [.upstreamAPIKey: "flp", .friendliEndpointID: "ep1"]
    ) async throws -> Run {
        let looks = Locked(0)
        let recording = RecordingConsole()
        return try await ScriptedServer.run({ request in
            switch (request.method, request.path) {
            case ("GET", Self.path + "/status"):
                let look = looks.withLock { count in
                    count += 1
                    return count
                }
                return states[min(look, states.count) - 1]
            case ("PUT", Self.path + "/wake"): return wake
            case ("POST", "/v1/chat/completions"): return .events(CannedStream.whole)
            default: return .whole(404, "")
            }
        }) { origin, seen in
            var options = ChatPlan.Options(url: origin, message: "why?", isJSON: isJSON)
            options.wakes = true
            options.wakeTimeout = timeout
            options.wakeInterval = 0.001
            let environment = ClientEnvironment(
                variables.merging([.friendliAPIBase: origin]) { given, _ in given }
            )
            let plan = try ChatPlan(options, environment: environment)
            let status = try await Chat.perform(plan, console: recording.console(), environment: environment)
            let api = seen().filter { $0.path.hasPrefix("/dedicated") }
            return Run(
                status: status,
                output: recording.output,
                diagnostics: recording.diagnostics,
                calls: seen().map { "\($0.method) \($0.path)" },
                tokens: Set(api.map(\.authorization))
            )
        }
    }

    private static func state(_ name: String) -> ScriptedServer.Answer { .whole(200, #"{"status":"\#(name)"}"#) }

    static let info = "[info] using model: ep1\n[info] checking dedicated endpoint status: ep1\n"
    static let look = "GET \(path)/status"
    static let wakeCall = "PUT \(path)/wake"
    static let completion = "POST /v1/chat/completions"

    @Test("that sleeps is woken, waited for and asked")
    func sleeping() async throws {
        let run = try await chat(["SLEEPING", "AWAKING", "AWAKING", "RUNNING"].map(Self.state))
        #expect(
            run.output == Self.info + "[info] dedicated endpoint not ready; sending wake request\n"
                + CannedStream.wholeTranscript
        )
        #expect(
            run.calls == [Self.look, Self.wakeCall, Self.look, Self.look, Self.look, Self.completion]
        )
        #expect(run.tokens == ["Bearer flp"])
        #expect(run.status == .complete)
    }

    @Test("that runs is asked at once")
    func running() async throws {
        let run = try await chat([Self.state("RUNNING")])
        #expect(
            run.output == Self.info + "[info] dedicated endpoint is already RUNNING\n" + CannedStream.wholeTranscript
        )
        #expect(run.calls == [Self.look, Self.completion])
    }

    @Test("that was terminated is not asked, and must be redeployed")
    func terminated() async throws {
        let run = try await chat([Self.state("TERMINATED")])
        #expect(run.output == Self.info + "[warn] dedicated endpoint is TERMINATED\n")
        #expect(run.diagnostics.contains("redeploy"))
        #expect(run.calls == [Self.look])
        #expect(run.status == .incomplete)
    }

    @Test("that fails while it wakes is not asked")
    func failing() async throws {
        let run = try await chat(
            [Self.state("SLEEPING"), .whole(200, #"{"status":"FAILED","errorCode":"WORKLOAD_INIT_GRPC_ERROR"}"#)])
        #expect(run.output.hasSuffix("[warn] dedicated endpoint is FAILED (WORKLOAD_INIT_GRPC_ERROR)\n"))
        #expect(run.status == .incomplete)
    }

    @Test("that does not wake in time is given up")
    func timeout() async throws {
        let run = try await chat([Self.state("SLEEPING")], timeout: 0)
        #expect(
            run.output == Self.info + "[info] dedicated endpoint not ready; sending wake request\n"
                + "[warn] dedicated endpoint not ready after 0 s: SLEEPING\n"
        )
        #expect(run.diagnostics.contains("--wake-timeout"))
        #expect(run.calls == [Self.look, Self.wakeCall])
        #expect(run.status == .wakeTimedOut)
    }

    static let refusals: [(Int, String, String)] = [
        (401, "HTTP 401: Unauthorized", "UPSTREAM_API_KEY"), (404, "HTTP 404: Unauthorized", "FRIENDLI_ENDPOINT_ID"),
    ]

    @Test("whose status is refused is asked all the same, with a warning", arguments: refusals)
    func refused(_ status: Int, _ words: String, _ variable: String) async throws {
        let run = try await chat([.whole(status, #"{"message":"Unauthorized"}"#)])
        #expect(
            run.output == Self.info + "[warn] dedicated endpoint status check failed: \(words)\n"
                + CannedStream.wholeTranscript
        )
        #expect(run.diagnostics.contains(variable))
        #expect(run.calls == [Self.look, Self.completion])
        #expect(run.status == .complete)
    }

    @Test("whose wake is refused is asked all the same, with a warning")
    func wakeRefused() async throws {
        let run = try await chat([Self.state("SLEEPING")], wake: .whole(403, ""))
        #expect(run.output.contains("sending wake request\n[warn] dedicated endpoint wake failed: HTTP 403\n\n==="))
        #expect(run.calls == [Self.look, Self.wakeCall, Self.completion])
        #expect(run.status == .complete)
    }

    @Test("is not looked at without a token")
    func noToken() async throws {
        let run = try await chat([Self.state("RUNNING")], variables: [.friendliEndpointID: "ep1"])
        #expect(
            run.output == Self.info + "[warn] dedicated endpoint status check failed: UPSTREAM_API_KEY is not set\n"
                + CannedStream.wholeTranscript
        )
        #expect(run.calls == [Self.completion])
    }

    @Test("has to be named")
    func noEndpoint() async throws {
        let run = try await chat([Self.state("RUNNING")], variables: [.upstreamAPIKey: "flp"])
        #expect(run.output.contains("[warn] no dedicated endpoint to wake: FRIENDLI_ENDPOINT_ID is not set\n"))
        #expect(run.calls == [Self.completion])
    }

    @Test("is told of on standard error where standard output is JSON")
    func json() async throws {
        let run = try await chat([Self.state("RUNNING")], isJSON: true)
        #expect(run.output.hasPrefix("{"))
        #expect(run.diagnostics == Self.info + "[info] dedicated endpoint is already RUNNING\n")
    }

    // MARK: check-dedicated

    private func check(
        _ answer: ScriptedServer.Answer,
        variables: [ClientEnvironment.Variable: String] = [.upstreamAPIKey: "flp", .friendliEndpointID: "ep1"]
    ) async throws -> Run {
        let recording = RecordingConsole()
        return try await ScriptedServer.run({ _ in answer }) { origin, seen in
            let environment = ClientEnvironment(variables.merging([.friendliAPIBase: origin]) { given, _ in given })
            let status = try await CheckDedicated.perform(
                endpointID: nil,
                console: recording.console(),
                environment: environment
            )
            return Run(
                status: status,
                output: recording.output,
                diagnostics: recording.diagnostics,
                calls: seen().map { "\($0.method) \($0.path)" },
                tokens: Set(seen().map(\.authorization))
            )
        }
    }

    static let states: [(String, ClientExit, String)] = [
        ("RUNNING", .complete, ""), ("SLEEPING", .complete, "--wake"), ("INITIALIZING", .complete, "--wake"),
        ("TERMINATED", .incomplete, "redeploy"), ("FAILED", .incomplete, "redeploy"), ("NEW", .complete, "--wake"),
    ]

    @Test("has its status printed by check-dedicated", arguments: states)
    func checking(_ name: String, _ status: ClientExit, _ hint: String) async throws {
        let run = try await check(Self.state(name))
        #expect(run.output == "\(name)\n")
        #expect(run.status == status)
        #expect(run.diagnostics.contains(hint) || hint.isEmpty)
        #expect(run.calls == [Self.look])
        #expect(run.tokens == ["Bearer flp"])
    }

    static let missingCases: [([ClientEnvironment.Variable: String], [String])] = [
        ([:], ["FRIENDLI_ENDPOINT_ID is not set", "UPSTREAM_API_KEY is not set"]),
        ([.upstreamAPIKey: "flp"], ["FRIENDLI_ENDPOINT_ID is not set"]),
        ([.friendliEndpointID: "ep1"], ["UPSTREAM_API_KEY is not set"]),
        ([.friendliEndpointID: "ep1", .upstreamAPIKey: "flp", .friendliAPIBase: "x://"], ["FRIENDLI_API_BASE"]),
    ]

    @Test("check-dedicated names every missing variable", arguments: missingCases)
    func missing(_ variables: [ClientEnvironment.Variable: String], _ words: [String]) async throws {
        let run = try await check(Self.state("RUNNING"), variables: variables)
        #expect(run.status == .configuration)
        #expect(run.output == "")
        #expect(run.diagnostics.split(separator: "\n").count == words.count)
        for words in words { #expect(run.diagnostics.contains(words)) }
        #expect(run.calls.isEmpty)
    }

    static let checkFailureCases: [(ScriptedServer.Answer, String)] = [
        (.whole(401, ""), "UPSTREAM_API_KEY"), (.whole(404, ""), "FRIENDLI_ENDPOINT_ID"),
        (.whole(200, "<html>"), "FRIENDLI_API_BASE"),
    ]

    @Test("check-dedicated tells why there is no status", arguments: checkFailureCases)
    func checkFailures(_ answer: ScriptedServer.Answer, _ variable: String) async throws {
        let run = try await check(answer)
        #expect(run.status == .refused)
        #expect(run.output == "")
        #expect(run.diagnostics.contains("[error] dedicated endpoint status check failed"))
        #expect(run.diagnostics.contains(variable))
    }

    @Test("check-dedicated tells when Friendli cannot be reached")
    func checkUnreachable() async throws {
        let port = try SilentPort()
        defer { withExtendedLifetime(port) {} }
        let closed = port.origin
        let run = try await check(
            .silence,
            variables: [.friendliEndpointID: "ep1", .upstreamAPIKey: "flp", .friendliAPIBase: closed]
        )
        #expect(run.status == .unreachable)
        #expect(run.diagnostics.contains("FRIENDLI_API_BASE"))
    }
}
