import Foundation
import MockUpstream
import TestSupport
import Testing

extension ProcessTests {
    @Suite("serve", .serialized)
    struct ServeTests {
        private static func request(_ model: String, message: String = "Why?") -> String {
            RawRequest.post(
                #"{"model":"\#(model)","stream":true,"messages":[{"role":"user","content":"\#(message)"}]}"#)
        }

        /// The answer's text in what a client of HTTP/1.0 got, which is no chunks; nil when its last event does not tell
        /// that it is whole. How many deltas it came in is up to the machine.
        private static func wholeAnswer(_ response: String) throws -> String? {
            let body = response.split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
            let events = try ClientEvent.decode(Array(body.utf8))
            let isWhole = events.last?.data["status"] as? String == "completed"
            return isWhole && events.first("error") == nil ? events.answer : nil
        }

        /// One completion with a connection of its own.
        private static func complete(port: UInt16, message: String = "Why?") throws -> Bool {
            let connection = try RawConnection(port: port)
            try connection.send(request("mock-tags", message: message))
            return try connection.receive(until: "event: output.done").contains("event: output.done")
        }

        private static func withUpstream(_ body: (MockServer) throws -> Void) async throws {
            let mock = try await MockServer.start()
            let result = Result { try body(mock) }
            await mock.stop()
            try result.get()
        }

        @Test("tells of every wrong setting on a line, shows no secret, and exits with 78")
        func wrongSettings() throws {
            let settings = [
                "PORT": "99999", "LOG_LEVEL": "loud", "UPSTREAM_API_KEY": "sk-\u{1}secret", "DRAIN_TIMEOUT": "soon",
                "UPSTREAM_BASE_URL": "ftp://h",
            ]
            let (output, diagnostics, status) = try ChildProcess(["serve"], settings).end()
            #expect(status == 78)
            #expect(output.isEmpty)
            let lines = diagnostics.split(separator: "\n")
            #expect(lines.count == settings.count)
            for name in settings.keys {
                #expect(lines.count { $0.hasPrefix("error: \(name): ") } == 1, "\(name)")
            }
            #expect(!diagnostics.contains("sk-"))
        }

        @Test("shows its keys neither in its log nor in its command line")
        func keys() async throws {
            try await Self.withUpstream { mock in
                let keys = ["GATEWAY_API_KEYS": "hush-1,hush-2", "UPSTREAM_API_KEY": "hush-3", "LOG_LEVEL": "trace"]
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL, keys)
                for (key, status) in [("hush-1", 200), ("hush-4", 401), ("hush-2", 200)] {
                    let connection = try RawConnection(port: port)
                    let body = #"{"model":"mock-tags","messages":[{"role":"user","content":"x"}]}"#
                    let fields = "Authorization: Bearer \(key)\r\nConnection: close\r\n"
                    try connection.send(RawRequest.post(body, fields))
                    let answer = try connection.receiveToEnd()
                    #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && !answer.contains("hush"))
                }
                #expect(try !gateway.commandLine().contains("hush"))
                gateway.terminate()
                let (output, diagnostics, status) = try gateway.end()
                #expect(status == 0 && output.contains("completion") && !(output + diagnostics).contains("hush"))
            }
        }

