import EventLoop
import Glibc
import Testing

@Suite("A reactor as an executor", .timeLimit(.minutes(5)))
struct ReactorExecutorTests {
    private static let perThread = 10_000

    @Test("loses no closure of four threads, and keeps each thread's order")
    func executeUnderLoad() async throws {
        try await withReactor { reactor in
            // Touched on the reactor only, but the compiler cannot see that.
            let seen = Locked([[Int]](repeating: [], count: 4))
            await withTaskGroup(of: Void.self) { group in
                for thread in 0..<4 {
                    group.addTask {
                        await onThread {
                            for number in 0..<Self.perThread {
                                reactor.execute { seen.withLock { $0[thread].append(number) } }
                            }
                        }
                    }
                }
            }
            await reactor.perform {}
            for numbers in seen.withLock({ $0 }) { #expect(numbers == Array(0..<Self.perThread)) }
        }
    }

    @Test("answers every perform of four tasks")
    func performUnderLoad() async throws {
        try await withReactor { reactor in
            let total = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var answered = 0
                        for number in 0..<Self.perThread {
                            if await reactor.perform({ reactor.isOnReactor ? number : -1 }) == number { answered += 1 }
                        }
                        return answered
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(total == 4 * Self.perThread)
        }
    }

    @Test("hands on what perform throws")
    func performThrows() async throws {
        struct Refused: Error, Equatable {}
        try await withReactor { reactor in
            await #expect(throws: Refused()) { try await reactor.perform { throw Refused() } }
        }
    }

    @Test("runs executed work later, also when called on its own thread")
    func executeIsNotReentrant() async throws {
        try await withReactor { reactor in
            let order = Record<Int>()
            await reactor.awaiting { done in
                reactor.execute {
                    order.add(2)
                    done()
                }
                order.add(1)
            }
            #expect(order.entries == [1, 2])
        }
    }

    @Test("serves descriptors and timers while tasks keep it busy")
    func fairness() async throws {
        try await withReactor { reactor in
            let busy = Task(executorPreference: reactor) {
                while !Task.isCancelled { await Task.yield() }
            }
            await reactor.awaiting { done in _ = reactor.schedule(after: .milliseconds(1)) { done() } }
            await onThread { reactor.execute { busy.cancel() } }
            await busy.value
        }
    }

    @Test("keeps a task and its children on its thread")
    func children() async throws {
        try await withReactor { reactor in
            let onReactor = await Task(executorPreference: reactor) {
                async let child = here(reactor)
                let grandchildren = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<10 { group.addTask { await here(reactor) } }
                    return await group.reduce(true) { $0 && $1 }
                }
                return await child && grandchildren && reactor.isOnReactor
            }.value
            #expect(onReactor)
            #expect(!reactor.isOnReactor)
        }
    }

    @Test("is the home of an actor, which a callback may enter without waiting")
    func actorOnReactor() async throws {
        try await withReactor { reactor in
            let resident = Resident(reactor)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { for _ in 0..<100 { await resident.add() } } }
            }
            await reactor.perform { resident.addFromCallback() }
            #expect(await resident.value == 401)
            #expect(await resident.strays == 0)
        }
    }

    @Test("tells its thread from another reactor's and from any other")
    func isolation() async throws {
        try await withReactor { reactor in
            try await withReactor { other in
                #expect(await reactor.perform { reactor.isOnReactor && !other.isOnReactor })
                #expect(await other.perform { reactor.isIsolatingCurrentContext() } == false)
                #expect(!reactor.isOnReactor)
            }
        }
    }

    @Test("ends the process when entered from another thread")
    func checkIsolated() async {
        await #expect(processExitsWith: .signal(SIGILL)) {
            let reactor = try Reactor(name: "test")
            reactor.cancel(await reactor.perform { reactor.schedule(after: .seconds(1)) {} })
        }
    }
}

@concurrent
private func here(_ reactor: Reactor) async -> Bool {
    await Task.yield()
    return reactor.isOnReactor
}

/// Runs `body` on a thread of its own.
private func onThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        let box = Unmanaged.passRetained(
            Box {
                body()
                continuation.resume()
            })
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }
}

private actor Resident {
    private let reactor: Reactor
    private(set) var value = 0
    private(set) var strays = 0

    init(_ reactor: Reactor) {
        self.reactor = reactor
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    func add() {
        value += 1
        if !reactor.isOnReactor { strays += 1 }
    }

    nonisolated func addFromCallback() {
        assumeIsolated { $0.add() }
    }
}
