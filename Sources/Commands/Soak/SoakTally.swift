import EventLoop

/// What has come of a soak's cases. Any thread.
final class SoakTally: Sendable {
    struct Counts: Sendable {
        var whole = 0
        var incomplete = 0
        var left = 0
        var refused = 0
        var wrong = 0
        /// Completions of the watched gateway that came to their end.
        var watched = 0
        /// The first few of what was wrong.
        var examples: [String] = []

        var all: Int { whole + incomplete + left + refused + wrong }
    }

    private static let keptExamples = 20

    private let state = Locked(Counts())

    var counts: Counts { state.withLock { $0 } }

    func note(_ outcome: SoakClient.Outcome, of soakCase: SoakCase, isWatched: Bool) {
        if isWatched, outcome == .whole || outcome == .incomplete { state.withLock { $0.watched += 1 } }
        switch outcome {
        case .whole: state.withLock { $0.whole += 1 }
        case .incomplete: state.withLock { $0.incomplete += 1 }
        case .left: state.withLock { $0.left += 1 }
        case .refused: state.withLock { $0.refused += 1 }
        case .wrong(let text):
            wrong("case \(soakCase.number), \(soakCase.form), \(soakCase.fault.map { "\($0)" } ?? "no fault"): \(text)")
        }
    }

    func wrong(_ text: String) {
        state.withLock { counts in
            counts.wrong += 1
            if counts.examples.count < Self.keptExamples { counts.examples.append(text) }
        }
    }
}

/// What the measured process used, over time.
struct SoakSamples: Sendable {
    struct Sample: Sendable {
        let at: MonotonicInstant
        let residentKiB: Int
        let descriptors: Int
    }

    private(set) var samples: [Sample] = []

    mutating func add(_ sample: Sample) {
        samples.append(sample)
    }

    /// Medians of a tenth of the samples: the first after the warm-up, and the last. nil when there are too few.
    /// - Parameter warmUp: from the first sample on.
    func growth(after warmUp: Duration, _ value: (Sample) -> Int) -> (first: Int, last: Int)? {
        guard let start = samples.first?.at else { return nil }
        let warm = samples.filter { start.duration(to: $0.at) >= warmUp }.map(value)
        let tenth = warm.count / 10
        guard tenth >= 1 else { return nil }
        return (Self.median(warm.prefix(tenth)), Self.median(warm.suffix(tenth)))
    }

    private static func median(_ values: some Collection<Int>) -> Int {
        let sorted = values.sorted()
        return sorted[sorted.count / 2]
    }
}
