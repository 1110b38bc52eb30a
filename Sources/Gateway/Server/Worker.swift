internal import EventLoop
internal import Inbound
internal import Outbound

/// One event loop with everything that lives on it. Nothing of it is shared with another loop.
///
/// `@unchecked Sendable` is sound: apart from the constants, all is confined to the reactor, which every entry checks.
final class Worker: @unchecked Sendable {
    let reactor: Reactor
    let multi: MultiHandle
    let summaries: SummaryLane
    let shared: SharedState
    private var daemon: InboundDaemon?
    private var sessions: [ObjectIdentifier: CompletionSession] = [:]

    private static let unwindingTurns = 1000

    private init(reactor: Reactor, shared: SharedState) throws {
        self.reactor = reactor
        self.shared = shared
        let configuration = shared.configuration
        let loops = configuration.serving.workers
        multi = try MultiHandle(reactor: reactor, settings: configuration.outboundSettings)
        summaries = try SummaryLane(
            reactor: reactor, settings: configuration.outboundSettings,
            places: configuration.summary.concurrency / loops,
            cacheEntries: (configuration.summary.cacheEntries + loops - 1) / loops)
    }

    /// Starts a loop that serves `listenSocket`.
    static func start(number: Int, listenSocket: Int32, shared: SharedState) async throws -> Worker {
        let reactor = try Reactor(name: "loop-\(number)")
        do {
            return try await reactor.perform {
                let worker = try Worker(reactor: reactor, shared: shared)
                do {
                    worker.daemon = try InboundDaemon(
                        reactor: reactor, listenSocket: listenSocket, limits: shared.configuration.inboundLimits,
                        count: shared.connections, credentials: shared.credentials,
                        handler: GatewayHandler(worker: worker))
                } catch {
                    worker.closeCalls()
                    throw error
                }
                return worker
            }
        } catch {
            reactor.stop()
            throw error
        }
    }

    // MARK: Sessions

    func add(_ session: CompletionSession) {
        reactor.checkIsolated()
        sessions[ObjectIdentifier(session)] = session
    }

    func remove(_ session: CompletionSession) {
        reactor.checkIsolated()
        sessions[ObjectIdentifier(session)] = nil
    }

    // MARK: Drain

    /// Whether new completions are refused. The same fact as connections ending with their response: a client that is
    /// refused for the drain must not come back on the same connection.
    var isDraining: Bool {
        reactor.checkIsolated()
        return daemon?.closesConnections ?? true
    }

    /// From now on new completions are refused and connections end with their present response.
    func beginDrain() async {
        await reactor.perform { self.daemon?.closesConnections = true }
    }

    /// Waits until no request is in progress.
    /// - Returns: false when that took longer than `limit`, or when the task was cancelled.
    func idle(within limit: Duration) async -> Bool {
        guard let daemon = await reactor.perform({ self.daemon }) else { return true }
        let wait = Task(executorPreference: reactor) { await daemon.idle(within: limit) }
        return await withTaskCancellationHandler {
            await wait.value
        } onCancel: {
            wait.cancel()
            reactor.execute { daemon.endIdleWaits() }
        }
    }

    /// Ends what is still open with an error of code `shutting_down`.
    func endSessions() async {
        let open = await reactor.perform { Array(self.sessions.values) }
        for session in open { await session.shutDown() }
    }

    /// Breaks off what is left, closes all connections and ends the thread.
    func stop() async {
        await reactor.perform {
            self.daemon?.stop()
            self.daemon = nil
            self.closeCalls()
        }
        // Their calls are cancelled; each needs some turns of the loop to unwind.
        for _ in 0..<Self.unwindingTurns {
            if await reactor.perform({ self.sessions.isEmpty }) { break }
        }
        reactor.stop()
    }

    private func closeCalls() {
        multi.close()
        summaries.multi.close()
    }
}
