import EventLoop
import Foundation
import Gateway
import MockUpstream
import Outbound
import TestSupport
import Testing

@Suite("A client that goes away")
struct DisconnectTests {
    enum Way: CaseIterable { case close, reset, halfClose }

    @Test("cancels all calls of its request", arguments: Way.allCases)
    func cancels(way: Way) async throws {
        try await Harness.run { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(
                RawRequest.post(
                    Harness.body(model: "mock-endless:interval=5", #","summary_model":"mock-summary-hang""#)))
            await harness.mock.recorder.waitForOpenRequests(3)
            switch way {
            case .close: connection.close()
            case .reset: connection.reset()
            case .halfClose: connection.halfClose()
            }
            await harness.mock.recorder.waitForOpenRequests(0)
            #expect(harness.mock.recorder.disconnects == 3)
        }
    }

    @Test("before its request is read makes no call")
    func early() async throws {
        try await Harness.run { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.post(Harness.body(model: "mock-endless")))
            connection.halfClose()
            _ = try connection.receiveToEnd()
            await harness.mock.recorder.waitForOpenRequests(0)
        }
    }

    @Test("only by half, after a request that is no stream, is answered")
    func halfClosedGet() async throws {
        try await Harness.run { harness in
            let older = try harness.connect()
            defer { older.close() }
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.get("/upstream-health"))
            connection.halfClose()
            #expect(try connection.receiveToEnd().contains(#"{"status":"ok","upstream":true,"members":["#))
        }
    }

    @Test("during a backoff ends it")
    func duringBackoff() async throws {
        try await Harness.run(["UPSTREAM_RETRY_BACKOFF": "30", "PROMPT_SUMMARY": "off"]) { harness in
            let connection = try RawConnection(port: harness.gateway.port)
            try connection.send(RawRequest.post(Harness.body(model: "mock-refuse:status=503")))
            await harness.mock.recorder.waitForRequests(atLeast: 1)
            await harness.mock.recorder.waitForOpenRequests(0)
            connection.close()
            try await eventually { harness.gateway.openCompletions == 0 }
            #expect(harness.completionRequests.count == 1)
        }
    }

    @Test("one thousand at once, in mid-stream, leaves nothing open")
    func thousand() async throws {
        try await Harness.run { harness in
            let connections = try (0..<1000).map { _ in
                let connection = try RawConnection(port: harness.gateway.port)
                try connection.send(
                    RawRequest.post(Harness.body(model: "mock-endless:interval=50", #","prompt_summary":false"#)))
                return connection
            }
            await harness.mock.recorder.waitForOpenStreams(1000)
            for connection in connections { connection.close() }
            await harness.mock.recorder.waitForOpenRequests(0)
            try await eventually { harness.gateway.openCompletions == 0 }
        }
    }
}

@Suite("A client that reads slowly")
struct BackPressureTests {
    @Test("pauses its upstream, and is ended when it takes nothing for too long")
    func pauses() async throws {
        try await Harness.run(["STREAM_BUFFER_BYTES": "64k", "WRITE_TIMEOUT": "1", "PROMPT_SUMMARY": "off"]) {
            harness in
            let connection = try RawConnection(port: harness.gateway.port)
            connection.shrinkReceiveBuffer()
            try connection.send(
                RawRequest.post(
                    Harness.body(model: "mock-endless:bytes=1000", #","summary_model":"s","reasoning_summary":"off""#)))
            await harness.mock.recorder.waitForRequests(atLeast: 1)
            // The upstream could send without end; what it has sent is bounded by the buffers on the way.
            await harness.mock.recorder.waitForOpenRequests(0)
            #expect(harness.mock.recorder.disconnects == 1)
            #expect(harness.mock.recorder.sentBytes < 64 << 20)
        }
    }

    @Test("loses nothing")
    func losesNothing() async throws {
        try await Harness.run(["STREAM_BUFFER_BYTES": "16k"]) { harness in
            let request = harness.request(Harness.body(model: "mock-slow:deltas=2000,interval=0,bytes=4000"))
            let recorder = harness.mock.recorder
            let bytes = try await harness.client.run { multi in
                let transfer = try Transfer(request, on: multi)
                defer { transfer.close() }
                // More than the gateway may hold is on its way before the first byte is read.
                await recorder.waitForSentBytes(atLeast: 4 << 20)
                return try await transfer.readAll(limit: 1 << 30)
            }
            let events = try ClientEvent.decode(bytes)
            #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
            #expect(events.answer.utf8.count == 4000 * 2_000)
        }
    }
}

@Suite("Many streams")
struct ManyStreamsTests {
    @Test("one thousand at once: all complete, in order, each with its own answer")
    func thousand() async throws {
        // On a slow machine a thousand take their time: no limit of time is what is tested here.
        let patient = ["SUMMARY_TIMEOUT": "600", "CONNECT_TIMEOUT": "600", "REQUEST_TIMEOUT": "600"]
        try await Harness.run(
            patient,
            script: { request in
                guard request.isStreamed else { return nil }
                let text = request.lastUserText
                return MockScript([
                    .event(MockPayload.content("<analysis>\(text) thought</analysis><final>")),
                    .event(MockPayload.content("answer ")), .pause(.milliseconds(20)),
                    .event(MockPayload.content("to ")),
                    .event(MockPayload.content(text)), .event(MockPayload.content("</final>")),
                    .event(MockPayload.finish()), .event(MockPayload.done),
                ])
            }
        ) { harness in
            try await withThrowingTaskGroup(of: (Int, [ClientEvent]).self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let answer = try await harness.post(Harness.body(model: "m", message: "question \(number)"))
                        return (number, try ClientEvent.decode(answer.body))
                    }
                }
                for try await (number, events) in group {
                    #expect(events.outline == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
                    #expect(events.answer == "answer to question \(number)")
                    #expect(events[0].text == "Summary: user: question \(number)")
                    #expect(events[1].text == "Summary: question \(number) thought")
                }
            }
        }
    }
}
