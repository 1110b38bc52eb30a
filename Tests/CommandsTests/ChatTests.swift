import EventLoop
import Inbound
import TestSupport
import Testing

@testable import Commands

/// `chat` against a gateway on this machine.
@Suite("chat", .timeLimit(.minutes(5)))
struct ChatTests {
    private struct Run: Sendable {
        let status: ClientExit
        let output: String
        let diagnostics: String
        let seen: [SeenRequest]
    }

    private func chat(
        _ answer: ScriptedServer.Answer,
        options: ChatPlan.Options = ChatPlan.Options(message: "why?"),
        variables: [ClientEnvironment.Variable: String] = [:],
        recording: RecordingConsole = RecordingConsole(),
        console: Console? = nil
    ) async throws -> Run {
        try await ScriptedServer.run({ _ in answer }) { origin, seen in
            var options = options
            options.url = origin
            let environment = ClientEnvironment(variables)
            let plan = try ChatPlan(options, environment: environment)
            let status = try await Chat.perform(
                plan,
                console: console ?? recording.console(),
                environment: environment
            )
            return Run(
                status: status,
                output: recording.output,
                diagnostics: recording.diagnostics,
                seen: seen()
            )
        }
    }

    @Test("prints the transcript, and nothing else")
    func transcript() async throws {
        let run = try await chat(.events(CannedStream.whole))
        #expect(run.output == CannedStream.wholeTranscript)
        #expect(run.diagnostics == "")
        #expect(run.status == .complete)
    }

