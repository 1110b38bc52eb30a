import EventLoop
import Glibc
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("A client that is slow", .timeLimit(.minutes(5)))
struct DeadlineTests {
    private static let short = Duration.milliseconds(200)
    private static let long = Duration.seconds(30)

    private func limits(header: Duration = long, write: Duration = long) -> InboundLimits {
        InboundLimits(headerTimeout: header, writeTimeout: write)
    }

    /// Sends byte after byte until the server ends the connection.
    /// - Returns: how long that took, and whether all could be sent.
    private func drip(
        _ text: String, to connection: RawConnection, every pause: Duration
    ) async throws -> (duration: Duration, complete: Bool) {
        let start = MonotonicInstant.now()
        for byte in text.utf8 {
            do { try connection.send([byte]) } catch { return (start.duration(to: .now()), false) }
            try await Task.sleep(for: pause)
        }
        return (start.duration(to: .now()), true)
    }

    @Test("with its head is ended after the limit, however steadily the bytes come")
    func drippedHead() async throws {
        try await TestServer.run(limits: limits(header: Self.short)) { server in
            let start = MonotonicInstant.now()
            let connection = try server.connect()
            let head = RawRequest.get("/", "X-Long: \(String(repeating: "x", count: 4000))\r\n")
            let dripped = try await drip(head, to: connection, every: .milliseconds(5))
            #expect(!dripped.complete && start.duration(to: .now()) >= Self.short)
        }
    }

    @Test("with the head of a later request is ended after the limit, too")
    func drippedSecondHead() async throws {
        try await TestServer.run(limits: limits(header: Self.short)) { server in
            let start = MonotonicInstant.now()
            let connection = try server.connect()
            try connection.send(RawRequest.get("/"))
            _ = try connection.receive(until: "]")
            let head = RawRequest.get("/", "X-Long: \(String(repeating: "x", count: 4000))\r\n")
            let dripped = try await drip(head, to: connection, every: .milliseconds(5))
            #expect(!dripped.complete && start.duration(to: .now()) >= Self.short)
        }
    }

    @Test("and sends nothing at all is ended after the limit, at the start and between two requests")
    func silent() async throws {
        try await TestServer.run(limits: limits(header: Self.short)) { server in
            for requests in 0...1 {
                let connection = try server.connect()
                for _ in 0..<requests {
                    try connection.send(RawRequest.get("/"))
                    _ = try connection.receive(until: "]")
                }
                #expect(try connection.receiveToEnd().isEmpty)
            }
        }
    }

    @Test("with its body is ended when no byte comes for the limit")
    func silentBody() async throws {
        let handled = Signal()
        try await TestServer.run(limits: limits(write: Self.short), handle: { _ in handled.fire() }) { server in
            let connection = try server.connect()
            let start = MonotonicInstant.now()
            try connection.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc")
            #expect(try connection.receiveToEnd().isEmpty)
            #expect(start.duration(to: .now()) >= Self.short)
            #expect(handled.count == 0)
        }
    }

    @Test("with the body of a request that is refused is ended after the limit, however steadily the bytes come")
    func drippedRefusal() async throws {
        try await TestServer.run(limits: limits(write: Self.short), refuse: { _ in .text("no", status: 401) }) {
            server in
            let start = MonotonicInstant.now()
            let connection = try server.connect()
            try connection.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n")
            let dripped = try await drip(
                String(repeating: "x", count: 60_000), to: connection, every: .milliseconds(5))
            #expect(!dripped.complete && start.duration(to: .now()) >= Self.short)
        }
    }

    @Test("with its body, but steady, is waited for")
    func steadyBody() async throws {
        let limit = Duration.seconds(3)
        try await TestServer.run(limits: limits(write: limit)) { server in
            let connection = try server.connect()
            let body = String(repeating: "x", count: 80)
            try connection.send("POST /s HTTP/1.1\r\nHost: t\r\nContent-Length: 80\r\nConnection: close\r\n\r\n")
            let dripped = try await drip(body, to: connection, every: .milliseconds(50))
            #expect(dripped.duration > limit)
            #expect(try connection.receiveToEnd().hasSuffix("POST /s [\(body)]"))
        }
    }

