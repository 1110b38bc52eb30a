import EventLoop
import HTTPTypes
import MockUpstream
import Outbound

/// One soak, on one loop.
struct SoakRun: Sendable {
    let streams: Int
    let length: Duration
    let mix: SoakCase.Mix
    let seed: UInt64
    /// Directory.
    let logs: String

    /// Longer than any case takes.
    private static let drainTimeout = Duration.seconds(60)
    private static let drainInterval = Duration.seconds(60)
    private static let sampleInterval = Duration.seconds(2)
    private static let reportInterval = Duration.seconds(30)
    /// Between two clients' beginnings.
    private static let ramp = Duration.milliseconds(20)
    /// Of the watched gateway's memory after the warm-up: what an allocator's noise may make, which takes minutes to settle.
    private var allowedGrowth: (share: Double, kib: Int) { length >= .seconds(600) ? (0.05, 2_048) : (0.25, 4_096) }

    /// Connections to upstreams that a gateway may keep for later: those of answers and those of summaries.
    private static let keptConnections = 2 * OutboundSettings().idleConnections

    /// The warm-up: five minutes of a long run, a third of a short one.
    private var warmUp: Duration { min(.seconds(300), length / 3) }

    /// - Returns: whether nothing was lost, nothing has grown and nothing was left open.
    func run(on multi: MultiHandle) async throws -> Bool {
        let reactor = multi.reactor
        let tally = SoakTally()
        let upstreams = try await [upstream(), upstream()]
        let members = upstreams.map(\.baseURL)
        var environment = [
            "PORT": "0", "WORKERS": "1", "REQUEST_TIMEOUT": "3", "SUMMARY_TIMEOUT": "2",
            "UPSTREAM_RETRY_BACKOFF": "0.05", "KEEPALIVE_INTERVAL": "1",
            "DRAIN_TIMEOUT": "\(Self.drainTimeout.components.seconds)",
        ]
        environment["UPSTREAM_BASE_URL"] = (members + [Self.nowhere]).joined(separator: ",")
        let watched = try await GatewayProcess.start(environment, log: "\(logs)/soak-watched.log", on: reactor)
        // All of its clients come back at the same moment: a third of them would find a member that is down, which is more
        // than the budget of retries allows.
        environment["UPSTREAM_BASE_URL"] = members.joined(separator: ",")
        let drained = try await GatewayProcess.start(environment, log: "\(logs)/soak-drained.log", on: reactor)
        environment["PORT"] = String(drained.port)
        let again = environment
        say("gateways \(watched.pid), watched, and \(drained.pid), drained each minute; \(streams) streams")
        let deadline = MonotonicInstant.now().advanced(by: length)
        let numbers = Locked(seed)
        let idle = (kib: watched.residentKiB, descriptors: watched.descriptors)
        let samples = try await withThrowingTaskGroup(of: SoakSamples?.self) { group in
            group.addTask { try await sample(watched, until: deadline, tally, on: reactor) }
            group.addTask {
                try await drain(drained, again, until: deadline, tally, on: reactor)
                return nil
            }
            for client in 0..<streams {
                let isWatched = client % 5 != 0
                let port = isWatched ? watched.port : drained.port
                group.addTask {
                    // One after the other, for the same reason.
                    try await reactor.sleep(for: Self.ramp * client)
                    while MonotonicInstant.now() < deadline {
                        let number = numbers.withLock { number in
                            number &+= 1
                            return number
                        }
                        let soakCase = SoakCase(number: number, mix: mix)
                        let outcome = await SoakClient(port: port, soakCase: soakCase, multi: multi).run()
                        if isWatched, outcome == .refused { tally.wrong("case \(number) was refused") }
                        tally.note(outcome, of: soakCase, isWatched: isWatched)
                        // A gateway that is being started again is not asked as fast as it can refuse.
                        if outcome == .refused { try await reactor.sleep(for: .milliseconds(200)) }
                    }
                    return nil
                }
            }
            var samples = SoakSamples()
            for try await part in group { if let part { samples = part } }
            return samples
        }
        let isGood = try await judge(watched, idle, samples, upstreams, tally, on: multi)
        for upstream in upstreams { await upstream.stop() }
        return isGood
    }

    /// A member of the pool that is always down: nothing listens on the port of discard.
    private static let nowhere = "http://127.0.0.1:9"

    private func upstream() async throws -> MockServer {
        let mix = mix
        let seen = Locked(Set<UInt64>())
        return try await MockServer.start { request in
            guard let soakCase = SoakCase(model: request.model, mix: mix) else { return nil }
            if request.isSummaryCall { return soakCase.summaryScript }
            // The retry goes to another member, which would refuse it as the first one did.
            let isFirst = soakCase.fault == .refusedOnce && SoakRun.isFirst(soakCase.number, seen)
            return soakCase.script(isFirst: isFirst)
        }
    }

    private static func isFirst(_ number: UInt64, _ seen: Locked<Set<UInt64>>) -> Bool {
        seen.withLock { $0.insert(number).inserted }
    }

