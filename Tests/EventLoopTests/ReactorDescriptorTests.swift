import EventLoop
import Glibc
import Testing

@Suite("Descriptors of a reactor", .timeLimit(.minutes(5)))
struct ReactorDescriptorTests {
    @Test("are reported when ready, as long as they are watched")
    func watch() async throws {
        try await withReactor { reactor in
            let pipe = try Pipe()
            defer { pipe.close() }
            let seen = Record<ReadinessEvents>()
            await reactor.awaiting { done in
                do {
                    try reactor.watch(pipe.reader, .readable) { events in
                        pipe.empty()
                        if seen.add(events) == 3 {
                            reactor.unwatch(pipe.reader)
                            done()
                        } else {
                            pipe.fill()
                        }
                    }
                } catch {
                    Issue.record(error)
                }
                pipe.fill()
            }
            pipe.fill()
            await reactor.settle()
            #expect(seen.entries == [.readable, .readable, .readable])
        }
    }

    @Test("are reported for what they are watched for now")
    func rewatch() async throws {
        try await withReactor { reactor in
            let pipe = try Pipe()
            defer { pipe.close() }
            let seen = Record<ReadinessEvents>()
            try await reactor.perform {
                try reactor.watch(pipe.writer, .edgeTriggered) { seen.add($0) }
            }
            await reactor.settle()
            #expect(seen.entries.isEmpty)
            try await reactor.perform { try reactor.rewatch(pipe.writer, [.writable, .edgeTriggered]) }
            await reactor.settle()
            #expect(seen.entries == [.writable])
            await reactor.perform { reactor.unwatch(pipe.writer) }
        }
    }

    @Test("get no event that was fetched before their watch ended")
    func unwatchDropsFetchedEvent() async throws {
        try await withReactor { reactor in
            let pipes = [try Pipe(), try Pipe()]
            defer { for pipe in pipes { pipe.close() } }
            let seen = Record<Int>()
            try await reactor.perform {
                // Both are ready when the reactor looks next: whichever comes first ends both.
                for (index, pipe) in pipes.enumerated() {
                    try reactor.watch(pipe.reader, .readable) { _ in
                        seen.add(index)
                        for pipe in pipes { reactor.unwatch(pipe.reader) }
                    }
                    pipe.fill()
                }
            }
            await reactor.settle()
            #expect(seen.count == 1)
        }
    }

    @Test("are not confused with one whose number they have")
    func numberUsedAgain() async throws {
        try await withReactor { reactor in
            let pipes = [try Pipe(), try Pipe()]
            let heir = try Pipe()
            defer { for pipe in pipes + [heir] { pipe.close() } }
            let old = Record<Int32>()
            let new = Record<Int32>()
            try await reactor.perform {
                for (index, pipe) in pipes.enumerated() {
                    try reactor.watch(pipe.reader, .readable) { _ in
                        old.add(pipe.reader)
                        reactor.unwatch(pipe.reader)
                        // The other's number now names another pipe, which is empty; its event is fetched already.
                        let victim = pipes[1 - index].reader
                        reactor.unwatch(victim)
                        dup2(heir.reader, victim)
                        do {
                            try reactor.watch(victim, [.readable, .edgeTriggered]) { _ in new.add(victim) }
                        } catch {
                            Issue.record(error)
                        }
                    }
                    pipe.fill()
                }
            }
            await reactor.settle()
            #expect(old.count == 1)
            #expect(new.count == 0)
            heir.fill()
            await reactor.settle()
            #expect(new.count == 1)
            await reactor.perform { for pipe in pipes { reactor.unwatch(pipe.reader) } }
        }
    }

    @Test("that are not watched can be unwatched without effect")
    func unwatchUnknown() async throws {
        try await withReactor { reactor in
            await reactor.perform {
                reactor.unwatch(-1)
                reactor.unwatch(0)
                reactor.unwatch(1 << 20)
            }
        }
    }

    @Test("that are none are refused with the system's reason", arguments: [-1, 1 << 20] as [Int32])
    func watchNone(descriptor: Int32) async throws {
        try await withReactor { reactor in
            let error = await #expect(throws: SystemError.self) {
                try await reactor.perform { try reactor.watch(descriptor, .readable) { _ in } }
            }
            #expect(error?.errno == EBADF)
            await #expect(throws: SystemError.self) {
                try await reactor.perform { try reactor.rewatch(descriptor, .readable) }
            }
        }
    }

    @Test("watched twice are refused, and the first watch goes on")
    func watchTwice() async throws {
        try await withReactor { reactor in
            let pipe = try Pipe()
            defer { pipe.close() }
            let seen = Record<Int>()
            try await reactor.perform {
                try reactor.watch(pipe.reader, [.readable, .edgeTriggered]) { _ in seen.add(1) }
            }
            await #expect(throws: SystemError.self) {
                try await reactor.perform { try reactor.watch(pipe.reader, .readable) { _ in seen.add(2) } }
            }
            pipe.fill()
            await reactor.settle()
            #expect(seen.entries == [1])
            await reactor.perform { reactor.unwatch(pipe.reader) }
        }
    }
}
