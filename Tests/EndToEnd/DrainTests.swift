import Foundation
import Gateway
import HTTPTypes
import Inbound
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("A gateway that shuts down", .timeLimit(.minutes(5)))
struct DrainTests {
    @Test("refuses what is new and lets the open stream end as it would")
    func drain() async throws {
        // On a machine that is busy a connection may be idle for long.
        try await Harness.run(["HEADER_TIMEOUT": "300"]) { harness in
            #expect(try await harness.get("/readyz").status == 200)
            let kept = try harness.connect()
            try kept.send(RawRequest.get("/readyz"))
            #expect(try RawResponse(from: kept).fields["connection"] != "close")

            async let stream = harness.post(Harness.body(model: "mock-slow:deltas=20,interval=50"))
            await harness.mock.recorder.waitForOpenStreams(1)
            async let drained: Void = harness.gateway.drain()
            try await eventually { !harness.logs.named("draining").isEmpty }

            let readiness = try await harness.get("/readyz")
            #expect(readiness.status == 503 && readiness.text == #"{"status":"draining"}"#)
            #expect(try await harness.get("/healthz").status == 200)
            let refused = try await harness.post(
                Harness.body(model: "mock-tags"), headerFields: [.init("x-request-id")!: "my-id"])
            #expect(refused.status == 503)
            #expect(refused.headerFields[.retryAfter] == "1")
            #expect(refused.headerFields[.init("x-request-id")!] == "my-id")
            #expect(try ErrorEnvelope(refused.text).code == "draining")

            let events = try ClientEvent.decode(try await stream.body)
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.answer == String(repeating: "xxxx", count: 20))
            #expect(events.last?.data["status"] as? String == "completed")
            await drained
            #expect(harness.logs.named("drain timeout, ending open streams").isEmpty)
            #expect(harness.completionRequests.count == 1)

            try kept.send(RawRequest.get("/healthz"))
            let last = try RawResponse(from: kept)
            #expect(last.status == 200 && last.fields["connection"]?.lowercased() == "close")
            #expect(try kept.receive().isEmpty)

            let late = try harness.connect()
            try late.send(RawRequest.post(Harness.body(model: "mock-tags")))
            let end = try RawResponse(from: late)
            #expect(end.status == 503 && end.fields["connection"]?.lowercased() == "close")
            #expect(try late.receive().isEmpty)
        }
    }

    @Test("refuses a request whose body comes after the drain has begun")
    func lateBody() async throws {
        try await Harness.run { harness in
            let late = try harness.connect()
            let body = Harness.body(model: "mock-tags")
            let request = RawRequest.post(body, "Expect: 100-continue\r\n")
            try late.send(String(request.dropLast(body.count)))
            // The head has been taken.
            _ = try late.receive(until: "100 Continue\r\n\r\n")
            async let drained: Void = harness.gateway.drain()
            try await eventually { !harness.logs.named("draining").isEmpty }
            try late.send(body)
            let refused = try RawResponse(from: late)
            #expect(refused.status == 503 && refused.fields["connection"]?.lowercased() == "close")
            #expect(try ErrorEnvelope(refused.body).code == "draining")
            await drained
            #expect(harness.mock.recorder.requests.isEmpty)
        }
    }

    @Test(
        "ends what is still open at DRAIN_TIMEOUT, in due form",
        arguments: [
            ("mock-endless:interval=5", ""), ("mock-hang", ""), ("mock-silent", ""),
            ("mock-endless:interval=5", #","summary_model":"mock-summary-hang""#),
        ])
    func timeout(model: String, members: String) async throws {
        try await Harness.run(["DRAIN_TIMEOUT": "0.2"]) { harness in
            async let stream = harness.post(Harness.body(model: model, members))
            await harness.mock.recorder.waitForRequests(atLeast: 2)
            await harness.gateway.drain()
            let events = try ClientEvent.decode(try await stream.body)
            #expect(events.names.suffix(2) == ["error", "output.done"])
            let error = try #require(events.dropLast().last)
            #expect(error.data["code"] as? String == "shutting_down" && error.data["fatal"] as? Bool == true)
            #expect(error.data["stage"] as? String == "upstream_stream")
            #expect(events.last?.data["status"] as? String == "incomplete")
            for name in ["summary.prompt", "summary.reasoning", "output.done"] {
                #expect(events.count { $0.name == name } == 1)
            }
            await harness.mock.recorder.waitForOpenRequests(0)
            try await eventually { harness.openCompletions == 0 }
            #expect(harness.logs.named("drained").first?.metadata["open"]?.description == "0")
        }
    }

    @Test("is cut short when its task is cancelled", arguments: [false, true])
    func cutShort(beforehand: Bool) async throws {
        try await Harness.run(["DRAIN_TIMEOUT": "600"]) { harness in
            async let stream = harness.post(Harness.body(model: "mock-endless:interval=5"))
            await harness.mock.recorder.waitForOpenStreams(1)
            let drained = Task { await harness.gateway.drain() }
            if !beforehand { try await eventually { !harness.logs.named("draining").isEmpty } }
            drained.cancel()
            await drained.value
            let events = try ClientEvent.decode(try await stream.body)
            #expect(events.names.suffix(2) == ["error", "output.done"])
            #expect(events.dropLast().last?.data["code"] as? String == "shutting_down")
            #expect(harness.logs.named("drain cut short, ending open streams").count == 1)
        }
    }

    @Test("goes on accepting for DRAIN_DELAY, but says that it is not ready")
    func delay() async throws {
        try await Harness.run(["DRAIN_DELAY": "600"]) { harness in
            let drained = Task { await harness.gateway.drain() }
            try await eventually { try await harness.get("/readyz").status == 503 }
            let answer = try await harness.post(Harness.body(model: "mock-tags"))
            #expect(answer.status == 200)
            #expect(try ClientEvent.decode(answer.body).last?.data["status"] as? String == "completed")
            #expect(harness.logs.named("draining").isEmpty)
            // Cancelling stands in for the delay's end.
            drained.cancel()
            await drained.value
            #expect(try await harness.post(Harness.body(model: "mock-tags")).status == 503)
        }
    }

    @Test("frees its port; until then another one on it is refused", arguments: ["1", "3"])
    func port(workers: String) async throws {
        let port = try await Harness.run { harness in
            let configuration = try GatewayConfiguration(
                environment: ["PORT": "\(harness.gateway.port)", "WORKERS": workers])
            await #expect(throws: ListenError.self) {
                try await GatewayInstance.start(configuration: configuration, logger: harness.logs.logger)
            }
            #expect(try await harness.get("/healthz").status == 200)
            return harness.gateway.port
        }
        let configuration = try GatewayConfiguration(environment: ["PORT": "\(port)", "WORKERS": workers])
        let next = try await GatewayInstance.start(configuration: configuration, logger: CapturedLogs().logger)
        #expect(next.port == port)
        await next.stop()
    }
}