    // MARK: Beside the traffic

    private func sample(
        _ watched: GatewayProcess, until deadline: MonotonicInstant, _ tally: SoakTally, on reactor: Reactor
    ) async throws -> SoakSamples {
        var samples = SoakSamples()
        let start = MonotonicInstant.now()
        var nextReport = start
        while MonotonicInstant.now() < deadline {
            let sample = SoakSamples.Sample(
                at: .now(), residentKiB: watched.residentKiB, descriptors: watched.descriptors)
            samples.add(sample)
            if sample.at >= nextReport {
                nextReport = nextReport.advanced(by: Self.reportInterval)
                let counts = tally.counts
                say(
                    "\(start.duration(to: sample.at).components.seconds) s: \(sample.residentKiB) KiB, "
                        + "\(sample.descriptors) descriptors; \(counts.whole) whole, \(counts.incomplete) incomplete, "
                        + "\(counts.left) left, \(counts.refused) refused, \(counts.wrong) wrong"
                        + (counts.examples.last.map { ", such as \($0)" } ?? ""))
            }
            try await reactor.sleep(for: Self.sampleInterval)
        }
        return samples
    }

    /// Ends the gateway under its traffic, and starts it again, until the deadline.
    private func drain(
        _ first: GatewayProcess, _ environment: [String: String], until deadline: MonotonicInstant, _ tally: SoakTally,
        on reactor: Reactor
    ) async throws {
        var gateway = first
        while true {
            let rest = MonotonicInstant.now().duration(to: deadline)
            let isLast = rest <= Self.drainInterval
            try await reactor.sleep(for: isLast ? max(.zero, rest) : Self.drainInterval)
            gateway.terminate()
            let status = try await gateway.end(within: Self.drainTimeout + .seconds(5), on: reactor)
            if status != 0 { tally.wrong("the drained gateway ended with \(status)") }
            if gateway.logLines("drain timeout, ending open streams") > 0 {
                tally.wrong("streams had not ended at DRAIN_TIMEOUT")
            }
            if isLast { return }
            gateway = try await GatewayProcess.start(environment, log: "\(logs)/soak-drained.log", on: reactor)
        }
    }

    // MARK: The verdict

    private func judge(
        _ watched: GatewayProcess, _ idle: (kib: Int, descriptors: Int), _ samples: SoakSamples,
        _ upstreams: [MockServer], _ tally: SoakTally, on multi: MultiHandle
    ) async throws -> Bool {
        let reactor = multi.reactor
        for upstream in upstreams where !(try await comes(on: reactor) { upstream.recorder.openRequests == 0 }) {
            tally.wrong("\(upstream.recorder.openRequests) requests stay open at an upstream")
        }
        // Those of clients that have left may have no line: some were gone before the gateway knew of them.
        let ended = tally.counts.watched
        if !(try await comes(on: reactor) { watched.logLines("completion") >= ended }) {
            tally.wrong("\(ended) completions came to their end, \(watched.logLines("completion")) were logged")
        }
        // Kept connections to the upstream may stay; those of clients end when they are idle for HEADER_TIMEOUT.
        let kept = idle.descriptors + Self.keptConnections
        if !(try await comes(on: reactor) { watched.descriptors <= kept }) {
            tally.wrong("\(watched.descriptors) descriptors stay open, \(idle.descriptors) were before")
        }
        let leftOpen = watched.descriptors
        for (name, growth) in [
            ("KiB", samples.growth(after: warmUp, \.residentKiB)),
            ("descriptors", samples.growth(after: warmUp, \.descriptors)),
        ] {
            guard let growth else { continue }
            say("\(name): \(growth.first) after the warm-up, \(growth.last) at the end")
            let allowed = Double(growth.first) * (1 + allowedGrowth.share)
            let slack = name == "KiB" ? allowedGrowth.kib : streams
            if growth.last > Int(allowed) + slack { tally.wrong("\(name) have grown") }
        }
        say(
            "idle: \(idle.kib) KiB and \(idle.descriptors) descriptors before, "
                + "\(watched.residentKiB) KiB and \(leftOpen) descriptors after")
        watched.terminate()
        let status = try await watched.end(within: .seconds(10), on: reactor)
        if status != 0 { tally.wrong("the watched gateway ended with \(status)") }
        let counts = tally.counts
        say(
            "\(counts.all) completions: \(counts.whole) whole and equal by hash, \(counts.incomplete) incomplete as they should be, "
                + "\(counts.left) left by their clients, \(counts.refused) refused in a drain, \(counts.wrong) wrong")
        for example in counts.examples { say("  \(example)") }
        return counts.wrong == 0
    }

    private func say(_ line: String) {
        try? StandardStream.write(line + "\n", to: 1)
    }

    /// Whether `condition` comes to hold.
    private func comes(on reactor: Reactor, _ condition: () -> Bool) async throws -> Bool {
        for _ in 0..<200 {
            if condition() { return true }
            try await reactor.sleep(for: .milliseconds(100))
        }
        return condition()
    }
}
