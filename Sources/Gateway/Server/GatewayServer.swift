internal import EventLoop
internal import Inbound
public import Logging
public import ServiceLifecycle
internal import Synchronization

/// The gateway: one event loop per worker, all on one port.
public struct GatewayServer: Service {
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let started: @Sendable (UInt16) -> Void
    private let urged: (@Sendable () async -> Void)?

    /// - Parameters:
    ///   - started: told the port once connections are accepted.
    ///   - urged: awaited while the gateway drains; when it returns, the drain ends at once. It must heed cancellation.
    public init(
        configuration: GatewayConfiguration, logger: Logger, started: @escaping @Sendable (UInt16) -> Void = { _ in },
        urged: (@Sendable () async -> Void)? = nil
    ) {
        self.configuration = configuration
        self.logger = logger
        self.started = started
        self.urged = urged
    }

    /// Serves until a graceful shutdown, then drains (configuration.md, `DRAIN_TIMEOUT`).
    /// - Throws: `ListenError` when the port cannot be had; `SystemError` when descriptors or threads run out.
    public func run() async throws {
        let instance = try await GatewayInstance.start(configuration: configuration, logger: logger)
        started(instance.port)
        await untilShutdown()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await instance.drain() }
            if let urged { group.addTask { await urged() } }
            await group.next()
            group.cancelAll()
        }
        await instance.stop()
    }

    private func untilShutdown() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationOrGracefulShutdownHandler {
            for await _ in stream {}
        } onCancelOrGracefulShutdown: {
            continuation.finish()
        }
    }
}

/// A running gateway.
public struct GatewayInstance: Sendable {
    private let workers: [Worker]
    private let shared: SharedState
    /// The port in use.
    public let port: UInt16

    /// Opens the port and starts the loops.
    /// - Throws: `ListenError`, `SystemError`.
    public static func start(configuration: GatewayConfiguration, logger: Logger) async throws -> GatewayInstance {
        let shared = SharedState(configuration: configuration, logger: logger)
        let serving = configuration.serving
        let sockets = try ListenSockets(host: serving.host, port: UInt16(serving.port), count: serving.workers)
        var workers: [Worker] = []
        for (number, descriptor) in sockets.descriptors.enumerated() {
            workers.append(try await Worker.start(number: number, listenSocket: descriptor, shared: shared))
        }
        let upstream = configuration.upstream
        logger.info(
            "listening",
            metadata: [
                "scheme": "\(serving.tls == nil ? "http" : "https")", "host": "\(serving.host)",
                "port": .stringConvertible(sockets.port),
                "workers": .stringConvertible(workers.count),
                "upstream": "\(upstream.baseURLs.map(upstream.chatCompletionsURL).joined(separator: ","))",
            ])
        return GatewayInstance(workers: workers, shared: shared, port: sockets.port)
    }

    /// Completions in progress.
    public var openCompletions: Int { shared.places.taken }

    /// Refuses new completions and lets open streams finish, for as long as the configuration allows; the rest end
    /// with an error event of code `shutting_down`. Cancelling the task ends the wait.
    public func drain() async {
        let serving = shared.configuration.serving
        shared.ready.store(false, ordering: .relaxed)
        if serving.drainDelay > .zero { try? await Task.sleep(for: serving.drainDelay) }
        for worker in workers { await worker.beginDrain() }
        shared.logger.info("draining", metadata: ["open": .stringConvertible(openCompletions)])
        if await !idle(within: serving.drainTimeout) {
            shared.logger.warning(
                "\(Task.isCancelled ? "drain cut short" : "drain timeout"), ending open streams",
                metadata: ["open": .stringConvertible(openCompletions)])
            // In a task of its own: what remains to be done is short, and is not cancelled with the wait.
            await Task {
                for worker in workers { await worker.endSessions() }
                // The last events are on their way; a client that does not take them is not waited for long.
                _ = await idle(within: .seconds(1))
            }.value
        }
        shared.logger.info("drained", metadata: ["open": .stringConvertible(openCompletions)])
    }

    /// Breaks off what is left and ends the loops. No effect after the first call.
    public func stop() async {
        guard !shared.stopped.exchange(true, ordering: .relaxed) else { return }
        for worker in workers { await worker.stop() }
    }

    private func idle(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for worker in workers { group.addTask { await worker.idle(within: limit) } }
            return await group.reduce(true) { $0 && $1 }
        }
    }
}
