import EventLoop
import Glibc
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("The life of a daemon", .timeLimit(.minutes(5)))
struct DaemonLifeTests {
    @Test("ends with suspended connections of every kind: their tasks are cancelled and clients see the end")
    func stopSuspended() async throws {
        let began = Signal()
        let ended = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.head.path == "/stream" ? exchange.startStream(status: 200, headerFields: [:]) : nil
            began.fire()
            await exchange.untilCancelled()
            stream?.write { $0 += [1] }
            await stream?.drained(to: 0)
            exchange.respond(.text("late"))
            exchange.breakOff()
            ended.fire()
        }) { server in
            let connections = try (0..<100).map { number in
                let connection = try server.connect()
                try connection.send(RawRequest.post("", path: number % 2 == 0 ? "/stream" : "/plain"))
                return connection
            }
            let idle = try (0..<10).map { _ in try server.connect() }
            try await began.fired(100)
            await server.stopDaemon()
            await server.stopDaemon()
            try await ended.fired(100)
            for connection in connections { #expect(try !connection.receiveToEnd().hasSuffix("0\r\n\r\n")) }
            for connection in idle { #expect(try connection.receiveToEnd().isEmpty) }
        }
    }

    @Test("ends while requests arrive")
    func stopUnderLoad() async throws {
        for _ in 0..<20 {
            try await TestServer.run(handle: { exchange in
                let stream = exchange.startStream(status: 200, headerFields: [:])
                stream.write { $0 += [1] }
                await exchange.untilCancelled()
            }) { server in
                let connections = try (0..<20).map { _ in try server.connect() }
                let answered = Signal()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask(executorPreference: globalConcurrentExecutor) {
                        try await answered.fired()
                        await server.stopDaemon()
                    }
                    for (index, connection) in connections.enumerated() {
                        try? connection.send(RawRequest.post("abc", path: "/stream"))
                        if index == 5 { answered.fire() }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("begins no request that came just before its end", arguments: [true, false])
    func stopBeforeRequest(accepted: Bool) async throws {
        let begun = Signal()
        try await TestServer.run(handle: { _ in begun.fire() }) { server in
            let connections = try (0..<20).map { _ in try server.connect() }
            if accepted { try await until { server.connections.value == 20 } }
            let turnBegan = Signal()
            let mayStop = Signal()
            async let stopped: Void = Task(executorPreference: globalConcurrentExecutor) {
                await server.perform { daemon in
                    turnBegan.fire()
                    while mayStop.count == 0 { sched_yield() }
                    daemon.stop()
                }
            }.value
            try await turnBegan.fired()
            for connection in connections { try connection.send(RawRequest.get("/")) }
            mayStop.fire()
            await stopped
            for connection in connections { #expect(try connection.receiveToEnd().isEmpty) }
            #expect(begun.count == 0)
        }
    }

    @Test("ends while a client takes nothing of its answer")
    func stopWhileWriting() async throws {
        let began = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += [UInt8](repeating: 1, count: 32 << 20) }
            began.fire()
            await stream.drained(to: 0)
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await began.fired()
            _ = try connection.receive(until: "\r\n\r\n")
        }
    }

    @Test("refuses connections over the limit at once, and takes one again when one has ended")
    func connectionLimit() async throws {
        try await TestServer.run(limits: InboundLimits(connections: 2)) { server in
            let connections = try (0..<2).map { _ in
                let connection = try server.connect()
                try connection.send(RawRequest.get("/"))
                _ = try connection.receive(until: "]")
                return connection
            }
            let third = try server.connect()
            #expect(try third.receiveToEnd().isEmpty)
            connections[0].close()
            try await until { server.connections.value <= 1 }
            let fourth = try server.connect()
            try fourth.send(RawRequest.get("/4"))
            #expect(try fourth.receive(until: "]").hasSuffix("GET /4 []"))
        }
    }

    @Test("tells when it is idle, and when that takes too long")
    func idle() async throws {
        let began = Signal()
        let proceed = Signal()
        try await TestServer.run(handle: { exchange in
            began.fire()
            try? await proceed.fired()
            exchange.respond(.echo(exchange))
        }) { server in
            #expect(await server.idle(within: .zero))
            let connection = try server.connect()
            try connection.send(RawRequest.get("/"))
            try await began.fired()
            #expect(await server.idle(within: .milliseconds(20)) == false)
            async let idle = server.idle(within: .seconds(30))
            proceed.fire()
            #expect(try connection.receive(until: "]").hasSuffix("GET / []"))
            #expect(await idle)
        }
    }
}
