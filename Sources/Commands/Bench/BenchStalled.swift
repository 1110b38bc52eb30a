import ArgumentParser
import EventLoop
import HTTPTypes
import MockUpstream
import Outbound

/// `inference-gateway bench-stalled`: what a gateway holds for clients that have stopped reading, while their upstreams
/// would send without end.
struct BenchStalled: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-stalled",
        abstract: "Measure the memory that clients who do not read cost, on upstreams that never end.",
        discussion: "Mock upstream, gateway and clients on this machine, the gateway as a process of its own.",
        shouldDisplay: false)

    @Option(help: "Clients that do not read.")
    var clients = 1_000
    @Option(help: "STREAM_BUFFER_BYTES of the gateway.")
    var buffer = "1m"
    @Option(help: "Path of the gateway's log.")
    var log = "/tmp/bench-stalled.log"

    func validate() throws {
        guard (1...5_000).contains(clients) else { throw ValidationError("an option is out of range") }
    }

    func run() async throws {
        ClientLoop.prepareProcess()
        DescriptorLimit.raise()
        let mock = try await MockServer.start()
        let environment = [
            "UPSTREAM_BASE_URL": mock.baseURL, "PORT": "0", "STREAM_BUFFER_BYTES": buffer, "WRITE_TIMEOUT": "3600",
            "PROMPT_SUMMARY": "off",
        ]
        try await ClientLoop.run { multi in
            let gateway = try await GatewayProcess.start(environment, log: log, on: multi.reactor)
            defer { gateway.kill() }
            try await measure(gateway, mock, on: multi)
        }
        await mock.stop()
    }

    private func measure(_ gateway: GatewayProcess, _ mock: MockServer, on multi: MultiHandle) async throws {
        let before = gateway.residentKiB
        var transfers: [Transfer] = []
        defer { for transfer in transfers { transfer.close() } }
        let body = Array(
            #"{"model":"mock-endless:bytes=1000","stream":true,"messages":[{"role":"user","content":"Why?"}]}"#.utf8)
        for _ in 0..<clients {
            let request = UpstreamRequest(
                method: .post, url: "http://127.0.0.1:\(gateway.port)/v1/chat/completions",
                headerFields: [.contentType: "application/json"], body: RequestBody(body))
            let transfer = try Transfer(request, on: multi)
            _ = try await transfer.responseHead()
            transfers.append(transfer)
        }
        try await standstill(mock, on: multi.reactor)
        let after = gateway.residentKiB
        let used = gateway.processorMilliseconds
        try await multi.reactor.sleep(for: .seconds(5))
        let idle = gateway.processorMilliseconds - used
        print(
            "\(clients) clients that do not read, STREAM_BUFFER_BYTES=\(buffer): "
                + "\(before) KiB before, \(after) KiB after, \((after - before) / clients) KiB each; "
                + "\(idle) ms of processor time in 5 s")
    }

    /// Returns when the upstreams have sent nothing for three seconds.
    private func standstill(_ mock: MockServer, on reactor: Reactor) async throws {
        var last = -1
        while mock.recorder.sentBytes != last {
            last = mock.recorder.sentBytes
            try await reactor.sleep(for: .seconds(3))
        }
    }
}
