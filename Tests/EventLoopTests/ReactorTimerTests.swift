import EventLoop
import Testing

@Suite("Timers of a reactor", .timeLimit(.minutes(5)))
struct ReactorTimerTests {
    @Test("fire in the order of their deadlines, never early")
    func order() async throws {
        try await withReactor { reactor in
            let fired = Record<Int>()
            await reactor.awaiting { done in
                let start = MonotonicInstant.now()
                for milliseconds in [12, 3, 9, 0, 6] {
                    let deadline = start.advanced(by: .milliseconds(milliseconds))
                    _ = reactor.schedule(at: deadline) {
                        #expect(reactor.isOnReactor)
                        #expect(MonotonicInstant.now() >= deadline)
                        if fired.add(milliseconds) == 5 { done() }
                    }
                }
            }
            #expect(fired.entries == [0, 3, 6, 9, 12])
        }
    }

    @Test("can be cancelled by one that is due in the same tick")
    func cancelInside() async throws {
        try await withReactor { reactor in
            let fired = Record<String>()
            await reactor.awaiting { done in
                let deadline = MonotonicInstant.now()
                let tokens = Locked([TimerToken]())
                _ = reactor.schedule(at: deadline) {
                    fired.add("first")
                    for token in tokens.withLock({ $0 }) { reactor.cancel(token) }
                }
                let second = reactor.schedule(at: deadline) { fired.add("second") }
                tokens.withLock { $0.append(second) }
                _ = reactor.schedule(at: deadline) {
                    fired.add("third")
                    done()
                }
            }
            #expect(fired.entries == ["first", "third"])
        }
    }

    @Test("can be scheduled by one that fires")
    func scheduleInside() async throws {
        try await withReactor { reactor in
            let fired = Record<Int>()
            await reactor.awaiting { done in
                @Sendable func next(_ number: Int) {
                    _ = reactor.schedule(after: .microseconds(100)) {
                        fired.add(number)
                        if number == 50 { done() } else { next(number + 1) }
                    }
                }
                next(1)
            }
            #expect(fired.entries == Array(1...50))
        }
    }

    @Test("that are cancelled do not fire")
    func cancelled() async throws {
        try await withReactor { reactor in
            let fired = Record<Int>()
            await reactor.awaiting { done in
                let tokens = (0..<1000).map { number in
                    reactor.schedule(after: .microseconds(number)) { fired.add(number) }
                }
                for token in tokens { reactor.cancel(token) }
                _ = reactor.schedule(after: .milliseconds(2)) { done() }
            }
            #expect(fired.entries.isEmpty)
        }
    }
}

@Suite("Sleep on a reactor", .timeLimit(.minutes(5)))
struct ReactorSleepTests {
    @Test("lasts its time and comes back on the reactor")
    func lasts() async throws {
        try await withReactor { reactor in
            try await Task(executorPreference: reactor) {
                let start = MonotonicInstant.now()
                try await reactor.sleep(for: .milliseconds(5))
                #expect(start.duration(to: .now()) >= .milliseconds(5))
                #expect(reactor.isOnReactor)
            }.value
        }
    }

    @Test("of a task that is cancelled already ends at once")
    func cancelledBefore() async throws {
        try await withReactor { reactor in
            let task = Task(executorPreference: reactor) {
                withUnsafeCurrentTask { $0?.cancel() }
                try await reactor.sleep(for: .seconds(3600))
            }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("ends when its task is cancelled, from the reactor or another thread", arguments: [true, false])
    func cancelledDuring(onReactor: Bool) async throws {
        try await withReactor { reactor in
            let started = Record<Bool>()
            let task = Task(executorPreference: reactor) {
                started.add(true)
                try await reactor.sleep(for: .seconds(3600))
            }
            while started.count == 0 { await Task.yield() }
            await reactor.settle()
            if onReactor { await reactor.perform { task.cancel() } } else { task.cancel() }
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test("of many tasks, each cancelled at any moment, ends each once")
    func cancelledAnyTime() async throws {
        try await withReactor { reactor in
            let tasks = (0..<500).map { number in
                Task(executorPreference: reactor) { try await reactor.sleep(for: .microseconds(number * 10)) }
            }
            for task in tasks {
                task.cancel()
                _ = await task.result
            }
        }
    }
}
