import EventLoop
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("A whole response", .timeLimit(.minutes(5)))
struct WholeResponseTests {
    @Test("has its status, fields, length and body, and leaves the connection to the next request")
    func keepAlive() async throws {
        try await TestServer.run { server in
            let connection = try server.connect()
            for number in 0..<100 {
                try connection.send(RawRequest.post("body \(number)", path: "/\(number)"))
                let answer = try connection.receive(until: "]")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("Content-Type: text/plain\r\n"))
                let body = "POST /\(number) [body \(number)]"
                #expect(answer.contains("Content-Length: \(body.utf8.count)\r\n"))
                #expect(answer.hasSuffix("\r\n\r\n" + body))
            }
            #expect(server.connections.value == 1)
        }
    }

    @Test("comes once for each of pipelined requests, in order")
    func pipelined() async throws {
        try await TestServer.run(handle: { exchange in
            // The first takes longest.
            if exchange.head.path == "/0" { try? await exchange.reactor.sleep(for: .milliseconds(5)) }
            exchange.respond(.echo(exchange))
        }) { server in
            let connection = try server.connect()
            try connection.send(
                (0..<20).map { number in
                    number % 2 == 0 ? RawRequest.get("/\(number)") : RawRequest.post("b\(number)", path: "/\(number)")
                }.joined())
            let answers = try connection.receive(until: "POST /19 [b19]")
            let bodies = answers.split(separator: "\r\n").filter { $0.hasSuffix("]") || $0.contains("]HTTP/1.1") }
            #expect(bodies.count == 20)
            for (number, body) in bodies.enumerated() {
                #expect(body.hasPrefix(number % 2 == 0 ? "GET /\(number) []" : "POST /\(number) [b\(number)]"))
            }
        }
    }

    @Test("closes the connection where the client asks for it, or speaks HTTP/1.0")
    func close() async throws {
        try await TestServer.run { server in
            for request in [RawRequest.get("/", "Connection: close\r\n"), "GET / HTTP/1.0\r\n\r\n"] {
                let answer = try server.exchange(request)
                #expect(answer.hasSuffix("GET / []"))
            }
        }
    }

    @Test("closes the connection while the server drains, and says so")
    func draining() async throws {
        try await TestServer.run { server in
            await server.perform { $0.closesConnections = true }
            let answer = try server.exchange(RawRequest.get("/"))
            #expect(answer.lowercased().contains("connection: close\r\n"))
        }
    }

    @Test(
        "to HEAD is a head, with the length of the body that is not sent, and leaves the connection to the next request",
        arguments: [5, 1 << 20])
    func head(length: Int) async throws {
        let body = [UInt8](repeating: 120, count: length)
        try await TestServer.run(handle: { $0.respond(Response(status: 200, body: body)) }) { server in
            let connection = try server.connect()
            for _ in 0..<3 {
                try connection.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
                let answer = try connection.receive(until: "\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\n"))
                #expect(answer.contains("Content-Length: \(length)\r\n"))
            }
        }
    }

    @Test("is 500 when the handler gives none")
    func unanswered() async throws {
        try await TestServer.run(handle: { _ in }) { server in
            let answer = try server.exchange(RawRequest.get("/", "Connection: close\r\n"))
            #expect(answer.hasPrefix("HTTP/1.1 500 ") && answer.hasSuffix("unanswered"))
        }
    }

    @Test("is the first one, where the handler gives two")
    func twice() async throws {
        try await TestServer.run(handle: { exchange in
            exchange.respond(.text("first"))
            exchange.respond(.text("second"))
            exchange.startStream(status: 200, headerFields: [:]).write { $0 += Array("third".utf8) }
        }) { server in
            let answer = try server.exchange(RawRequest.get("/", "Connection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nfirst"))
        }
    }

    @Test("of many megabytes comes whole")
    func large() async throws {
        let body = (0..<(4 << 20)).map { UInt8(97 + $0 % 26) }
        try await TestServer.run(handle: { $0.respond(Response(status: 200, body: body)) }) { server in
            let answer = try server.exchange(RawRequest.get("/", "Connection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n" + String(decoding: body, as: UTF8.self)))
        }
    }

    @Test("is sent to a client that has ended its sending side")
    func halfClosed() async throws {
        let closed = Signal()
        try await TestServer.run(handle: { exchange in
            try? await closed.fired()
            await exchange.reactor.perform {}
            exchange.respond(.echo(exchange))
        }) { server in
            // The library reads before it answers unless this is its oldest connection.
            let older = try server.connect()
            defer { older.close() }
            let connection = try server.connect()
            try connection.send(RawRequest.get("/plain"))
            connection.halfClose()
            closed.fire()
            #expect(try connection.receiveToEnd().hasSuffix("GET /plain []"))
        }
    }
}
