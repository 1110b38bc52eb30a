import EventLoop
import HTTPTypes
import Outbound
import TestSupport
import Testing

/// Upstreams that misbehave, byte by byte.
@Suite(.timeLimit(.minutes(5))) struct UpstreamFaultTests {
    /// Makes a call to a server that reads the request's head, then does `answer`.
    private func outcome(
        silence: Duration = .seconds(300),
        limit: Int = .max,
        answer: @escaping (SocketClient) async throws -> Void
    ) async throws -> (answer: Caller.Answer?, failure: UpstreamFailure?) {
        let server = try SocketServer()
        let results = Mailbox<(Caller.Answer?, UpstreamFailure?)>()
        try await Caller.with { caller async throws in
            async let calling: Void = {
                do {
                    results.put((try await caller.call(.get(server.port, silence: silence), limit: limit), nil))
                } catch {
                    results.put((nil, error as? UpstreamFailure))
                }
            }()
            let connection = try await server.accept()
            _ = try await connection.read(until: "\r\n\r\n")
            try await answer(connection)
            await calling
        }
        return try await results.next("the outcome")
    }

    private static let ok = "HTTP/1.1 200 OK\r\n"

    // MARK: No connection

    @Test func refusedConnectionIsAFailureToConnect() async throws {
        try await Caller.with { caller async throws in
            let closed = try SilentPort()
            let failure = try await caller.failure(of: .get(closed.number))
            withExtendedLifetime(closed) {}
            #expect(failure?.kind == .connect)
            #expect(failure?.isRetryable == true)
        }
    }

    @Test func unknownHostIsAFailureToConnect() async throws {
        try await Caller.with { caller async throws in
            // A label of 64 characters (RFC 1035 allows 63) fails without asking a name server.
            let host = String(repeating: "a", count: 64) + ".invalid"
            let request = UpstreamRequest(method: .get, url: "http://\(host)/")
            #expect(try await caller.failure(of: request)?.kind == .connect)
        }
    }

    @Test func malformedAddressIsUnusable() async throws {
        try await Caller.with { caller async throws in
            let request = UpstreamRequest(method: .get, url: "http://[/")
            let failure = try await caller.failure(of: request)
            #expect(failure?.kind == .unusable)
            #expect(failure?.isRetryable == false)
        }
    }

    // MARK: Silence

    @Test func silenceBeforeTheHeadIsHeadSilence() async throws {
        let (_, failure) = try await outcome(silence: .milliseconds(100)) { connection async throws in
            // The caller gives up and closes.
            #expect(try await connection.readToEnd().isEmpty)
        }
        #expect(failure?.kind == .headSilence)
        #expect(failure?.isRetryable == true)
    }

    @Test func silenceWithinTheHeadIsHeadSilence() async throws {
        let (_, failure) = try await outcome(silence: .milliseconds(100)) { connection async throws in
            try await connection.send(Self.ok + "Content-Type: text/plain\r\n")
            #expect(try await connection.readToEnd().isEmpty)
        }
        #expect(failure?.kind == .headSilence)
    }

    // MARK: Cut

    @Test(
        arguments: [
            "", "HTTP/1.1 20", ok, ok + "Content-Length: 10\r\n\r\n", ok + "Content-Length: 10\r\n\r\nabc",
            ok + "Transfer-Encoding: chunked\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
            ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
            ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
        ],
        [false, true]
    ) func connectionThatEndsBeforeTheResponseIsCut(sent: String, reset: Bool) async throws {
        let (_, failure) = try await outcome { connection async throws in
            if !sent.isEmpty { try await connection.send(sent) }
            if reset { connection.reset() } else { connection.close() }
        }
        #expect(failure?.kind == .cut)
        #expect(failure?.isRetryable == true)
    }

    @Test func bodyWithoutAnyFramingEndsWithTheConnection() async throws {
        let (answer, _) = try await outcome { connection async throws in
            try await connection.send(Self.ok + "\r\nall of it")
            connection.close()
        }
        #expect(answer?.text == "all of it")
    }

    // MARK: Malformed

    @Test(arguments: [
        "garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "<html></html>\n\n",
        ok + "Content-Length: abc\r\n\r\n",
    ]) func whatIsNotHTTPIsMalformed(sent: String) async throws {
        let (answer, failure) = try await outcome { connection async throws in
            try await connection.send(sent)
            connection.halfClose()
        }
        #expect(failure?.kind == .malformed, "\(failure as Any) \(answer as Any)")
        #expect(failure?.isRetryable == false)
    }

    @Test func headWithoutEndIsMalformed() async throws {
        let (_, failure) = try await outcome { connection async throws in
            try await connection.send(Self.ok)
            let line = "X-Long: \(String(repeating: "x", count: 1000))\r\n"
            // libcurl has limits of its own beyond ours.
            for _ in 0..<70 { try? await connection.send(line) }
            try? await connection.send("Content-Length: 200000\r\n\r\n")
            try? await connection.send(patternBytes(count: 200_000))
        }
        #expect(failure?.kind == .malformed)
    }

    @Test func bodyOverTheReadersLimitIsTooLarge() async throws {
        let (_, failure) = try await outcome(limit: 9) { connection async throws in
            try await connection.send(Self.ok + "Content-Length: 10\r\n\r\n0123456789")
        }
        #expect(failure?.kind == .tooLarge)
        let (answer, _) = try await outcome(limit: 10) { connection async throws in
            try await connection.send(Self.ok + "Content-Length: 10\r\n\r\n0123456789")
        }
        #expect(answer?.text == "0123456789")
    }

    // MARK: Heads

    @Test func headFieldsAreTrimmedAndRepeatedOnesKept() async throws {
        let (answer, _) = try await outcome { connection async throws in
            try await connection.send(
                "HTTP/1.1 429 Too: many\r\nRetry-After:  7 \r\nX-Twice: a\r\nx-twice:b\r\nX-Empty:\r\n"
                    + "X-Colons: a:b: c\r\nContent-Length: 0\r\n\r\n"
            )
        }
        let head = try #require(answer?.head)
        #expect(head.status == 429)
        #expect(head.headerFields[.retryAfter] == "7")
        #expect(head.headerFields[values: try #require(.init("x-twice"))] == ["a", "b"])
        #expect(head.headerFields[try #require(.init("x-empty"))] == "")
        #expect(head.headerFields[try #require(.init("x-colons"))] == "a:b: c")
        #expect(head.headerFields.count == 6)
    }

    @Test func interimHeadsAreSkipped() async throws {
        let (answer, _) = try await outcome { connection async throws in
            try await connection.send(
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + "HTTP/1.1 100 Continue\r\n\r\n"
                    + "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
            )
        }
        #expect(answer?.head.status == 201)
        #expect(answer?.head.headerFields.count == 1)
        #expect(answer?.text == "ok")
    }

    @Test func trailersAreNotTakenForHeadFields() async throws {
        let (answer, _) = try await outcome { connection async throws in
            try await connection.send(
                Self.ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
            )
        }
        #expect(answer?.head.headerFields.count == 1)
        #expect(answer?.text == "ok")
    }

    @Test func redirectIsNotFollowed() async throws {
        let (answer, _) = try await outcome { connection async throws in
            try await connection.send(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
            )
        }
        #expect(answer?.head.status == 302)
    }
}
