import EventLoop
import Glibc
import Outbound

/// One event loop for one client command.
enum ClientLoop {
    /// Runs `body` on a new loop, with a multi handle of its own, and ends both.
    /// - Throws: what `body` throws; `SystemError` when descriptors, threads or memory run out.
    static func run<Result: Sendable>(
        settings: OutboundSettings = OutboundSettings(userAgent: "inference-gateway-client"),
        _ body: @escaping @Sendable (MultiHandle) async throws -> Result
    ) async throws -> Result {
        let reactor = try Reactor(name: "client")
        defer { reactor.stop() }
        return try await Task(executorPreference: reactor) {
            let multi = try MultiHandle(reactor: reactor, settings: settings)
            defer { multi.close() }
            return try await body(multi)
        }.value
    }

    /// Set-up of a process that is a client. Before any thread is started.
    static func prepareProcess() {
        // A reader that goes away is a failed write, not the process's end.
        signal(SIGPIPE, SIG_IGN)
        // libcurl would ask a proxy for the gateway next door (curl_easy_setopt, CURLOPT_NOPROXY).
        let list = ClientEnvironment.variable("no_proxy") ?? ClientEnvironment.variable("NO_PROXY")
        setenv("no_proxy", NoProxy.withLoopback(list), 1)
    }
}

/// The list of hosts that are asked directly, as libcurl reads it from `no_proxy`.
enum NoProxy {
    static func withLoopback(_ list: String?) -> String {
        let list = list?.trimmingBlanks() ?? ""
        if list == "*" { return list }
        let loopback = "localhost,127.0.0.1,::1"
        return list.isEmpty ? loopback : "\(list),\(loopback)"
    }
}