        @Test("spends no more than a millisecond of CPU time on a completion that it refuses")
        func refusals() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(
                    upstream: mock.baseURL, ["MAX_CONCURRENT_REQUESTS": "1", "WORKERS": "1"])
                let stream = try RawConnection(port: port)
                try stream.send(Self.request("mock-hang"))
                _ = try stream.receive(until: "event: summary.prompt")
                let connection = try RawConnection(port: port)
                func refused(_ count: Int) throws {
                    for _ in 0..<count {
                        try connection.send(Self.request("mock-tags"))
                        #expect(try connection.receive(until: "in progress.\"}").hasPrefix("HTTP/1.1 429 "))
                    }
                }
                try refused(50)
                let before = try gateway.processorTime()
                try refused(1_000)
                let spent = try gateway.processorTime() - before
                #expect(spent < .seconds(1), "\(spent)")
            }
        }

        @Test("does not turn in circles over a chunk's size line without an end")
        func endlessChunkLine() async throws {
            let (gateway, port) = try ChildProcess.gateway(
                upstream: "http://127.0.0.1:1", ["WRITE_TIMEOUT": "2", "WORKERS": "1"])
            let connection = try RawConnection(port: port)
            try connection.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3;")
            try connection.send(String(repeating: "a", count: 40_000))
            let before = try gateway.processorTime()
            #expect(try connection.receiveToEnd().isEmpty)
            #expect(try gateway.processorTime() - before < .seconds(1))
            // The loop serves others.
            let next = try RawConnection(port: port)
            try next.send(RawRequest.get("/healthz"))
            #expect(try next.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
        }

        @Test("with a certificate that is none exits with 78")
        func unusableCredentials() throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).pem")
            defer { try? FileManager.default.removeItem(at: file) }
            try "no certificate".write(to: file, atomically: true, encoding: .utf8)
            let settings = ["PORT": "0", "TLS_CERT_FILE": file.path, "TLS_KEY_FILE": file.path]
            let (_, diagnostics, status) = try ChildProcess(["serve"], settings).end()
            #expect(status == 78)
            #expect(
                diagnostics
                    == "error: the TLS certificate and its private key cannot be used together, or at all\n")
        }

        @Test("with an ENV_FILE that is not there exits with 78")
        func noEnvironmentFile() throws {
            let (_, diagnostics, status) = try ChildProcess(["serve"], ["ENV_FILE": "nowhere"]).end()
            #expect(status == 78 && diagnostics == "error: ENV_FILE: \"nowhere\" cannot be read\n")
        }

        @Test("on a port that is taken exits with 78", arguments: ["serve", "mock-upstream"])
        func portTaken(command: String) async throws {
            try await Self.withUpstream { mock in
                let settings = ["PORT": "\(mock.port)", "MOCK_PORT": "\(mock.port)"]
                let (_, diagnostics, status) = try ChildProcess([command], settings).end()
                #expect(status == 78)
                #expect(
                    diagnostics == "error: cannot listen on 127.0.0.1 port \(mock.port): Address already in use\n")
            }
        }

        @Test("logs JSON, names the port that PORT=0 gave it, and drains at SIGTERM under an open stream")
        func drain() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL)
                let stream = try RawConnection(port: port)
                try stream.send(Self.request("mock-slow:deltas=20,interval=50").replacing("HTTP/1.1", with: "HTTP/1.0"))
                let begin = try stream.receive(until: "event: output.delta")
                // One that sends nothing holds nobody up.
                let idle = try RawConnection(port: port)
                gateway.terminate()
                let text = begin + (try stream.receiveToEnd())
                #expect(try Self.wholeAnswer(text) == String(repeating: "xxxx", count: 20))
                let (output, diagnostics, status) = try gateway.end()
                #expect(status == 0 && diagnostics.isEmpty)
                let lines = try output.split(separator: "\n").map { try LogObject(String($0)) }
                #expect(lines.compactMap { $0["message"] as? String } == ["draining", "completion", "drained"])
                #expect(lines.allSatisfy { $0["timestamp"] is String && $0["level"] as? String == "info" })
                #expect(lines[1]["outcome"] as? String == "completed" && lines[1]["status"] as? Int == 200)
                #expect(try idle.receive().isEmpty)
            }
        }

        @Test("loses none of a hundred streams that end within DRAIN_TIMEOUT when SIGTERM comes")
        func drainUnderLoad() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL, ["DRAIN_TIMEOUT": "600"])
                // It is read only when all streams have ended.
                gateway.output.resize(to: 1 << 20)
                let streams = try (0..<100).map { _ in
                    let stream = try RawConnection(port: port)
                    let request = Self.request("mock-slow:deltas=40,interval=50")
                    try stream.send(request.replacing("HTTP/1.1", with: "HTTP/1.0"))
                    return stream
                }
                let beginnings = try streams.map { try $0.receive(until: "event: output.delta") }
                gateway.terminate()
                for (stream, beginning) in zip(streams, beginnings) {
                    let text = beginning + (try stream.receiveToEnd())
                    #expect(try Self.wholeAnswer(text) == String(repeating: "xxxx", count: 40))
                }
                let (output, diagnostics, status) = try gateway.end()
                #expect(status == 0 && diagnostics.isEmpty)
                #expect(output.split(separator: "\n").count { $0.contains(#""outcome":"completed""#) } == 100)
            }
        }

        @Test("ends open streams in due form at DRAIN_TIMEOUT, and exits with 0")
        func drainTimeout() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL, ["DRAIN_TIMEOUT": "0.1"])
                let stream = try RawConnection(port: port)
                try stream.send(Self.request("mock-endless:interval=5"))
                _ = try stream.receive(until: "event: output.delta")
                gateway.terminate()
                let text = try stream.receiveToEnd()
                #expect(text.contains(#""code":"shutting_down""#) && text.contains(#""status":"incomplete""#))
                #expect(try gateway.end().status == 0)
            }
        }

        @Test("ends open streams in due form at a second SIGTERM, and exits with 0")
        func secondSignal() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL, ["DRAIN_TIMEOUT": "3600"])
                let stream = try RawConnection(port: port)
                try stream.send(Self.request("mock-endless:interval=5"))
                _ = try stream.receive(until: "event: output.delta")
                gateway.terminate()
                #expect(try LogObject(try gateway.output.line())["message"] as? String == "draining")
                _ = try stream.receive(until: "event: output.delta")
                gateway.terminate()
                let text = try stream.receiveToEnd()
                #expect(text.contains(#""code":"shutting_down""#) && text.contains(#""status":"incomplete""#))
                #expect(try gateway.end().status == 0)
            }
        }

        @Test("reads .env in its working directory, above which the environment stands")
        func environmentFile() async throws {
            try await Self.withUpstream { mock in
                let file = """
                    # A comment.
                    export UPSTREAM_BASE_URL="\(mock.baseURL)"
                    PORT=99999
                    ALLOW_MODELS='mock-tags'
                    UPSTREAM_TYPO=1
                    """
                let gateway = try ChildProcess(["serve"], ["PORT": "0"], environmentFile: file)
                let warning = try LogObject(try gateway.output.line())
                #expect((warning["message"] as? String)?.hasPrefix("unknown variable UPSTREAM_TYPO") == true)
                let port = try gateway.readyPort()
                #expect(try Self.complete(port: port))
                let refused = try RawConnection(port: port)
                try refused.send(Self.request("other"))
                #expect(try refused.receive(until: "}").contains("Model not allowed"))
                gateway.terminate()
                #expect(try gateway.end().status == 0)
            }
        }

        @Test("goes on when nobody reads its log any more")
        func closedOutput() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL)
                gateway.output.close()
                for _ in 0..<5 { #expect(try Self.complete(port: port)) }
                gateway.terminate()
                let (diagnostics, status) = try gateway.endUnheard()
                #expect(status == 0 && diagnostics.isEmpty)
            }
        }

        @Test("has no socket where its standard descriptors would be, when it is started without them")
        func startedClosed() async throws {
            let free = try await MockServer.start()
            await free.stop()
            try await Self.withUpstream { mock in
                let gateway = try ChildProcess(
                    ["serve"], ["PORT": "\(free.port)", "UPSTREAM_BASE_URL": mock.baseURL], startsClosed: true)
                let deadline = ContinuousClock.now.advanced(by: .seconds(30))
                while (try? Self.complete(port: free.port)) != true { try #require(ContinuousClock.now < deadline) }
                for descriptor in 0...2 { #expect(try gateway.target(of: descriptor) == "/dev/null") }
                for _ in 0..<5 { #expect(try Self.complete(port: free.port)) }
                gateway.terminate()
                #expect(try gateway.end().status == 0)
            }
        }

        @Test("goes on while its log is stuck, and ends all the same")
        func stuckOutput() async throws {
            try await Self.withUpstream { mock in
                let (gateway, port) = try ChildProcess.gateway(upstream: mock.baseURL, ["LOG_CONTENT": "true"])
                gateway.output.resize(to: 4_096)
                let message = String(repeating: "x", count: 1_000)
                for _ in 0..<10 { #expect(try Self.complete(port: port, message: message)) }
                gateway.terminate()
                let (diagnostics, status) = try gateway.endUnheard()
                #expect(status == 0 && diagnostics.isEmpty)
                // What had fitted is whole lines up to the last.
                let lines = try gateway.output.rest().split(separator: "\n")
                #expect(lines.first.map { (try? LogObject(String($0)))?["message"] as? String } == "completion")
                #expect(lines.count < 10)
            }
        }
    }
}
