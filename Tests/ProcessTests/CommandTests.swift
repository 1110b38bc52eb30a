import Foundation
import MockUpstream
import TestSupport
import Testing

extension ProcessTests {
    @Suite("The commands", .serialized)
    struct CommandTests {
        private static let transcript = """

            === 1) Summary of the prompt ===
            Summary: user: Why is the sky blue?

            === 2) Summary of the model's reasoning ===
            Summary: The user asks why the sky is blue. I should explain scattering briefly and name Rayleigh.

            === 3) The model's final output ===
            The sky is blue because air scatters short, blue wavelengths of sunlight much more than long, red ones. \
            This is Rayleigh scattering: the scattered blue light reaches our eyes from every direction.

            [done]

            """

        @Test("demo prints the three sections and nothing else")
        func demo() throws {
            let (output, _, status) = try ChildProcess(["demo"]).end()
            #expect(output == Self.transcript)
            #expect(status == 0)
        }

        @Test("mock-upstream, serve, chat and health work together, a process each")
        func together() throws {
            let mock = try ChildProcess(["mock-upstream", "--port", "0"])
            let announced = try mock.output.line()
            let upstream = try #require(announced.wholeMatch(of: /mock upstream on (http:\/\/127\.0\.0\.1:\d+)/)).1
            let (gateway, port) = try ChildProcess.gateway(upstream: String(upstream))
            let root = "http://127.0.0.1:\(port)"

            let chat = try ChildProcess([
                "chat", "--url", root + "/v1/chat/completions", "--model", "mock-tags", "--message",
                "Why is the sky blue?",
            ]).end()
            #expect(chat.output == Self.transcript)
            #expect(chat.status == 0)

            let byVariable = try ChildProcess(
                ["chat", "--model", "mock-cut", "--message", "Why?"],
                ["GATEWAY_URL": root + "/v1/chat/completions"]
            ).end()
            #expect(byVariable.status == 1)
            #expect(byVariable.output.contains("[error] upstream_stream: "))

            let alive = try ChildProcess(["health"], ["PORT": "\(port)"]).end()
            #expect(alive.status == 0 && alive.output == "{\"status\":\"ok\",\"scope\":\"gateway\"}\n")
            let reached = try ChildProcess(["health", "--upstream", "--url", root]).end()
            #expect(reached.status == 0 && reached.output.hasPrefix("{\"status\":\"ok\",\"upstream\":true,"))

            mock.terminate()
            #expect(try mock.end().status == 0)
            let unreached = try ChildProcess(["health", "--upstream", "--url", root]).end()
            #expect(unreached.status == 1 && unreached.output.hasPrefix(#"{"status":"degraded","upstream":false"#))

            gateway.terminate()
            #expect(try gateway.end().status == 0)
            let dead = try ChildProcess(["health", "--url", root]).end()
            #expect(dead.status == 1 && dead.output.isEmpty && !dead.diagnostics.isEmpty)
        }

        @Test("env-example prints a file that serve takes as it is")
        func environmentExample() throws {
            let example = try ChildProcess(["env-example"]).end()
            #expect(example.status == 0 && example.output.contains("UPSTREAM_BASE_URL="))
            let gateway = try ChildProcess(["serve"], ["PORT": "0"], environmentFile: example.output)
            #expect(try gateway.readyPort() > 0)
            gateway.terminate()
            #expect(try gateway.end().status == 0)
        }

        @Test("an unknown one is an error of usage")
        func unknown() throws {
            let (output, diagnostics, status) = try ChildProcess(["sing"]).end()
            #expect(status == 64 && output.isEmpty && !diagnostics.isEmpty)
        }
    }
}
