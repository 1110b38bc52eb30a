import Gateway
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

@main struct Main {
    static func main() async throws {
        var c = try GatewayConfiguration(environment: EnvironmentFile.layered(under: EnvironmentFile.process()))
        if let p = getenv("PORT") { c.serving.port = Int(String(cString: p)) ?? 0 }
        if let p = getenv("UPSTREAM_BASE_URL") { c.upstream.baseURL = String(cString: p) }
        if let p = getenv("WORKERS") { c.serving.workers = Int(String(cString: p)) ?? 2 }
        if CommandLine.arguments.contains("print-env-example") {
            print(GatewayConfiguration.example, terminator: ""); return
        }
        signal(SIGPIPE, SIG_IGN)
        let logger = Logger(label: "x")
        let g = ServiceGroup(
            services: [GatewayServer(configuration: c, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        try await g.run()
    }
}
