import EventLoop
import Glibc
import Testing

@Suite("The life of a reactor", .timeLimit(.minutes(5)))
struct ReactorLifeTests {
    @Test("ends with stop, which may be called again; then all that it held is released")
    func stop() async throws {
        final class Held: Sendable {}
        weak var held: Held?
        weak var ended: Reactor?
        do {
            let reactor = try Reactor(name: "test")
            ended = reactor
            let strong = Held()
            held = strong
            await reactor.perform { _ = reactor.schedule(after: .seconds(3600)) { _ = strong } }
            reactor.stop()
            reactor.stop()
            // Not run, and no harm done.
            reactor.execute { Issue.record("a stopped reactor ran work") }
        }
        #expect(ended == nil)
        #expect(held == nil)
    }

    @Test("ends although work keeps coming")
    func stopWhileBusy() async throws {
        let reactor = try Reactor(name: "test")
        let turns = Record<Void>()
        @Sendable func turn() {
            if turns.count < 100_000 { turns.add(()) }
            reactor.execute { turn() }
        }
        turn()
        while turns.count < 10 { await Task.yield() }
        reactor.stop()
    }

    @Test("of one that joins: it is asked how long the reactor may sleep, and told of each tick until it leaves")
    func participant() async throws {
        try await withReactor { reactor in
            let ticks = Record<MonotonicInstant>()
            let start = MonotonicInstant.now()
            await reactor.awaiting { done in
                let participant = Ticker(limit: .milliseconds(5)) { participant in
                    guard ticks.add(.now()) == 5 else { return }
                    reactor.leave(participant)
                    done()
                }
                reactor.join(participant)
            }
            // The first tick is the one in which it joined.
            #expect(start.duration(to: ticks.entries[4]) >= .milliseconds(20))
            await reactor.settle()
            #expect(ticks.count == 5)
        }
    }

    @Test("does not sleep longer than the next timer, whatever a participant allows")
    func timerBeforeParticipant() async throws {
        try await withReactor { reactor in
            await reactor.awaiting { done in
                let participant = Ticker(limit: .seconds(3600)) { _ in }
                reactor.join(participant)
                _ = reactor.schedule(after: .milliseconds(1)) {
                    reactor.leave(participant)
                    done()
                }
            }
        }
    }
}

private final class Ticker: ReactorParticipant {
    private let limit: Duration
    private let tick: (Ticker) -> Void

    init(limit: Duration, tick: @escaping (Ticker) -> Void) {
        self.limit = limit
        self.tick = tick
    }

    func sleepLimit() -> Duration? { limit }

    func tickEnded() { tick(self) }
}
