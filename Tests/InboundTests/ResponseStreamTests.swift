import EventLoop
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("A streamed response", .timeLimit(.minutes(5)))
struct ResponseStreamTests {
    @Test("has its head sent before its first byte")
    func headFirst() async throws {
        let headSeen = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 201, headerFields: [.contentType: "text/event-stream"])
            try? await headSeen.fired()
            stream.write { $0 += Array("body".utf8) }
            stream.finish()
            stream.finish()
            stream.write { $0 += Array("late".utf8) }
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            let head = try connection.receive(until: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 201 ") && head.hasSuffix("\r\n\r\n"))
            #expect(head.contains("Transfer-Encoding: chunked"))
            headSeen.fire()
            #expect(try connection.receive(until: "0\r\n\r\n") == "4\r\nbody\r\n0\r\n\r\n")
        }
    }

    @Test("has each lone event written at once")
    func loneEvents() async throws {
        let read = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            for number in 1...50 {
                stream.write { $0 += Array("event \(number);".utf8) }
                try? await read.fired(number)
            }
            stream.finish()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            var all = ""
            for number in 1...50 {
                all = try connection.receive(until: "event \(number);\r\n")
                #expect(all.hasSuffix("event \(number);\r\n"))
                read.fire()
            }
            #expect(try connection.receive(until: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("is one of 300 that were resumed in one tick: all get their bytes")
    func batch() async throws {
        let streams = Locked([ResponseStream]())
        let finished = Signal()
        try await TestServer.run(handle: { exchange in
            streams.withLock { $0.append(exchange.startStream(status: 200, headerFields: [:])) }
            try? await finished.fired()
        }) { server in
            let connections = try (0..<300).map { _ in try server.connect() }
            for connection in connections {
                try connection.send(RawRequest.post("", path: "/stream"))
                _ = try connection.receive(until: "\r\n\r\n")
            }
            for turn in 0..<5 {
                await server.perform { _ in
                    for stream in streams.withLock({ $0 }) { stream.write { $0 += Array("turn \(turn).".utf8) } }
                }
                for connection in connections {
                    #expect(try connection.receive(until: "turn \(turn).\r\n").hasSuffix("turn \(turn).\r\n"))
                }
            }
            await server.perform { _ in for stream in streams.withLock({ $0 }) { stream.finish() } }
            finished.fire()
            for connection in connections { #expect(try connection.receive(until: "0\r\n\r\n") == "0\r\n\r\n") }
        }
    }

    @Test("ends with the connection for a client of HTTP/1.0, and is not chunked")
    func oldClient() async throws {
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += Array("one".utf8) }
            await stream.drained(to: 0)
            stream.write { $0 += Array("two".utf8) }
            stream.finish()
        }) { server in
            let answer = try server.exchange("GET /plain HTTP/1.0\r\n\r\n")
            #expect(answer.hasSuffix("\r\n\r\nonetwo"))
        }
    }

    @Test("to HEAD is a head and nothing after it; the handler is cancelled")
    func head() async throws {
        let cancelled = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [.contentType: "text/event-stream"])
            stream.write { $0 += Array("body".utf8) }
            await exchange.untilCancelled()
            #expect(exchange.isComplete)
            stream.finish()
            cancelled.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send("HEAD /plain HTTP/1.1\r\nHost: t\r\n\r\n")
            let answer = try connection.receiveToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("Content-Type: text/event-stream\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(answer.firstRange(of: "\r\n\r\n")?.upperBound == answer.endIndex, "\(answer)")
            try await cancelled.fired()
        }
    }

    @Test("to HEAD that ends at once is a head and nothing after it")
    func headOfShortStream() async throws {
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += Array("body".utf8) }
            stream.finish()
        }) { server in
            let answer = try server.exchange("HEAD /plain HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            #expect(answer.firstRange(of: "\r\n\r\n")?.upperBound == answer.endIndex, "\(answer)")
        }
    }

    @Test("leaves the connection to the next request")
    func keepAlive() async throws {
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += Array(exchange.head.path.utf8) }
            stream.finish()
        }) { server in
            let connection = try server.connect()
            for number in 0..<20 {
                try connection.send(RawRequest.post("x", path: "/stream\(number)"))
                #expect(try connection.receive(until: "0\r\n\r\n").contains("/stream\(number)\r\n"))
            }
            #expect(server.connections.value == 1)
        }
    }

    @Test("that is broken off ends without its end mark")
    func breakOff() async throws {
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += Array("part".utf8) }
            await stream.drained(to: 0)
            exchange.breakOff()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            let answer = try connection.receiveToEnd()
            #expect(!answer.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("that its handler leaves open is broken off, by which the client knows that it is not whole")
    func leftOpen() async throws {
        let partSeen = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += Array("part".utf8) }
            try? await partSeen.fired()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            #expect(try connection.receive(until: "part\r\n").hasSuffix("4\r\npart\r\n"))
            partSeen.fire()
            #expect(try connection.receiveToEnd().isEmpty)
        }
    }

    @Test("that its handler leaves open before the head is sent is broken off")
    func leftOpenAtOnce() async throws {
        try await TestServer.run(handle: { _ = $0.startStream(status: 200, headerFields: [:]) }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            #expect(try !connection.receiveToEnd().hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("that is broken off after its end does no harm to the next request of the connection")
    func breakOffAfterEnd() async throws {
        let first = Locked(Exchange?.none)
        try await TestServer.run(handle: { exchange in
            if exchange.head.path == "/1" {
                first.withLock { $0 = exchange }
            } else {
                first.withLock { $0 }?.breakOff()
            }
            exchange.respond(.echo(exchange))
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.get("/1"))
            #expect(try connection.receive(until: "]").hasSuffix("GET /1 []"))
            try connection.send(RawRequest.get("/2"))
            #expect(try connection.receive(until: "]").hasSuffix("GET /2 []"))
            first.withLock { $0 = nil }
        }
    }

    @Test("lets its writer wait for room: what is held is bounded, and nothing is lost")
    func backPressure() async throws {
        let block = 10_000
        let count = 3000
        let most = Locked(0)
        let wrote = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            for number in 0..<count {
                stream.write { $0 += [UInt8](repeating: UInt8(97 + number % 26), count: block) }
                most.withLock { $0 = max($0, stream.pendingBytes) }
                wrote.fire()
                await stream.drained(to: 64 << 10)
                #expect(stream.pendingBytes <= 64 << 10)
            }
            stream.finish()
        }) { server in
            let connection = try server.connect()
            try connection.send("GET /plain HTTP/1.0\r\n\r\n")
            // Nothing is read yet: the writer comes to a halt, which three turns of the loop without progress show.
            var before = -1
            while wrote.count != before {
                before = wrote.count
                for _ in 0..<50 { await server.perform { _ in } }
            }
            #expect(wrote.count < count)
            let answer = try connection.receiveToEnd()
            let body = answer.utf8.suffix(block * count)
            let expected = (0..<count).map {
                String(repeating: Character(UnicodeScalar(UInt8(97 + $0 % 26))), count: block)
            }
            #expect(Array(body) == Array(expected.joined().utf8))
            #expect(most.withLock { $0 } <= 64 << 10 + block)
        }
    }

    @Test("lets its writer go when the writer's task is cancelled, before the wait or in it", arguments: [true, false])
    func cancelledWriter(before: Bool) async throws {
        let waiting = Signal()
        let returned = Signal()
        let writer = Locked(Task<Void, Never>?.none)
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += [UInt8](repeating: 120, count: 64 << 20) }
            let task = Task(executorPreference: exchange.reactor) {
                if before { await exchange.untilCancelled() }
                await stream.drained(to: 0)
                #expect(stream.pendingBytes > 0 && !exchange.isComplete)
                returned.fire()
            }
            await exchange.someTurns()
            writer.withLock { $0 = task }
            waiting.fire()
            await exchange.untilCancelled()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await waiting.fired()
            // From another thread than the writer's.
            writer.withLock { $0 }?.cancel()
            try await returned.fired()
            connection.close()
        }
    }

    @Test("wakes a cancelled writer alone, not the one that waits by now")
    func cancelledWriterBefore() async throws {
        let woken = Signal()
        let seen = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += [UInt8](repeating: 120, count: 64 << 20) }
            let first = Task(executorPreference: exchange.reactor) { await stream.drained(to: 0) }
            await exchange.someTurns()
            let second = Task(executorPreference: exchange.reactor) {
                await stream.drained(to: 0)
                woken.fire()
            }
            await first.value
            first.cancel()
            await exchange.someTurns()
            #expect(woken.count == 0)
            second.cancel()
            await second.value
            seen.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await seen.fired()
            #expect(woken.count == 1)
        }
    }
}
