internal import EventLoop
internal import Outbound
internal import Pipeline

/// How far the upstream's answer had come when it stopped: what an error's `detail` begins with.
enum StreamPhase: String {
    /// No head yet: there is no connection, or no answer on it, or a pause between two attempts.
    case head
    /// The head has come, and nothing of the answer.
    case start
    case reasoning, answer
}

extension StreamFault {
    /// - Parameter phase: of the answer, from the head on; before it the failure tells itself.
    init(_ failure: UpstreamFailure, in phase: StreamPhase? = nil) {
        let timedOut = [.connectTimeout, .headSilence, .bodySilence].contains(failure.kind)
        let name = failure.kind == .bodySilence ? phase.map { "\($0.rawValue)_silence" } : nil
        self.init(
            code: timedOut ? "upstream_timeout" : "upstream_error",
            message: timedOut ? "The upstream did not answer in time." : "The upstream could not be read.",
            detail: "\(name ?? failure.kind.rawValue): \(failure.detail)")
    }

    /// The answer took longer than the configuration allows (`MAX_STREAM_DURATION`).
    static func tooLong(_ limit: Duration, in phase: StreamPhase) -> StreamFault {
        StreamFault(
            code: "upstream_timeout", message: "The upstream's answer took too long.",
            detail:
                "stream_duration: not complete within \(limit.wholeNanoseconds / 1_000_000) ms, in the phase \(phase.rawValue)"
        )
    }
}
