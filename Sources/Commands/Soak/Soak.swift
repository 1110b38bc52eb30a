import ArgumentParser
import EventLoop
import Glibc
import MockUpstream
import Outbound

/// `inference-gateway soak`: mixed traffic for a long time, with faults, clients that leave and gateways that drain, through
/// gateways that are processes of their own.
struct Soak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Put gateways under mixed traffic for minutes, and look for what is lost or grows.",
        discussion: """
            Most requests go to one gateway, whose memory and descriptors are watched; a fifth of them to another one, which is \
            told to drain every minute and started again.

            EXIT STATUS
              0  nothing was lost, nothing has grown, nothing was left open
              1  something was
            """,
        shouldDisplay: false)

    @Option(help: "Minutes of traffic.")
    var minutes = 30.0
    @Option(help: "Completions at the same time.")
    var streams = 200
    @Option(help: "Share of the clients that leave early.")
    var disconnects = 0.2
    @Option(help: "Share of the upstream's answers that go wrong.")
    var faults = 0.1
    @Option(help: "The first case's number.")
    var seed: UInt64 = 1
    @Option(help: "Directory for the gateways' logs.")
    var logs = "/tmp"

    func validate() throws {
        let shares = 0.0...1.0
        guard (0.05...10_000).contains(minutes), (1...5_000).contains(streams), shares.contains(disconnects),
            shares.contains(faults)
        else { throw ValidationError("an option is out of range") }
    }

    func run() async throws {
        ClientLoop.prepareProcess()
        DescriptorLimit.raise()
        let soak = SoakRun(
            streams: streams, length: .milliseconds(Int64(minutes * 60_000)),
            mix: SoakCase.Mix(faults: faults, disconnects: disconnects), seed: seed, logs: logs)
        let isGood = try await ClientLoop.run(
            settings: OutboundSettings(idleConnections: 64, userAgent: "soak")
        ) { multi in try await soak.run(on: multi) }
        if !isGood { throw ExitCode(1) }
    }
}
