import EventLoop

/// The way of an endpoint from whatever it is to running. Pure: results and the time go in, what to say and what to
/// do next come out.
struct WakeSequence {
    enum Next: Equatable {
        case checkStatus
        case sendWake
        /// Then check the status.
        case wait(Duration)
        case finish(Outcome)
    }

    enum Outcome: Equatable {
        case running
        /// The endpoint's state cannot be known or changed from here; the request itself will tell.
        case undecided
        case terminated
        case failed
        case timedOut
    }

    struct Step: Equatable {
        /// Lines of the transcript.
        var lines: [String] = []
        var hint: String?
        var next: Next
    }

    private let endpointID: String
    private let interval: Duration
    private let timeout: Duration
    private(set) var lastStatus: EndpointStatus?
    private var hasSentWake = false
    /// The endpoint has been seen in another state since it was told to wake.
    private var hasStirred = false
    private var hasWarned = false

    init(endpointID: String, interval: Duration, timeout: Duration) {
        self.endpointID = endpointID
        self.interval = interval
        self.timeout = timeout
    }

    func begin() -> Step {
        Step(lines: ["[info] checking dedicated endpoint status: \(endpointID)"], next: .checkStatus)
    }

    mutating func statusKnown(_ status: EndpointStatus, elapsed: Duration) -> Step {
        lastStatus = status
        switch status.stage {
        case .running:
            let line = "[info] dedicated endpoint is already \(status.name)"
            return Step(lines: hasSentWake ? [] : [line], next: .finish(.running))
        case .terminated:
            return stop(status, .terminated)
        case .failed:
            return stop(status, .failed)
        case .asleep where !hasSentWake || hasStirred, .changing where !hasSentWake:
            hasSentWake = true
            hasStirred = false
            return Step(lines: ["[info] dedicated endpoint not ready; sending wake request"], next: .sendWake)
        case .asleep:
            return Step(next: wait(elapsed)).orTimeout(timeoutLine)
        case .changing:
            hasStirred = true
            return Step(next: wait(elapsed)).orTimeout(timeoutLine)
        }
    }

    mutating func statusFailed(_ failure: EndpointAPIFailure, elapsed: Duration) -> Step {
        var step = Step(next: hasSentWake && !failure.isFinal ? wait(elapsed) : .finish(.undecided))
        if !hasWarned || step.next == .finish(.undecided) {
            hasWarned = true
            step.lines = ["[warn] dedicated endpoint status check failed: \(failure)"]
            step.hint = EndpointHint.failure(failure)
        }
        return step.orTimeout(timeoutLine)
    }

    func wakeSent(elapsed: Duration) -> Step {
        Step(next: wait(elapsed)).orTimeout(timeoutLine)
    }

    /// An endpoint that changes by itself may refuse, and is waited for all the same.
    func wakeFailed(_ failure: EndpointAPIFailure, elapsed: Duration) -> Step {
        let isChanging = lastStatus?.stage == .changing
        let step = Step(
            lines: ["[warn] dedicated endpoint wake failed: \(failure)"],
            hint: EndpointHint.failure(failure),
            next: isChanging ? wait(elapsed) : .finish(.undecided)
        )
        return step.orTimeout(timeoutLine)
    }

    private func stop(_ status: EndpointStatus, _ outcome: Outcome) -> Step {
        Step(
            lines: ["[warn] dedicated endpoint is \(status.description)"],
            hint: EndpointHint.stage(status.stage),
            next: .finish(outcome)
        )
    }

    private func wait(_ elapsed: Duration) -> Next {
        elapsed < timeout ? .wait(min(interval, timeout - elapsed)) : .finish(.timedOut)
    }

    private var timeoutLine: String {
        let state = lastStatus.map { ": \($0.description)" } ?? ""
        return "[warn] dedicated endpoint not ready after \(timeout.inSeconds)\(state)"
    }
}

extension WakeSequence.Step {
    /// Says so where the time is over.
    fileprivate func orTimeout(_ line: String) -> WakeSequence.Step {
        guard next == .finish(.timedOut) else { return self }
        var step = self
        step.lines.append(line)
        step.hint = "large models take long to load: raise --wake-timeout"
        return step
    }
}