    @Test("and takes nothing of its stream is ended, and the task cancelled")
    func neverReads() async throws {
        let ended = Signal()
        try await TestServer.run(
            limits: limits(write: Self.short),
            handle: { exchange in
                let stream = exchange.startStream(status: 200, headerFields: [:])
                while !Task.isCancelled {
                    stream.write { $0 += [UInt8](repeating: 1, count: 100_000) }
                    await stream.drained(to: 64 << 10)
                }
                ended.fire()
            }
        ) { server in
            let connection = try server.connect()
            connection.shrinkReceiveBuffer()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await ended.fired()
        }
    }

    @Test("and takes nothing of a whole response is ended")
    func neverReadsWhole() async throws {
        let answered = Signal()
        try await TestServer.run(
            limits: limits(write: Self.short),
            handle: { exchange in
                exchange.respond(Response(status: 200, body: [UInt8](repeating: 1, count: 32 << 20)))
                answered.fire()
            }
        ) { server in
            let connection = try server.connect()
            connection.shrinkReceiveBuffer()
            try connection.send(RawRequest.get("/"))
            try await answered.fired()
            try await until { server.connections.value <= 0 }
        }
    }

    @Test("and takes nothing, not even the head of its stream, is ended")
    func neverReadsHead() async throws {
        let requests = 4000
        let began = Signal()
        let long = HTTPFields([HTTPField(name: .cookie, value: String(repeating: "x", count: 8000))])
        try await TestServer.run(
            limits: limits(write: .seconds(1)),
            handle: { exchange in
                began.fire()
                exchange.startStream(status: 200, headerFields: long).finish()
            }
        ) { server in
            let connection = try server.connect()
            connection.shrinkReceiveBuffer()
            // The answers are hardly more than heads, and more than the kernel holds.
            try connection.send(String(repeating: "GET / HTTP/1.1\r\nHost: t\r\n\r\n", count: requests))
            try await began.fired()
            try await until { server.connections.value <= 0 }
            #expect(began.count < requests)
        }
    }

    @Test("but keeps on reading gets all of a large response", arguments: [true, false])
    func readsSteadily(streamed: Bool) async throws {
        let size = 32 << 20
        let step = 1 << 20
        let limit = Duration.seconds(10)
        try await TestServer.run(
            limits: limits(write: limit),
            handle: { exchange in
                let body = [UInt8](repeating: 120, count: size)
                guard streamed else { return exchange.respond(Response(status: 200, body: body)) }
                let stream = exchange.startStream(status: 200, headerFields: [:])
                stream.write { $0 += body }
                stream.finish()
            }
        ) { server in
            let port = server.port
            let start = MonotonicInstant.now()
            let count = try await onOwnThread {
                let connection = try RawConnection(port: port)
                try connection.send("GET / HTTP/1.0\r\n\r\n")
                var count = 0
                var nextPause = step
                while true {
                    let bytes = try connection.receive(1 << 16)
                    if bytes.isEmpty { return count }
                    count += bytes.count { $0 == 120 }
                    if count >= nextPause {
                        nextPause += step
                        usleep(350_000)
                    }
                }
            }
            #expect(count == size)
            #expect(start.duration(to: .now()) > limit)
        }
    }

    @Test("owes nothing while the handler thinks, or its stream has nothing to send")
    func handlerThinks() async throws {
        try await TestServer.run(
            limits: limits(header: Self.short, write: Self.short),
            handle: { exchange in
                try? await exchange.reactor.sleep(for: Self.short * 2)
                let stream = exchange.startStream(status: 200, headerFields: [:])
                try? await exchange.reactor.sleep(for: Self.short * 2)
                stream.write { $0 += Array("at last".utf8) }
                stream.finish()
            }
        ) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            #expect(try connection.receive(until: "0\r\n\r\n").hasSuffix("7\r\nat last\r\n0\r\n\r\n"))
        }
    }
}
