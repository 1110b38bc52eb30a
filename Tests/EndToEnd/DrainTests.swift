import Foundation
import Gateway
import HTTPTypes
import Inbound
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("Starting and stopping")
struct DrainTests {
    @Test("a drain lets open streams finish and refuses new ones")
    func drains() async throws {
        let (hold, release) = AsyncStream.makeStream(of: Void.self)
        let script = MockScript([
            .event(MockPayload.content("<final>x")), .await { for await _ in hold {} },
            .event(MockPayload.content("y")), .event(MockPayload.finish()), .event(MockPayload.done),
        ])
        try await Harness.run(script: { $0.model == "held" && $0.isStreamed ? script : nil }) { harness in
            #expect(try await harness.get("/readyz").status == 200)
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.post(Harness.body(model: "held")))
            await harness.mock.recorder.waitForOpenStreams(1)
            async let drained: Void = harness.gateway.drain()
            while try await harness.get("/readyz").status == 200 {}
            let refused = try await harness.post(Harness.body(model: "mock-tags"))
            #expect(refused.status == 503 && refused.text.contains("\"code\":\"draining\""))
            #expect(try await harness.get("/healthz").headerFields[.connection]?.lowercased() == "close")
            release.finish()
            let text = try connection.receiveToEnd()
            #expect(text.contains("\"status\":\"completed\""))
            await drained
        }
    }

    @Test("what does not finish in time ends with an error, and a terminal event")
    func timesOut() async throws {
        try await Harness.run(["DRAIN_TIMEOUT": "0.2"]) { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.post(Harness.body(model: "mock-endless:interval=20")))
            _ = try connection.receive(until: "event: output.delta")
            await harness.gateway.drain()
            let text = try connection.receiveToEnd()
            #expect(text.contains("\"code\":\"shutting_down\""))
            #expect(text.contains("event: output.done\ndata: ") && text.contains("\"status\":\"incomplete\""))
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("a delay goes on accepting while /readyz says no")
    func delay() async throws {
        try await Harness.run(["DRAIN_DELAY": "1"]) { harness in
            async let drained: Void = harness.gateway.drain()
            while try await harness.get("/readyz").status == 200 {}
            #expect(try await harness.events(model: "mock-tags").answer == CompletionTests.answer)
            await drained
            #expect(try await harness.post(Harness.body(model: "mock-tags")).status == 503)
        }
    }

    @Test("a stop with suspended connections, and while requests arrive, is clean")
    func stopUnderLoad() async throws {
        try await Harness.run { harness in
            let connections = try (0..<100).map { number in
                let connection = try RawConnection(port: harness.gateway.port)
                try connection.send(
                    RawRequest.post(Harness.body(model: number % 2 == 0 ? "mock-hang" : "mock-endless:interval=1")))
                return connection
            }
            await harness.mock.recorder.waitForRequests(atLeast: 100)
            await harness.gateway.stop()
            await harness.mock.recorder.waitForOpenRequests(0)
            _ = connections
        }
    }

    @Test("a port that another instance holds is refused")
    func portTaken() async throws {
        try await Harness.run { harness in
            let configuration = try GatewayConfiguration(environment: ["PORT": "\(harness.gateway.port)"])
            await #expect(throws: ListenError.self) {
                _ = try await GatewayInstance.start(configuration: configuration, logger: harness.logs.logger)
            }
        }
    }
}
