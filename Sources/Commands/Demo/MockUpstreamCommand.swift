import ArgumentParser
import EventLoop
import Gateway
import Glibc
import Inbound
import MockUpstream
import UnixSignals

/// `inference-gateway mock-upstream`
struct MockUpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mock-upstream",
        abstract: "Serve a scriptable OpenAI-style upstream, for trying things out.",
        discussion: """
            The request's model, or its header X-Mock-Script, chooses the answer: mock-tags (the default), \
            mock-reasoning, mock-no-tags, mock-missing-final, mock-slow, mock-503, mock-cut, mock-end-early, \
            mock-error-event, mock-bad-chunk, mock-usage, mock-tools, mock-echo, mock-json, mock-garbage, mock-hang, \
            mock-silent, mock-endless, mock-refuse; with or without a stream mock-chat, mock-chat-reasoning, mock-chat-lines, mock-tool, \
            mock-tool-pair, mock-tool-reasoning, mock-tool-interleaved, mock-refusal, mock-logprobs, mock-length, \
            mock-content-filter, mock-terse; for summaries mock-summary-fail, -hang, -garbage and -empty. \
            Settings follow a colon: mock-slow:deltas=50,interval=20,bytes=64.
            """)

    @Option(help: "Port; 0 picks a free one. (default: MOCK_PORT, else 8001)")
    var port: UInt16?

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        DescriptorLimit.raise()
        let configured = ClientEnvironment.variable("MOCK_PORT").flatMap { UInt16($0) }
        let server: MockServer
        do {
            server = try await MockServer.start(host: host, port: port ?? configured ?? 8001)
        } catch let error as ListenError {
            try? StandardStream.write("error: \(error)\n", to: STDERR_FILENO)
            throw ExitCode(ConfigurationError.exitStatus)
        }
        try StandardStream.write("mock upstream on http://\(host):\(server.port)\n", to: STDOUT_FILENO)
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
        await server.stop()
    }
}
