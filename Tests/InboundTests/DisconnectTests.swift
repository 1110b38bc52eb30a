import EventLoop
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("A client that goes away", .timeLimit(.minutes(5)))
struct DisconnectTests {
    enum Way: CaseIterable {
        case close, reset, halfClose

        func leave(_ connection: RawConnection) {
            switch self {
            case .close: connection.close()
            case .reset: connection.reset()
            case .halfClose: connection.halfClose()
            }
        }
    }

    @Test("cancels the task of its stream, before and after the head", arguments: Way.allCases, [true, false])
    func cancelsStream(way: Way, headSent: Bool) async throws {
        let started = Signal()
        let cancelled = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = headSent ? exchange.startStream(status: 200, headerFields: [:]) : nil
            started.fire()
            await exchange.untilCancelled()
            #expect(exchange.isComplete)
            stream?.write { $0 += Array("to nobody".utf8) }
            await stream?.drained(to: 0)
            stream?.finish()
            cancelled.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await started.fired()
            if headSent { _ = try connection.receive(until: "\r\n\r\n") }
            way.leave(connection)
            try await cancelled.fired()
        }
    }

    @Test("cancels the task of its plain request too, when it is gone altogether")
    func cancelsPlain() async throws {
        let started = Signal()
        let cancelled = Signal()
        try await TestServer.run(handle: { exchange in
            started.fire()
            await exchange.untilCancelled()
            cancelled.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.get("/plain"))
            try await started.fired()
            connection.reset()
            try await cancelled.fired()
        }
    }

    @Test("wakes a writer that waits for room", arguments: Way.allCases)
    func wakesWriter(way: Way) async throws {
        let full = Signal()
        let woken = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += [UInt8](repeating: 0, count: 64 << 20) }
            full.fire()
            await stream.drained(to: 0)
            #expect(Task.isCancelled)
            woken.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.post("", path: "/stream"))
            try await full.fired()
            way.leave(connection)
            try await woken.fired()
        }
    }

    @Test("together with its request is seen, although the event came first")
    func edgeBeforeRequest() async throws {
        let begun = Signal()
        let cancelled = Signal()
        try await TestServer.run(handle: { exchange in
            begun.fire()
            await exchange.untilCancelled()
            cancelled.fire()
        }) { server in
            for _ in 0..<50 {
                let connection = try server.connect()
                try connection.send(RawRequest.post("", path: "/stream"))
                connection.halfClose()
                #expect(try connection.receiveToEnd().isEmpty)
            }
            // Which of them began depends on how the bytes fell; none may be left.
            try await cancelled.fired(begun.count)
            #expect(await server.idle(within: .seconds(10)))
        }
    }

    @Test("in the middle of its head or body leaves nothing")
    func inMiddle() async throws {
        let handled = Signal()
        let limits = InboundLimits(headerTimeout: .milliseconds(100), writeTimeout: .milliseconds(100))
        try await TestServer.run(limits: limits, handle: { _ in handled.fire() }) { server in
            for part in ["", "POS", "POST / HTTP/1.1\r\nHost:", RawRequest.post("abc").dropLast().description] {
                for way in Way.allCases {
                    let connection = try server.connect()
                    try connection.send(part)
                    way.leave(connection)
                    if way == .halfClose { #expect(try connection.receiveToEnd().isEmpty) }
                }
            }
            try await until { server.connections.value <= 0 }
            #expect(handled.count == 0)
        }
    }

    @Test(
        "together with the beginning of a request is ended at once",
        arguments: [
            "P", "POST / HTTP/1.1\r\nHost: t\r\nContent-Le", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc",
            "POST /no HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n9;"
                + String(repeating: "x", count: 30_000),
        ])
    func incomplete(text: String) async throws {
        let handled = Signal()
        try await TestServer.run(
            refuse: { $0.path == "/no" ? .text("no", status: 401) : nil }, handle: { _ in handled.fire() }
        ) { server in
            // Long before any of its deadlines, and whether the end comes with the bytes or behind them.
            for _ in 0..<20 {
                let connection = try server.connect()
                try connection.send(text)
                connection.halfClose()
                #expect(try !connection.receiveToEnd().contains(" 200 "))
            }
            #expect(handled.count == 0)
        }
    }

    @Test("only by half, behind many requests, gets all their answers")
    func manyRequests() async throws {
        try await TestServer.run { server in
            let connection = try server.connect()
            let count = 50
            try connection.send(String(repeating: RawRequest.post("abc", path: "/x"), count: count))
            connection.halfClose()
            #expect(try connection.receiveToEnd().ranges(of: "POST /x [abc]").count == count)
        }
    }

    @Test("only by half, while its answer is already complete, still gets it")
    func halfCloseAfterFinish() async throws {
        let body = [UInt8](repeating: 120, count: 8 << 20)
        let finished = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += body }
            stream.finish()
            finished.fire()
        }) { server in
            let connection = try server.connect()
            try connection.send("POST /stream HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            try await finished.fired()
            connection.halfClose()
            let answer = try connection.receiveToEnd()
            #expect(answer.utf8.filter { $0 == 120 }.count == body.count)
        }
    }

    @Test("one of a thousand, in mid-stream: none is left")
    func thousand() async throws {
        let began = Signal()
        let ended = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            stream.write { $0 += [1] }
            began.fire()
            await exchange.untilCancelled()
            ended.fire()
        }) { server in
            let connections = try (0..<1000).map { _ in
                let connection = try server.connect()
                try connection.send(RawRequest.post("", path: "/stream"))
                return connection
            }
            try await began.fired(1000)
            for (index, connection) in connections.enumerated() { Way.allCases[index % 3].leave(connection) }
            try await ended.fired(1000)
        }
    }
}
