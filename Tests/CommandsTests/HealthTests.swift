import TestSupport
import Testing

@testable import Commands

/// `health` against a gateway on this machine.
@Suite("health", .timeLimit(.minutes(5)))
struct HealthTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let upstream: Bool
        let status: Int
        let body: String
        let exit: ClientExit
        let hint: String
    }

    static let cases = [
        Case(
            testDescription: "a gateway that lives",
            upstream: false,
            status: 200,
            body: #"{"status":"ok","scope":"gateway"}"#,
            exit: .complete,
            hint: ""
        ),
        Case(
            testDescription: "a server error",
            upstream: false,
            status: 500,
            body: "oops",
            exit: .incomplete,
            hint: "look at the gateway's log"
        ),
        Case(
            testDescription: "another server",
            upstream: false,
            status: 404,
            body: "",
            exit: .incomplete,
            hint: "no inference gateway"
        ),
        Case(
            testDescription: "an upstream in reach",
            upstream: true,
            status: 200,
            body: #"{"status":"ok","upstream":true}"#,
            exit: .complete,
            hint: ""
        ),
        Case(
            testDescription: "an upstream out of reach",
            upstream: true,
            status: 200,
            body: #"{"status":"degraded","upstream":false}"#,
            exit: .incomplete,
            hint: "UPSTREAM_BASE_URL"
        ),
        Case(
            testDescription: "an upstream behind a key",
            upstream: true,
            status: 401,
            body: "{}",
            exit: .incomplete,
            hint: "GATEWAY_API_KEY"
        ),
    ]

    @Test("prints the body, and what to do", arguments: cases)
    func health(_ aCase: Case) async throws {
        let recording = RecordingConsole()
        try await ScriptedServer.run({ _ in .whole(aCase.status, aCase.body) }) { origin, seen in
            let status = try await Health.perform(
                url: origin,
                checksUpstream: aCase.upstream,
                console: recording.console(),
                environment: ClientEnvironment([.gatewayAPIKey: "key"]),
                within: .seconds(60)
            )
            #expect(status == aCase.exit)
            #expect(seen().map(\.path) == [aCase.upstream ? "/upstream-health" : "/healthz"])
            #expect(seen().map(\.authorization) == ["Bearer key"])
        }
        #expect(recording.output == aCase.body + "\n")
        #expect(recording.diagnostics.contains(aCase.hint) || aCase.hint.isEmpty)
        #expect(recording.diagnostics.isEmpty == aCase.hint.isEmpty)
    }

    @Test("asks where HOST and PORT say")
    func environment() async throws {
        try await ScriptedServer.run({ _ in .whole(200, "{}") }) { origin, seen in
            let port = try #require(origin.split(separator: ":").last)
            let environment = ClientEnvironment([.host: "0.0.0.0", .port: String(port)])
            let status = try await Health.perform(
                url: nil,
                checksUpstream: false,
                console: RecordingConsole().console(),
                environment: environment,
                within: .seconds(60)
            )
            #expect(status == .complete)
            #expect(seen().count == 1)
        }
    }

    @Test("tells how to start a gateway that is not there")
    func unreachable() async throws {
        let port = try SilentPort()
        defer { withExtendedLifetime(port) {} }
        let closed = port.origin
        let recording = RecordingConsole()
        let status = try await Health.perform(
            url: closed,
            checksUpstream: false,
            console: recording.console(),
            environment: ClientEnvironment()
        )
        #expect(status == .incomplete)
        #expect(recording.output == "")
        #expect(recording.diagnostics.contains("no answer from \(closed)/healthz"))
        #expect(recording.diagnostics.contains("make run-gateway"))
    }

    @Test("does not wait for a gateway that hangs")
    func silence() async throws {
        let recording = RecordingConsole()
        let status = try await ScriptedServer.run({ _ in .silence }) { origin, _ in
            try await Health.perform(
                url: origin,
                checksUpstream: false,
                console: recording.console(),
                environment: ClientEnvironment(),
                within: .milliseconds(50)
            )
        }
        #expect(status == .incomplete)
        #expect(recording.diagnostics.contains("no answer within 0.05 s"))
    }

    @Test("does not wait for a gateway that drips")
    func dripping() async throws {
        let recording = RecordingConsole()
        let status = try await ScriptedServer.run({ _ in .drip }) { origin, _ in
            try await Health.perform(
                url: origin,
                checksUpstream: false,
                console: recording.console(),
                environment: ClientEnvironment(),
                within: .milliseconds(50)
            )
        }
        #expect(status == .incomplete)
        #expect(recording.diagnostics.contains("no answer within 0.05 s"))
    }

    @Test("is for a container's health check: three seconds, ten with the upstream")
    func limits() {
        #expect(Health.limit(checksUpstream: false) == .seconds(3))
        #expect(Health.limit(checksUpstream: true) == .seconds(10))
    }

    @Test("tells of a wrong PORT")
    func wrongPort() async throws {
        let recording = RecordingConsole()
        let status = try await Health.perform(
            url: nil,
            checksUpstream: false,
            console: recording.console(),
            environment: ClientEnvironment([.port: "x"])
        )
        #expect(status == .configuration)
        #expect(recording.diagnostics == "PORT is x: it must be a number from 1 to 65535\n")
    }
}
