internal import EventLoop
internal import Outbound

/// What the summary calls of one loop have for themselves, so that a summary model that is dead or slow is nothing to the
/// answers: connections, places, and kept summaries.
///
/// `@unchecked Sendable` is sound: all is confined to the loop's reactor, which every entry checks.
final class SummaryLane: @unchecked Sendable {
    let multi: MultiHandle
    private let reactor: Reactor
    private var freePlaces: Int
    private var waiting: [(number: Int, gate: Gate)] = []
    private var nextNumber = 0
    var cache: PromptSummaryCache

    /// On the reactor's thread.
    /// - Throws: `SystemError`.
    init(reactor: Reactor, settings: OutboundSettings, places: Int, cacheEntries: Int) throws {
        self.reactor = reactor
        multi = try MultiHandle(reactor: reactor, settings: settings)
        freePlaces = max(1, places)
        cache = PromptSummaryCache(maximumEntries: cacheEntries)
    }

    /// Waits for a place among the calls in flight.
    /// - Returns: false when the task was cancelled; else `leave` must follow.
    func enter() async -> Bool {
        reactor.checkIsolated()
        if freePlaces > 0 {
            freePlaces -= 1
            return true
        }
        let number = nextNumber
        nextNumber &+= 1
        let gate = Gate()
        waiting.append((number, gate))
        await gate.wait()
        // Whoever is still in the line was not called up but cancelled.
        guard let position = waiting.firstIndex(where: { $0.number == number }) else { return true }
        waiting.remove(at: position)
        return false
    }

    /// Gives the place to the first in line.
    func leave() {
        reactor.checkIsolated()
        guard !waiting.isEmpty else {
            freePlaces += 1
            return
        }
        waiting.removeFirst().gate.open()
    }
}

/// Prompt summaries that were made before, of equal prompts. Confined to one loop.
///
/// Two generations: what is not used while one fills up goes with the other.
struct PromptSummaryCache {
    /// Stands for the summary's text, its model and its prompt. Two keys of different content are as good as never equal: 128 bits of
    /// SipHash, keyed for each process.
    struct Key: Hashable {
        private let first: Int
        private let second: Int

        init(text: String, model: String, prompt: String) {
            func hash(_ salt: Int) -> Int {
                var hasher = Hasher()
                hasher.combine(salt)
                hasher.combine(prompt)
                hasher.combine(model)
                hasher.combine(text)
                return hasher.finalize()
            }
            first = hash(1)
            second = hash(2)
        }
    }

    private let generationSize: Int
    private var young: [Key: String] = [:]
    private var old: [Key: String] = [:]
    /// Summaries that are being made.
    private var inFlight: [Key: Gate] = [:]

    init(maximumEntries: Int) {
        generationSize = maximumEntries / 2 + maximumEntries % 2
    }

    var isOff: Bool { generationSize == 0 }

    mutating func summary(_ key: Key) -> String? {
        if let text = young[key] { return text }
        guard let text = old.removeValue(forKey: key) else { return nil }
        insert(text, for: key)
        return text
    }

    /// Opens when the one who makes this summary is done; nil when nobody makes it.
    func maker(of key: Key) -> Gate? { inFlight[key] }

    /// From now on others wait for this summary. `end` must follow.
    mutating func begin(_ key: Key) { inFlight[key] = Gate() }

    mutating func end(_ key: Key, _ text: String?) {
        if let text { insert(text, for: key) }
        inFlight.removeValue(forKey: key)?.open()
    }

    private mutating func insert(_ text: String, for key: Key) {
        if young.count >= generationSize {
            old = young
            young = [:]
        }
        young[key] = text
    }
}
