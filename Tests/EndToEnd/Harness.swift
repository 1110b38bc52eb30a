import EventLoop
import Foundation
import Gateway
import HTTPTypes
import Logging
import MockUpstream
import Outbound
import TestSupport

/// A mock upstream, a gateway in front of it, and a client: all in this process, over real sockets.
struct Harness: Sendable {
    let mock: MockServer
    let gateway: GatewayInstance
    let client: TestClient
    let logs: CapturedLogs

    let scheme: String

    var url: String { "\(scheme)://127.0.0.1:\(gateway.port)" }

    /// All tests at once would have more sockets and threads than a process may.
    private static let places = AsyncSemaphore(places: 12)

    /// - Parameter environment: the gateway's; the upstream is filled in where it is not given.
    static func run<Result>(
        _ environment: [String: String] = [:],
        script: @escaping @Sendable (MockRequest) -> MockScript? = { _ in nil },
        _ body: (Harness) async throws -> Result
    ) async throws -> Result {
        try await places.pass { try await start(environment, script: script, body) }
    }

    private static func start<Result>(
        _ environment: [String: String], script: @escaping @Sendable (MockRequest) -> MockScript?,
        _ body: (Harness) async throws -> Result
    ) async throws -> Result {
        DescriptorLimit.raise()
        let mock = try await MockServer.start(script: script)
        var environment = environment
        environment["UPSTREAM_BASE_URL"] = environment["UPSTREAM_BASE_URL"] ?? mock.baseURL
        environment["PORT"] = "0"
        environment["WORKERS"] = environment["WORKERS"] ?? "2"
        environment["UPSTREAM_RETRY_BACKOFF"] = environment["UPSTREAM_RETRY_BACKOFF"] ?? "0.01"
        // A busy machine is no reason to give up, save where a test is about that.
        for name in ["REQUEST_TIMEOUT", "WRITE_TIMEOUT", "HEADER_TIMEOUT", "SUMMARY_TIMEOUT", "CONNECT_TIMEOUT"] {
            environment[name] = environment[name] ?? "600"
        }
        let logs = CapturedLogs()
        let gateway = try await GatewayInstance.start(
            configuration: GatewayConfiguration(environment: environment), logger: logs.logger)
        let certificate = environment["TLS_CERT_FILE"]
        let client = try await TestClient(caFile: certificate)
        let scheme = certificate == nil ? "http" : "https"
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await body(Harness(mock: mock, gateway: gateway, client: client, logs: logs, scheme: scheme)))
        } catch {
            result = .failure(error)
        }
        await client.stop()
        await gateway.stop()
        await mock.stop()
        return try result.get()
    }

    /// A request body with these further members, as JSON.
    static func body(model: String, message: String = "Why is the sky blue?", _ members: String = "") -> String {
        #"{"model":"\#(model)","stream":true,"messages":[{"role":"user","content":"\#(message)"}]\#(members)}"#
    }

    func request(
        _ body: String, path: String = "/v1/chat/completions", headerFields: HTTPFields = [:]
    ) -> UpstreamRequest {
        var fields = headerFields
        fields[.contentType] = fields[.contentType] ?? "application/json"
        return UpstreamRequest(
            method: .post, url: url + path, headerFields: fields, body: RequestBody(Array(body.utf8)),
            connectTimeout: .seconds(300), silenceTimeout: .seconds(300))
    }

    func post(
        _ body: String, path: String = "/v1/chat/completions", headerFields: HTTPFields = [:]
    ) async throws -> TestClient.Answer {
        try await client.send(request(body, path: path, headerFields: headerFields))
    }

    func get(_ path: String) async throws -> TestClient.Answer {
        try await client.send(UpstreamRequest(method: .get, url: url + path))
    }

    /// The events of one completion.
    func events(model: String, _ members: String = "") async throws -> [ClientEvent] {
        try ClientEvent.decode(try await post(Self.body(model: model, members)).body)
    }

    /// A client of which every byte is the test's.
    func connect() throws -> RawConnection {
        try RawConnection(port: gateway.port)
    }

    var openCompletions: Int { gateway.openCompletions }

    /// What the upstream received for the answer itself.
    var completionRequests: [MockRequest] { mock.recorder.requests.filter { !$0.isSummaryCall } }
    var summaryRequests: [MockRequest] { mock.recorder.requests.filter(\.isSummaryCall) }
}

/// What did not come about in time.
struct NeverHappened: Error {}

/// Returns once `condition` holds, for what nobody announces. Looks again each millisecond, and leaves the threads to
/// others in between.
/// - Throws: `NeverHappened` when that takes longer than two minutes.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NeverHappened() }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// Log lines, kept for looking at.
final class CapturedLogs: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private struct Handler: LogHandler {
        let logs: CapturedLogs
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(level: event.level, message: event.message.description, metadata: event.metadata ?? [:])
            logs.stored.withLock { $0.append(line) }
        }
    }

    private let stored = LockedLines()

    var logger: Logger { Logger(label: "test") { _ in Handler(logs: self) } }
    var lines: [Line] { stored.withLock { $0 } }

    func named(_ message: String) -> [Line] { lines.filter { $0.message == message } }
}

/// `@unchecked Sendable` is sound: `lines` is touched under the lock only.
private final class LockedLines: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [CapturedLogs.Line] = []

    func withLock<Result>(_ body: (inout [CapturedLogs.Line]) -> Result) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return body(&lines)
    }
}
