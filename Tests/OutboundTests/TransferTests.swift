import EventLoop
import HTTPTypes
import Inbound
import Outbound
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct TransferTests {
    /// Answers with what it was asked.
    private static let describe: TestServer.Handler = { exchange in
        let fields = exchange.head.headerFields
        let lines = fields.map { "\($0.name.canonicalName): \($0.value)" }.sorted().joined(separator: "\n")
        let body = String(decoding: exchange.takeBody(), as: UTF8.self)
        exchange.respond(
            Response(
                status: 200,
                headerFields: [.contentType: "text/plain"],
                body: Array("\(exchange.head.method) \(exchange.head.path)\n\(lines)\n\n\(body)".utf8)
            )
        )
    }

    @Test func getCarriesPathAndFields() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                let answer = try await caller.call(
                    .get(server.port, "/v1/models", fields: [.authorization: "Bearer k", .accept: "application/json"])
                )
                #expect(answer.head.status == 200)
                #expect(answer.head.headerFields[.contentType] == "text/plain")
                #expect(answer.text.hasPrefix("GET /v1/models\n"))
                #expect(answer.text.contains("\naccept: application/json\nauthorization: Bearer k\n"))
                #expect(answer.text.contains("\nuser-agent: inference-gateway\n"))
                #expect(answer.text.hasSuffix("\n\n"))
            }
        }
    }

    @Test func postCarriesItsBodyWithALengthAndNoExpectation() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                let answer = try await caller.call(
                    .post(
                        server.port,
                        "/v1/chat/completions",
                        fields: [.contentType: "application/json"],
                        body: Array("{}".utf8)
                    )
                )
                #expect(answer.text.hasPrefix("POST /v1/chat/completions\n"))
                #expect(answer.text.contains("\ncontent-length: 2\ncontent-type: application/json\n"))
                #expect(!answer.text.contains("\nexpect:"))
                #expect(answer.text.hasSuffix("\n\n{}"))
            }
        }
    }

    @Test func putIsSentAsPut() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                var request = UpstreamRequest.post(server.port, body: [])
                request.method = .put
                #expect(try await caller.call(request).text.hasPrefix("PUT /\n"))
            }
        }
    }

    @Test func connectionIsUsedAgain() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                for number in 0..<10 {
                    let answer = try await caller.call(.post(server.port, "/\(number)", body: [0x61]))
                    #expect(answer.text.hasPrefix("POST /\(number)\n"))
                    #expect(server.connections.value == 1)
                }
                #expect(try await caller.run { caller.multi.openTransfers } == 0)
            }
        }
    }

    @Test func connectionThatTheUpstreamClosedMeanwhileIsReplaced() async throws {
        try await TestServer.with(limits: InboundLimits(headerTimeout: .milliseconds(100)), handler: Self.describe) {
            server async throws in
            try await Caller.with { caller async throws in
                for _ in 0..<3 {
                    #expect(try await caller.call(.post(server.port, body: [0x61])).head.status == 200)
                    // The server closes what is idle.
                    try await server.eventually("no connection") { server.connections.value == 0 }
                }
            }
        }
    }

    @Test func manyTransfersRunAtOnce() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                let port = server.port
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<100 {
                        group.addTask {
                            try await caller.call(.post(port, "/\(number)", body: [])).text.hasPrefix(
                                "POST /\(number)\n"
                            )
                        }
                    }
                    for try await right in group { try #require(right) }
                }
            }
        }
    }

    @Test func largeBodiesArriveByteExactBothWays() async throws {
        let body = patternBytes(count: 10 << 20)
        try await TestServer.with(
            handler: { $0.respond(Response(status: 200, body: $0.takeBody())) }
        ) { server async throws in
            try await Caller.with { caller async throws in
                let answer = try await caller.call(.post(server.port, body: body))
                let same = answer.body == body
                #expect(same)
            }
        }
    }

    @Test func oneBodyServesSeveralAttempts() async throws {
        let body = RequestBody(patternBytes(count: 1 << 20))
        try await TestServer.with(
            handler: { $0.respond(Response(status: 200, body: Array("\($0.takeBody().count)".utf8))) }
        ) { server async throws in
            try await Caller.with { caller async throws in
                var request = UpstreamRequest.post(server.port, body: [])
                request.body = body
                for _ in 0..<3 { #expect(try await caller.call(request).text == "\(1 << 20)") }
            }
        }
    }

    @Test func bytesAreReadAsTheyCome() async throws {
        try await withHeldUpstream { caller, server, opened async throws in
            let parts = Mailbox<String>()
            async let reading: Void = caller.start(.get(server.port)) { transfer in
                parts.put("status \(try await transfer.responseHead().status)")
                while let part = try await transfer.readText() { parts.put(part) }
                parts.put("end")
            }
            let held = try await opened.next("the request")
            let stream = try await held.startStream(status: 201)
            #expect(try await parts.next() == "status 201")
            for number in 0..<20 {
                try await held.write("event \(number)", to: stream)
                #expect(try await parts.next() == "event \(number)")
            }
            try await held.finish(stream)
            #expect(try await parts.next() == "end")
            try await reading
        }
    }

    @Test func transferOnTheServersOwnReactorReadsBytesAsTheyCome() async throws {
        let opened = Mailbox<HeldExchange>()
        try await TestServer.with(handler: HeldExchange.handler(opened)) { server async throws in
            let parts = Mailbox<String>()
            async let reading: Void = server.run {
                let multi = try MultiHandle(reactor: server.reactor, settings: OutboundSettings())
                defer { multi.close() }
                let transfer = try Transfer(.get(server.port), on: multi)
                defer { transfer.close() }
                while let part = try await transfer.readText() { parts.put(part) }
            }
            let held = try await opened.next("the request")
            let stream = try await held.startStream()
            for number in 0..<20 {
                try await held.write("event \(number)", to: stream)
                #expect(try await parts.next() == "event \(number)")
            }
            try await held.finish(stream)
            try await reading
        }
    }

    // MARK: Back-pressure

    @Test func slowReaderHoldsTheUpstreamBack() async throws {
        let flood = patternBytes(count: 16 << 20)
        try await withHeldUpstream { caller, server, opened async throws in
            let first = Mailbox<Void>()
            let mayGoOn = Mailbox<Void>()
            // The reader takes its time.
            async let read: (bytes: [UInt8], largest: Int) = caller.start(
                .get(server.port, silence: .seconds(60))
            ) { transfer in
                var all: [UInt8] = []
                var part: [UInt8] = []
                var largest = 0
                while try await transfer.read(into: &part) {
                    if all.isEmpty {
                        first.put()
                        try await mayGoOn.next()
                    }
                    all += part
                    largest = max(largest, part.count)
                }
                return (all, largest)
            }
            let held = try await opened.next("the request")
            let stream = try await held.startStream()
            let drained = Mailbox<Void>()
            async let writing: Void = held.run { _ in
                stream.write { $0.append(contentsOf: flood) }
                await stream.drained(to: 0)
                drained.put()
            }
            try await first.next("the first part")
            try await server.run { try await server.reactor.sleep(for: .milliseconds(1500)) }
            #expect(drained.waiting.isEmpty)
            #expect(try await held.run { _ in stream.pendingBytes } > 1 << 20)
            mayGoOn.put()
            try await drained.next("the rest")
            try await writing
            try await held.finish(stream)
            let (bytes, largest) = try await read
            #expect(largest <= OutboundSettings().highWatermark)
            let same = bytes == flood
            #expect(same)
        }
    }

    // MARK: Ending early

    @Test(arguments: [false, true]) func cancellationEndsTheConnection(fromTheReactor: Bool) async throws {
        try await withHeldUpstream { caller, server, opened async throws in
            for stage in ["head", "body"] {
                let waits = Mailbox<Void>()
                let call = Task(executorPreference: caller.reactor) {
                    let transfer = try Transfer(.get(server.port), on: caller.multi)
                    defer { transfer.close() }
                    if stage == "body" { _ = try await transfer.responseHead() }
                    waits.put()
                    _ = try await transfer.readAll(limit: .max)
                }
                let held = try await opened.next("the request")
                if stage == "body" { _ = try await held.startStream() }
                try await waits.next("the reader")
                if fromTheReactor {
                    try await caller.run { call.cancel() }
                } else {
                    call.cancel()
                }
                await #expect(throws: UpstreamFailure.self) { try await call.value }
                try await held.cancellations.next("the disconnect at the upstream")
                #expect(try await caller.run { caller.multi.openTransfers } == 0)
            }
        }
    }

    @Test func taskThatWasCancelledBeforeFailsAtOnce() async throws {
        try await withHeldUpstream { caller, server, _ async throws in
            let mayGo = Mailbox<Void>()
            let call = Task(executorPreference: caller.reactor) { () -> UpstreamFailure? in
                try? await mayGo.next()
                let transfer = try Transfer(.get(server.port), on: caller.multi)
                defer { transfer.close() }
                do throws(UpstreamFailure) {
                    _ = try await transfer.responseHead()
                    return nil
                } catch {
                    return error
                }
            }
            call.cancel()
            mayGo.put()
            #expect(try await call.value?.kind == .cancelled)
        }
    }

    @Test func closeInMidStreamEndsTheConnection() async throws {
        try await withHeldUpstream { caller, server, opened async throws in
            async let reading: String? = caller.start(.get(server.port)) { try await $0.readText() }
            let held = try await opened.next("the request")
            let stream = try await held.startStream()
            try await held.write("enough", to: stream)
            #expect(try await reading == "enough")
            try await held.cancellations.next("the disconnect at the upstream")
        }
    }

    @Test func closeOfTheMultiHandleFailsItsTransfers() async throws {
        try await withHeldUpstream { caller, server, opened async throws in
            async let failing = caller.failure(of: .get(server.port))
            let held = try await opened.next("the request")
            #expect(try await caller.run { caller.multi.openTransfers } == 1)
            try await caller.run { caller.multi.close() }
            #expect(try await failing?.kind == .cancelled)
            try await held.cancellations.next("the disconnect at the upstream")
        }
    }

    @Test func closeMayBeCalledTwiceAndEndsReading() async throws {
        try await TestServer.with(handler: Self.describe) { server async throws in
            try await Caller.with { caller async throws in
                let kind = try await caller.run { () -> UpstreamFailure.Kind? in
                    let transfer = try Transfer(.get(server.port), on: caller.multi)
                    transfer.close()
                    transfer.close()
                    do throws(UpstreamFailure) {
                        _ = try await transfer.responseHead()
                        return nil
                    } catch {
                        return error.kind
                    }
                }
                #expect(kind == .cancelled)
            }
        }
    }

    private func withHeldUpstream(
        _ body: (Caller, TestServer, Mailbox<HeldExchange>) async throws -> Void
    ) async throws {
        let opened = Mailbox<HeldExchange>()
        try await TestServer.with(
            admission: { _ in .accept(endsWithClient: true) },
            handler: HeldExchange.handler(opened)
        ) { server async throws in
            try await Caller.with { caller async throws in
                try await body(caller, server, opened)
            }
        }
    }
}
