internal import EventLoop

/// Tells when nothing has happened for a while. Touching it costs a store: the timer looks when it fires.
/// Confined to its reactor.
final class SilenceTimer {
    private let reactor: Reactor
    private let limit: Duration
    private let elapsed: () -> Void
    private var last: MonotonicInstant
    private var timer: TimerToken?

    init(reactor: Reactor, limit: Duration, elapsed: @escaping () -> Void) {
        self.reactor = reactor
        self.limit = limit
        self.elapsed = elapsed
        last = .now()
        arm()
    }

    func touch() {
        last = reactor.now
    }

    /// Begins the wait anew, also after it has elapsed.
    func restart() {
        last = .now()
        if timer == nil { arm() }
    }

    func stop() {
        if let timer { reactor.cancel(timer) }
        timer = nil
    }

    private func arm() {
        timer = reactor.schedule(at: last.advanced(by: limit)) { [unowned self] in fired() }
    }

    private func fired() {
        timer = nil
        if last.advanced(by: limit) <= reactor.now { elapsed() } else { arm() }
    }
}