    @Test("sends the message, the key and the wanted format")
    func request() async throws {
        let options = ChatPlan.Options(model: "m", message: "why?", summaryModel: "s")
        let run = try await chat(.events(CannedStream.whole), options: options, variables: [.gatewayAPIKey: "key"])
        let body = #"{"model":"m","messages":[{"role":"user","content":"why?"}],"stream":true,"summary_model":"s"}"#
        #expect(
            run.seen == [
                SeenRequest(
                    method: "POST",
                    path: "/v1/chat/completions",
                    authorization: "Bearer key",
                    streamFormat: "unified",
                    body: body
                )
            ]
        )
    }

    @Test("prints each event before the next one comes")
    func asItComes() async throws {
        let recording = RecordingConsole()
        let run = try await chat(
            .stream { stream in
                stream.send(CannedStream.promptSummary)
                await recording.shows("=== 1) Summary of the prompt ===\nP\n")
                stream.send(CannedStream.reasoningSummary)
                await recording.shows("=== 2) Summary of the model's reasoning ===\n- R\n")
                stream.send(CannedStream.delta("Hi"))
                await recording.shows("=== 3) The model's final output ===\nHi")
                stream.send(CannedStream.delta(" there"))
                await recording.shows("Hi there")
                stream.send(CannedStream.completed)
                // Not even the stream's end is waited for.
                await recording.shows("[done]")
            },
            recording: recording
        )
        #expect(run.output == CannedStream.wholeTranscript)
        #expect(run.status == .complete)
    }

    @Test("does not wait for the stream's end after output.done")
    func openEnd() async throws {
        let run = try await chat(.open(CannedStream.whole))
        #expect(run.output == CannedStream.wholeTranscript)
        #expect(run.status == .complete)
    }

    @Test("reads a stream that comes byte by byte")
    func split() async throws {
        let run = try await chat(
            .stream { stream in
                for byte in CannedStream.whole.utf8 {
                    stream.write { $0.append(byte) }
                    await stream.drained(to: 0)
                }
            }
        )
        #expect(run.output == CannedStream.wholeTranscript)
    }

    struct Ending: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let events: String
        let status: ClientExit
        let output: String
        let diagnostics: [String]
    }

    static let summaries = CannedStream.promptSummary + CannedStream.noReasoning
    static let endingCases = [
        Ending(
            testDescription: "an incomplete answer",
            events: summaries + CannedStream.delta("half")
                + CannedStream.fault(
                    "upstream_stream",
                    "upstream cut off",
                    detail: "received 4 characters",
                    fatal: true
                )
                + CannedStream.incomplete,
            status: .incomplete,
            output: "half\n[error] upstream_stream: upstream cut off\n\n[done]\n",
            diagnostics: ["[detail] received 4 characters"]
        ),
        Ending(
            testDescription: "a summary that failed",
            events: CannedStream.fault("prompt_summary", "timed out", fatal: false) + summaries
                + CannedStream.delta("a") + CannedStream.completed,
            status: .complete,
            output: "a\n\n[done]\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "an unknown model",
            events: summaries + CannedStream.fault("upstream_stream", "upstream refused", detail: "404 not found")
                + CannedStream.incomplete,
            status: .incomplete,
            output: "[done]\n",
            diagnostics: ["[hint] the upstream does not know the model"]
        ),
        Ending(
            testDescription: "a stream without output.done",
            events: summaries + CannedStream.delta("half"),
            status: .incomplete,
            output: "half\n[error] client: the stream ended without output.done\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "a last event without its blank line",
            events: summaries + CannedStream.delta("a") + "event: output.done\ndata: {}",
            status: .complete,
            output: "a\n\n[done]\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "something behind the end",
            events: summaries + CannedStream.delta("a") + CannedStream.completed + "event: output.delta\ndata: oops",
            status: .complete,
            output: "a\n\n[done]\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "an event cut off in its data",
            events: summaries + CannedStream.delta("a") + "event: output.done\ndata: {\"status\":",
            status: .incomplete,
            output: "output.done: an event that is not as agreed, at byte 10: unexpected end\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "data that is not JSON",
            events: summaries + CannedStream.event("output.delta", "oops") + CannedStream.completed,
            status: .incomplete,
            output: "output.done: an event that is not as agreed, at byte 0: expected a value\n",
            diagnostics: []
        ),
        Ending(
            testDescription: "a server that is no gateway",
            events: "data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
            status: .incomplete,
            output: "[error] client: the stream ended without output.done\n",
            diagnostics: ["sent no event of this gateway"]
        ),
        Ending(
            testDescription: "no event at all",
            events: "",
            status: .incomplete,
            output: "[error] client: the stream ended without output.done\n",
            diagnostics: ["sent no event of this gateway"]
        ),
    ]

    @Test("ends by what came", arguments: endingCases)
    func endings(_ ending: Ending) async throws {
        let run = try await chat(.events(ending.events))
        #expect(run.status == ending.status)
        #expect(run.output.hasSuffix(ending.output), "\(run.output)")
        for words in ending.diagnostics { #expect(run.diagnostics.contains(words), "\(run.diagnostics)") }
        if ending.diagnostics.isEmpty { #expect(run.diagnostics == "") }
    }

    static let refusals: [(Int, String, [String])] = [
        (401, #"{"error":{"message":"Bad key","code":"invalid_api_key"}}"#, ["HTTP 401: Bad key", "GATEWAY_API_KEY"]),
        (400, #"{"error":{"message":"x","code":"model_not_allowed"}}"#, ["HTTP 400: x", "ALLOW_MODELS"]),
        (404, "", ["HTTP 404", "/v1/chat/completions"]),
        (503, #"{"detail":"draining"}"#, ["HTTP 503: draining", "try again"]),
    ]

    @Test("tells of a refusal on standard error", arguments: refusals)
    func refused(_ status: Int, _ body: String, _ words: [String]) async throws {
        let run = try await chat(.whole(status, body))
        #expect(run.status == .refused)
        #expect(run.output == "")
        for words in words { #expect(run.diagnostics.contains(words), "\(run.diagnostics)") }
    }

    @Test("tells how to start a gateway that is not there")
    func unreachable() async throws {
        let port = try SilentPort()
        defer { withExtendedLifetime(port) {} }
        let closed = port.origin
        let recording = RecordingConsole()
        let environment = ClientEnvironment()
        let plan = try ChatPlan(ChatPlan.Options(url: closed), environment: environment)
        let status = try await Chat.perform(plan, console: recording.console(), environment: environment)
        #expect(status == .unreachable)
        #expect(recording.output == "")
        #expect(recording.diagnostics.contains("[hint] start the gateway with `make run-gateway`"))
    }

    @Test("prints lines of JSON for a program")
    func jsonLines() async throws {
        let options = ChatPlan.Options(message: "why?", isJSON: true)
        let events = CannedStream.event("future", "{}") + CannedStream.delta("a") + CannedStream.completed
        let run = try await chat(.events(events), options: options)
        #expect(
            run.output == """
                {"event":"future","data":{}}
                {"event":"output.delta","data":{"text":"a","request_id":"r1"}}
                {"event":"output.done","data":{"request_id":"r1","status":"completed"}}

                """
        )
        #expect(run.status == .complete)
    }

    @Test("keeps standard output to JSON when the stream breaks off")
    func jsonBroken() async throws {
        let run = try await chat(.events(""), options: ChatPlan.Options(isJSON: true))
        #expect(run.output == "")
        #expect(run.diagnostics.contains("[error] client: the stream ended without output.done"))
        #expect(run.status == .incomplete)
    }

    @Test("shows events and timings with --debug, never the key")
    func debug() async throws {
        let options = ChatPlan.Options(message: "why?", isDebug: true)
        let run = try await chat(.events(CannedStream.whole), options: options, variables: [.gatewayAPIKey: "secret"])
        #expect(run.output == CannedStream.wholeTranscript)
        #expect(run.diagnostics.contains(#"event output.delta: {"text":"Hi","request_id":"r1"}"#))
        #expect(run.diagnostics.contains("status 200"))
        #expect(run.diagnostics.contains("5 events, first output after "))
        #expect(!run.diagnostics.contains("secret"))
    }

    @Test("ends when nobody reads its output any more")
    func outputClosed() async throws {
        let recording = RecordingConsole()
        let run = try await chat(
            .stream { stream in
                stream.send(CannedStream.promptSummary + CannedStream.reasoningSummary)
                await recording.shows("Summary of the prompt")
            },
            recording: recording,
            console: recording.console(outputLimit: 1)
        )
        #expect(run.status == .outputClosed)
    }

    @Test("tells at a terminal what it waits for, and takes that away before it prints")
    func progress() async throws {
        let recording = RecordingConsole()
        let run = try await chat(
            .stream { stream in
                await recording.shows("summarizing the prompt, ")
                stream.send(CannedStream.whole)
            },
            variables: [.terminal: "xterm", .noColor: "1"],
            recording: recording,
            console: recording.console(outputIsTerminal: true, diagnosticsIsTerminal: true)
        )
        #expect(run.output == CannedStream.wholeTranscript)
        #expect(run.diagnostics.hasPrefix("\r\u{1B}[K"))
        #expect(recording.everything.contains(" s\r\u{1B}[K\n=== 1) Summary of the prompt ==="))
        #expect(recording.everything.hasSuffix(CannedStream.wholeTranscript))
    }

    @Test("lets no model steer a terminal")
    func control() async throws {
        let events = summariesAnd(CannedStream.delta("\\u001b[2Jx") + CannedStream.completed)
        let recording = RecordingConsole()
        let shown = try await chat(
            .events(events),
            recording: recording,
            console: recording.console(outputIsTerminal: true)
        )
        #expect(shown.output.hasSuffix("\u{FFFD}[2Jx\n\n[done]\n"))
        let piped = try await chat(.events(events))
        #expect(piped.output.hasSuffix("\u{1B}[2Jx\n\n[done]\n"))
    }

    private func summariesAnd(_ rest: String) -> String { Self.summaries + rest }
}
