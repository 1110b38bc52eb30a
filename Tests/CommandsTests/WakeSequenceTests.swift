import Testing

@testable import Commands

@Suite("Waking an endpoint")
struct WakeSequenceTests {
    typealias Step = WakeSequence.Step

    static let notReady = "[info] dedicated endpoint not ready; sending wake request"
    static let refused = EndpointAPIFailure.refused(403, "no")
    static let flaky = EndpointAPIFailure.unreachable("reset")

    private func sequence() -> WakeSequence {
        WakeSequence(endpointID: "ep", interval: .seconds(5), timeout: .seconds(300))
    }

    @Test("begins with a look at it")
    func begin() {
        #expect(
            sequence().begin() == Step(lines: ["[info] checking dedicated endpoint status: ep"], next: .checkStatus)
        )
    }

    static let firstLooks: [(String, Step)] = [
        ("RUNNING", Step(lines: ["[info] dedicated endpoint is already RUNNING"], next: .finish(.running))),
        ("running", Step(lines: ["[info] dedicated endpoint is already RUNNING"], next: .finish(.running))),
        ("SLEEPING", Step(lines: [notReady], next: .sendWake)),
        ("AWAKING", Step(lines: [notReady], next: .sendWake)),
        ("INITIALIZING", Step(lines: [notReady], next: .sendWake)),
        ("SOMETHING_NEW", Step(lines: [notReady], next: .sendWake)),
        (
            "TERMINATED",
            Step(
                lines: ["[warn] dedicated endpoint is TERMINATED"],
                hint: EndpointHint.terminated,
                next: .finish(.terminated)
            )
        ),
        (
            "TERMINATING",
            Step(
                lines: ["[warn] dedicated endpoint is TERMINATING"],
                hint: EndpointHint.terminated,
                next: .finish(.terminated)
            )
        ),
        (
            "FAILED",
            Step(lines: ["[warn] dedicated endpoint is FAILED"], hint: EndpointHint.failed, next: .finish(.failed))
        ),
    ]

    @Test("goes by the first status", arguments: firstLooks)
    func firstLook(_ name: String, _ step: Step) {
        var sequence = sequence()
        #expect(sequence.statusKnown(EndpointStatus(name), elapsed: .zero) == step)
    }

    @Test("is asked for once, then waited for quietly")
    func waking() {
        var sequence = sequence()
        #expect(sequence.statusKnown(EndpointStatus("SLEEPING"), elapsed: .zero).next == .sendWake)
        #expect(sequence.wakeSent(elapsed: .seconds(1)) == Step(next: .wait(.seconds(5))))
        #expect(
            sequence.statusKnown(EndpointStatus("SLEEPING"), elapsed: .seconds(6)) == Step(next: .wait(.seconds(5)))
        )
        #expect(
            sequence.statusKnown(EndpointStatus("AWAKING"), elapsed: .seconds(11)) == Step(next: .wait(.seconds(5)))
        )
        #expect(sequence.statusKnown(EndpointStatus("RUNNING"), elapsed: .seconds(16)) == Step(next: .finish(.running)))
    }

    @Test("is asked for again when it fell asleep in between")
    func wakingAgain() {
        var sequence = sequence()
        _ = sequence.statusKnown(EndpointStatus("STOPPING"), elapsed: .zero)
        _ = sequence.statusKnown(EndpointStatus("STOPPING"), elapsed: .seconds(1))
        #expect(
            sequence.statusKnown(EndpointStatus("SLEEPING"), elapsed: .seconds(2))
                == Step(lines: [Self.notReady], next: .sendWake)
        )
    }

    @Test("ends at the timeout, after one last look")
    func timeout() {
        var sequence = sequence()
        _ = sequence.statusKnown(EndpointStatus("SLEEPING"), elapsed: .zero)
        let last = sequence.statusKnown(EndpointStatus("AWAKING"), elapsed: .seconds(298))
        #expect(last.next == .wait(.seconds(2)))
        let step = sequence.statusKnown(
            EndpointStatus("INITIALIZING", note: "DOWNLOADING_MODEL"),
            elapsed: .seconds(300)
        )
        #expect(step.next == .finish(.timedOut))
        #expect(
            step.lines == ["[warn] dedicated endpoint not ready after 300 s: INITIALIZING (DOWNLOADING_MODEL)"]
        )
        #expect(step.hint?.contains("--wake-timeout") == true)
    }

    static let failures: [(EndpointAPIFailure, String)] = [
        (.refused(401, "bad token"), "HTTP 401: bad token"), (.refused(404, nil), "HTTP 404"),
        (.unreachable("no route"), "no route"), (.unreadable(200), "HTTP 200 without a status in it"),
    ]

    @Test("goes on without it when its status cannot be known", arguments: failures)
    func statusFailed(_ failure: EndpointAPIFailure, _ words: String) {
        var sequence = sequence()
        let step = sequence.statusFailed(failure, elapsed: .zero)
        #expect(step.lines == ["[warn] dedicated endpoint status check failed: \(words)"])
        #expect(step.hint != nil)
        #expect(step.next == .finish(.undecided))
    }

    @Test("bears a status check that fails on the way, and warns once")
    func flakyChecks() {
        var sequence = sequence()
        _ = sequence.statusKnown(EndpointStatus("SLEEPING"), elapsed: .zero)
        let first = sequence.statusFailed(Self.flaky, elapsed: .seconds(5))
        #expect(first.lines == ["[warn] dedicated endpoint status check failed: reset"])
        #expect(first.next == .wait(.seconds(5)))
        let second = sequence.statusFailed(.refused(503, nil), elapsed: .seconds(10))
        #expect(second == Step(next: .wait(.seconds(5))))
        let final = sequence.statusFailed(Self.refused, elapsed: .seconds(15))
        #expect(final.lines == ["[warn] dedicated endpoint status check failed: HTTP 403: no"])
        #expect(final.next == .finish(.undecided))
    }

    static let refusedWakes: [(String, WakeSequence.Next)] = [
        ("SLEEPING", .finish(.undecided)), ("AWAKING", .wait(.seconds(5))), ("UPDATING", .wait(.seconds(5))),
    ]

    @Test("is waited for after a refused wake only where it changes by itself", arguments: refusedWakes)
    func wakeFailed(_ status: String, _ next: WakeSequence.Next) {
        var sequence = sequence()
        _ = sequence.statusKnown(EndpointStatus(status), elapsed: .zero)
        let step = sequence.wakeFailed(Self.refused, elapsed: .zero)
        #expect(step.lines == ["[warn] dedicated endpoint wake failed: HTTP 403: no"])
        #expect(step.next == next)
    }
}
