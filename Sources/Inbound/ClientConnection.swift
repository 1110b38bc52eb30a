internal import CMicroHTTPD
internal import EventLoop
import Glibc

/// One TCP connection of a client: its descriptor, what libmicrohttpd calls it, its deadline, and whether the client
/// is still there. Confined to its daemon's reactor.
final class ClientConnection {
    let handle: OpaquePointer
    let descriptor: Int32
    let clientAddress: String
    unowned let daemon: InboundDaemon
    /// The request in progress.
    var exchange: Exchange?
    /// The client closed its side. Kept, because the event may come before the request exists.
    private(set) var peerClosed = false
    private var suspended = false
    /// The descriptor is no longer ours: its number may be another connection's.
    private var isClosed = false
    private var served = 0
    /// The head of a request has begun that is not complete yet.
    private var headBegun = false
    /// Of the request whose head is being read.
    private(set) var target: TargetPlace?
    /// We have ended our sending side.
    private(set) var isEnding = false
    private var deadline: MonotonicInstant?
    private var timer: (token: TimerToken, at: MonotonicInstant)?

    /// In seconds: so long that it never ends a connection, whose deadlines are ours.
    private static let ownTimeout: UInt32 = 30 * 24 * 3600

    init(handle: OpaquePointer, daemon: InboundDaemon) {
        self.handle = handle
        self.daemon = daemon
        descriptor = mhd_connection_socket(handle)
        clientAddress = SocketAddress(peer: mhd_connection_client_address(handle))?.host ?? ""
    }

    // MARK: Life

    /// libmicrohttpd does not watch a suspended connection, so we do.
    func opened() {
        try? daemon.reactor.watch(descriptor, [.peerClosed, .edgeTriggered]) { [unowned self] seen in
            peerEvent(seen)
        }
        // A client that has vanished without a word takes no byte either, though the kernel holds them.
        var limit = Int32(clamping: daemon.limits.writeTimeout.wholeNanoseconds / 1_000_000)
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
        setDeadline(after: daemon.limits.headerTimeout)
    }

    func closed() {
        isClosed = true
        daemon.reactor.unwatch(descriptor)
        if let timer { daemon.reactor.cancel(timer.token) }
        timer = nil
        deadline = nil
    }

    /// The request line of a request has come. The first request's head is bounded from the connection's start; a
    /// later one's from here, since the time before was idle.
    func requestLineSeen(_ target: TargetPlace?) {
        headBegun = true
        self.target = target
        if served > 0 { setDeadline(after: daemon.limits.headerTimeout) }
    }

    func requestStarted(_ exchange: Exchange) {
        headBegun = false
        self.exchange = exchange
        setDeadline(after: daemon.limits.writeTimeout)
    }

    func requestCompleted() {
        exchange = nil
        served &+= 1
        setDeadline(after: daemon.limits.headerTimeout)
    }

    /// Ends our sending side between two requests: the last response, which may still be in the kernel's buffer, arrives
    /// before the end does. Reading goes on, or else bytes that the client sends by now would lose it the response.
    ///
    /// No effect when the next request has begun; its answer ends the connection.
    func endSending() {
        var unread: Int32 = 0
        guard !isClosed, exchange == nil, !headBegun,
            ioctl(descriptor, UInt(FIONREAD), &unread) == 0, unread == 0
        else { return }
        isEnding = true
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// No byte comes any more, so what is no whole request by now never will be one. libmicrohttpd does not see an end that
    /// came together with bytes. Once it has done all its work.
    /// - Parameter nothingMoves: whether the library reads no more, although there is something to read.
    func endIfIncomplete(nothingMoves: Bool) {
        guard !isClosed, exchange?.isIncomplete ?? true else { return }
        var unread: Int32 = 0
        let isRead = ioctl(descriptor, UInt(FIONREAD), &unread) == 0 && unread == 0
        if isRead || nothingMoves { end() } else { daemon.peerClosed(self) }
    }

    private func peerEvent(_ seen: ReadinessEvents) {
        peerClosed = true
        daemon.peerClosed(self)
        daemon.needsRun()
        guard let exchange else { return }
        let gone = !seen.isDisjoint(with: [.hangUp, .error])
        guard gone || exchange.endsWithClient else { return }
        // A finished answer is still delivered to a client that has only closed its sending side.
        if !gone, exchange.output.isFinished { return }
        end()
    }

    /// Breaks the connection off; libmicrohttpd notices, tells of it, and closes the descriptor.
    func end() {
        guard !isClosed else { return }
        shutdown(descriptor, Int32(SHUT_RDWR))
        exchange?.abort()
        daemon.needsRun()
    }

    // MARK: Suspension

    func suspend() {
        guard !suspended, !daemon.isStopping else { return }
        suspended = true
        MHD_suspend_connection(handle)
    }

    /// Lets libmicrohttpd go on with the connection at the end of the tick.
    func resume() {
        guard suspended, !isClosed else { return }
        suspended = false
        // Else the library reads the client's end before it takes the answer, and drops the answer for it. Connections with
        // a timeout of their own it serves before it reads.
        if peerClosed, exchange != nil { mhd_connection_set_timeout(handle, Self.ownTimeout) }
        MHD_resume_connection(handle)
        daemon.needsRun()
    }

    // MARK: Output

    /// Bytes wait for the client, or the end of the stream does.
    func outputWaits() {
        guard suspended else { return }
        setDeadline(after: daemon.limits.writeTimeout)
        resume()
    }

    /// The client has taken bytes.
    func outputMoved() {
        setDeadline(after: daemon.limits.writeTimeout)
    }

    /// All output so far has been taken.
    func outputEmpty() {
        deadline = nil
        suspend()
    }

    /// A part of the body has come.
    func inputMoved() {
        setDeadline(after: daemon.limits.writeTimeout)
    }

    /// The handler works; the client owes nothing.
    func clientWaits() {
        deadline = nil
    }

    // MARK: Deadline

    /// Moving a deadline later costs a store: the timer looks when it fires.
    private func setDeadline(after delay: Duration) {
        let at = daemon.reactor.now.advanced(by: delay)
        deadline = at
        if let timer {
            if timer.at <= at { return }
            daemon.reactor.cancel(timer.token)
        }
        arm(at)
    }

    private func arm(_ at: MonotonicInstant) {
        let token = daemon.reactor.schedule(at: at) { [unowned self] in timerFired() }
        timer = (token, at)
    }

    private func timerFired() {
        timer = nil
        guard let deadline else { return }
        if deadline <= daemon.reactor.now {
            self.deadline = nil
            end()
        } else {
            arm(deadline)
        }
    }
}
