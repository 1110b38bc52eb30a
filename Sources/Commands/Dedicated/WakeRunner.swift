import EventLoop
import Outbound

/// Carries a `WakeSequence` out.
struct WakeRunner {
    let wake: ChatPlan.Wake
    let multi: MultiHandle
    let screen: Screen

    /// - Parameter say: writes a line of the transcript.
    /// - Returns: `complete` when the request may be sent.
    func run(say: (String) throws(OutputClosed) -> Void) async throws(OutputClosed) -> ClientExit {
        guard let endpointID = wake.endpointID else {
            try say("[warn] no dedicated endpoint to wake: FRIENDLI_ENDPOINT_ID is not set")
            screen.note("[hint] set FRIENDLI_ENDPOINT_ID, or give --friendli-endpoint-id")
            return .complete
        }
        var sequence = WakeSequence(endpointID: endpointID, interval: wake.interval, timeout: wake.timeout)
        var step = sequence.begin()
        guard let token = wake.token else {
            for line in step.lines { try say(line) }
            try say("[warn] dedicated endpoint status check failed: UPSTREAM_API_KEY is not set")
            screen.note("[hint] set UPSTREAM_API_KEY to a Friendli token")
            return .complete
        }
        let api = EndpointAPI(base: wake.apiBase, endpointID: endpointID, token: token)
        let began = MonotonicInstant.now()
        screen.await("checking the dedicated endpoint")
        while true {
            for line in step.lines { try say(line) }
            if let hint = step.hint { screen.note("[hint] \(hint)") }
            switch step.next {
            case .finish(let outcome): return Self.exitStatus(outcome)
            case .wait(let duration):
                screen.await("dedicated endpoint is \(sequence.lastStatus?.description ?? "not known")")
                do throws(CancellationError) {
                    try await multi.reactor.sleep(for: duration)
                } catch {
                    return .incomplete
                }
                step = await check(api, &sequence, began)
            case .checkStatus: step = await check(api, &sequence, began)
            case .sendWake:
                do throws(EndpointAPIFailure) {
                    try await api.wake(on: multi)
                    step = sequence.wakeSent(elapsed: began.duration(to: .now()))
                } catch {
                    step = sequence.wakeFailed(error, elapsed: began.duration(to: .now()))
                }
            }
        }
    }

    private func check(
        _ api: EndpointAPI,
        _ sequence: inout WakeSequence,
        _ began: MonotonicInstant
    ) async -> WakeSequence.Step {
        do throws(EndpointAPIFailure) {
            let status = try await api.status(on: multi)
            return sequence.statusKnown(status, elapsed: began.duration(to: .now()))
        } catch {
            return sequence.statusFailed(error, elapsed: began.duration(to: .now()))
        }
    }

    private static func exitStatus(_ outcome: WakeSequence.Outcome) -> ClientExit {
        switch outcome {
        case .running, .undecided: .complete
        case .terminated, .failed: .incomplete
        case .timedOut: .wakeTimedOut
        }
    }
}
