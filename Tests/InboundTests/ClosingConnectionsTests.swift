import EventLoop
import HTTPTypes
import Inbound
import TestSupport
import Testing

@Suite("A connection whose response began before connections are closed", .timeLimit(.minutes(5)))
struct ClosingConnectionsTests {
    private static func part(_ size: Int, of number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(97 + number % 26), count: size)
    }

    @Test("gets all of its stream and then its end, without a reset", arguments: [0, 10, 20_000, 1 << 20])
    func losesNothing(size: Int) async throws {
        for _ in 0..<5 {
            let proceed = Signal()
            try await TestServer.run(handle: { exchange in
                let stream = exchange.startStream(status: 200, headerFields: [:])
                try? await proceed.fired()
                let number = Int(exchange.head.path.dropFirst("/stream".count)) ?? 0
                stream.write { $0 += Self.part(size, of: number) }
                stream.finish()
            }) { server in
                let connections = try (0..<40).map { number in
                    let connection = try server.connect()
                    try connection.send(RawRequest.post("", path: "/stream\(number)"))
                    #expect(try !connection.receive(until: "\r\n\r\n").contains("Connection: close"))
                    return connection
                }
                await server.perform { $0.closesConnections = true }
                proceed.fire()
                for (number, connection) in connections.enumerated() {
                    let answer = try connection.receiveToEnd()
                    let letter = UInt8(97 + number % 26)
                    #expect(answer.utf8.count { $0 == letter } >= size && answer.hasSuffix("0\r\n\r\n"))
                    // Into a connection that was reset nothing could be sent.
                    try connection.send("more")
                }
            }
        }
    }

    @Test("and has a next request in its buffer answers it, and ends then")
    func nextRequest() async throws {
        let proceed = Signal()
        try await TestServer.run(handle: { exchange in
            if exchange.head.path == "/next" { return exchange.respond(.echo(exchange)) }
            let stream = exchange.startStream(status: 200, headerFields: [:])
            try? await proceed.fired()
            stream.finish()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.get("/stream"))
            _ = try connection.receive(until: "\r\n\r\n")
            // In one piece, so that it is all there when the stream ends.
            try connection.send(RawRequest.get("/next"))
            await server.perform { $0.closesConnections = true }
            proceed.fire()
            let answers = try connection.receiveToEnd()
            #expect(answers.hasPrefix("0\r\n\r\nHTTP/1.1 200 ") && answers.hasSuffix("GET /next []"))
            #expect(answers.contains("Connection: close\r\n"))
        }
    }

    @Test("and sends a request after our end begins none")
    func lateRequest() async throws {
        let begun = Signal()
        let proceed = Signal()
        try await TestServer.run(handle: { exchange in
            let stream = exchange.startStream(status: 200, headerFields: [:])
            begun.fire()
            try? await proceed.fired()
            stream.finish()
        }) { server in
            let connection = try server.connect()
            try connection.send(RawRequest.get("/stream"))
            _ = try connection.receive(until: "\r\n\r\n")
            await server.perform { $0.closesConnections = true }
            proceed.fire()
            #expect(try connection.receiveToEnd().hasSuffix("0\r\n\r\n"))
            try connection.send(RawRequest.get("/stream"))
            try await until { server.connections.value <= 0 }
            #expect(begun.count == 1)
        }
    }
}
