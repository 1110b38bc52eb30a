internal import CMicroHTTPD
public import EventLoop
internal import Synchronization

/// Open connections, counted over all loops of a server.
public final class ConnectionCount: Sendable {
    let open = Atomic<Int>(0)

    public init() {}

    /// Connections open now.
    public var value: Int { open.load(ordering: .relaxed) }
}

/// One loop's share of a server: a libmicrohttpd daemon in external epoll mode, nested in a reactor's epoll.
///
/// Threading: confined to its reactor, which every entry checks.
///
/// `@unchecked Sendable` is sound because of that confinement.
public final class InboundDaemon: ReactorParticipant, @unchecked Sendable {
    let reactor: Reactor
    let limits: InboundLimits
    let handler: any RequestHandler
    let count: ConnectionCount
    let credentials: TLSCredentials?
    private var daemon: OpaquePointer?
    private var epollDescriptor: Int32 = -1
    private var runNeeded = false
    /// No connection is accepted and none suspended any more.
    private(set) var isStopping = false
    private var connections: [ObjectIdentifier: ClientConnection] = [:]
    /// Those whose request ended in this tick while connections are being closed.
    private var leaving: [ClientConnection] = []
    /// Those whose client has closed its side, until it is known whether its last request is whole.
    private var halfClosed: [ClientConnection] = []
    private var idleWaiters: [TimerToken: CheckedContinuation<Bool, Never>] = [:]
    private(set) var openExchanges = 0
    /// Whether connections are closed after their present response; where its head is still to be sent, it tells so.
    public var closesConnections = false

    /// Runs of libmicrohttpd in one tick, before other work has its turn again.
    private static let runsPerTick = 8

    /// Counts what libmicrohttpd calls back for.
    private var activity: UInt64 = 0
    /// Whether the library says that there is work, and does none: a line of a chunked body that is longer than a
    /// connection's memory leaves it so until the connection's deadline.
    private var isStuck = false
    /// Pause between two runs meanwhile. What really happens ends it at once.
    private static let stuckPause = Duration.milliseconds(20)

    /// Starts serving `listenSocket`, which then belongs to the daemon. On the reactor's thread.
    /// - Parameter credentials: for HTTPS; nil: HTTP.
    /// - Throws: `ListenError` when credentials cannot be used; `SystemError` when libmicrohttpd does not start.
    public init(
        reactor: Reactor, listenSocket: Int32, limits: InboundLimits, count: ConnectionCount,
        credentials: TLSCredentials? = nil, handler: any RequestHandler
    ) throws {
        reactor.checkIsolated()
        self.reactor = reactor
        self.limits = limits
        self.count = count
        self.credentials = credentials
        self.handler = handler
        daemon = Callbacks.start(self, listenSocket: listenSocket)
        guard let daemon else {
            if credentials != nil { throw ListenError.unusableCredentials }
            throw SystemError(call: "MHD_start_daemon", errno: 0)
        }
        epollDescriptor = mhd_daemon_epoll_descriptor(daemon)
        try reactor.watch(epollDescriptor, .readable) { [unowned self] _ in runNeeded = true }
        reactor.join(self)
    }

    /// Breaks off what is open and stops. The reactor goes on.
    public func stop() {
        reactor.checkIsolated()
        guard let daemon else { return }
        isStopping = true
        for connection in Array(connections.values) { connection.end() }
        // Stopping while a connection is suspended is an error of the library's user, on which it aborts the process.
        MHD_run(daemon)
        reactor.unwatch(epollDescriptor)
        reactor.leave(self)
        MHD_stop_daemon(daemon)
        self.daemon = nil
    }

    /// Waits until no request is in progress.
    /// - Returns: false when that took longer than `limit`, or when the task was cancelled and `endIdleWaits` called.
    public func idle(within limit: Duration) async -> Bool {
        reactor.checkIsolated()
        guard openExchanges > 0 else { return true }
        return await withCheckedContinuation { continuation in
            // Getting here can take a turn of the loop.
            guard openExchanges > 0, !Task.isCancelled else {
                return continuation.resume(returning: openExchanges == 0)
            }
            var token: TimerToken?
            token = reactor.schedule(after: limit) { [unowned self] in
                if let token { idleWaiters.removeValue(forKey: token)?.resume(returning: false) }
            }
            if let token { idleWaiters[token] = continuation }
        }
    }

    /// Lets those who wait in `idle` go, with false. To follow the cancellation of their tasks.
    public func endIdleWaits() {
        reactor.checkIsolated()
        for (timer, waiter) in idleWaiters {
            reactor.cancel(timer)
            waiter.resume(returning: false)
        }
        idleWaiters = [:]
    }

    // MARK: Running

    /// After a resume neither the timeout nor the nested descriptor tells that there is work: this flag does.
    func needsRun() {
        runNeeded = true
    }

    public func sleepLimit() -> Duration? {
        if runNeeded { return .zero }
        guard let milliseconds = timeout() else { return nil }
        if isStuck, milliseconds == 0 { return Self.stuckPause }
        return .milliseconds(milliseconds)
    }

    /// A first run fills the buffers of a batch of resumed connections, a second one sends them.
    public func tickEnded() {
        guard let daemon, runNeeded || timeout() == 0 else { return }
        let before = activity
        var runs = isStuck ? 1 : Self.runsPerTick
        while runs > 0 {
            runNeeded = false
            MHD_run(daemon)
            runs -= 1
            if !runNeeded, timeout() != 0 { break }
        }
        isStuck = runs == 0 && activity == before && !runNeeded && timeout() == 0
        // Not from inside the library, which may have gone on to the connection's next request.
        for connection in leaving { connection.endSending() }
        leaving = []
        if !halfClosed.isEmpty, isStuck || timeout() != 0 {
            let ended = halfClosed
            halfClosed = []
            for connection in ended { connection.endIfIncomplete(nothingMoves: isStuck) }
        }
    }

    private func timeout() -> UInt64? {
        guard let daemon else { return nil }
        var milliseconds: UInt64 = 0
        return MHD_get_timeout(daemon, &milliseconds) == .YES ? milliseconds : nil
    }

    // MARK: Bookkeeping, called back

    func moved() {
        activity &+= 1
    }

    func admitsConnection() -> Bool {
        !isStopping && count.open.load(ordering: .relaxed) < limits.connections
    }

    func opened(_ connection: ClientConnection) {
        connections[ObjectIdentifier(connection)] = connection
        count.open.add(1, ordering: .relaxed)
        connection.opened()
    }

    func closed(_ connection: ClientConnection) {
        connection.closed()
        connections[ObjectIdentifier(connection)] = nil
        count.open.subtract(1, ordering: .relaxed)
        // After an accept that failed the library listens again in a later run, for which nothing else might ask.
        needsRun()
    }

    /// To be looked at once libmicrohttpd has done its work.
    func peerClosed(_ connection: ClientConnection) {
        halfClosed.append(connection)
    }

    func exchangeStarted() {
        openExchanges &+= 1
    }

    func exchangeEnded(on connection: ClientConnection) {
        openExchanges &-= 1
        if closesConnections { leaving.append(connection) }
        guard openExchanges == 0 else { return }
        for (timer, waiter) in idleWaiters {
            reactor.cancel(timer)
            waiter.resume(returning: true)
        }
        idleWaiters = [:]
    }
}
