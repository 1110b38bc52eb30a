import Foundation
import Gateway
import HTTPTypes
import Inbound
import Logging
import MockUpstream
import TestSupport
import Testing

@Suite("Stopping at once")
struct StopTests {
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
