import JSON
import Testing

@testable import Commands

@Suite("A gateway's event")
struct GatewayEventTests {
    static let known: [(String, String, GatewayEvent)] = [
        ("summary.prompt", #"{"text":"P","request_id":"r"}"#, .promptSummary(text: "P")),
        ("summary.reasoning", #"{"text":"","source":"none"}"#, .reasoningSummary(text: "")),
        ("output.delta", #"{"text":"a\nb\u00e9","choices":[{"delta":{"text":"no"}}]}"#, .outputDelta(text: "a\nbé")),
        ("output.delta", #"{"request_id":"r"}"#, .outputDelta(text: "")),
        ("output.delta", #"{"text":null}"#, .outputDelta(text: "")),
        ("output.done", #"{"request_id":"r"}"#, .outputDone(isComplete: true)),
        ("output.done", #"{"status":"completed"}"#, .outputDone(isComplete: true)),
        ("output.done", #"{"status":"incomplete"}"#, .outputDone(isComplete: false)),
        ("summary.prompt.delta", #"{"text":"a"}"#, .promptSummaryDelta(text: "a")),
        ("summary.reasoning.delta", #"{"text":"b","index":1}"#, .reasoningSummaryDelta(text: "b")),
        ("summary.later", "not JSON", .other(name: "summary.later")),
        ("", "[DONE]", .other(name: "")),
    ]

    @Test("is read by its name", arguments: known)
    func reading(_ name: String, _ data: String, _ event: GatewayEvent) throws {
        #expect(try GatewayEvent(name: name, data: data.utf8.span) == event)
    }

    static let faults: [(String, StreamFault)] = [
        (
            #"{"message":"m","stage":"prompt_summary","detail":"d","fatal":false}"#,
            StreamFault(stage: "prompt_summary", message: "m", detail: "d", isFatal: false)
        ),
        (
            #"{"message":"m","stage":"prompt_summary"}"#,
            StreamFault(stage: "prompt_summary", message: "m", isFatal: false)
        ),
        (
            #"{"message":"m","stage":"reasoning_summary","detail":null}"#,
            StreamFault(stage: "reasoning_summary", message: "m", isFatal: false)
        ),
        (
            #"{"message":"m","stage":"upstream_stream","code":"c","detail":{"n":1}}"#,
            StreamFault(stage: "upstream_stream", message: "m", detail: #"{"n":1}"#, code: "c", isFatal: true)
        ),
        ("{}", StreamFault(stage: "unknown", message: "no message", isFatal: true)),
    ]

    @Test("of kind error says what broke and whether that is the end", arguments: faults)
    func errors(_ data: String, _ fault: StreamFault) throws {
        #expect(try GatewayEvent(name: "error", data: data.utf8.span) == .error(fault))
    }

    @Test("is refused where its data is no JSON object", arguments: ["", "[]", "\"text\"", "{\"text\":\"a\"", "{} {}"])
    func malformed(_ data: String) {
        #expect(throws: JSONError.self) { try GatewayEvent(name: "output.delta", data: data.utf8.span) }
    }

    static let lines: [(String, String, String)] = [
        ("output.delta", #"{"text":"a"}"#, #"{"event":"output.delta","data":{"text":"a"}}"#),
        ("x", "{\n\"n\": 1.50,\r\n\"s\":\"\\n\"}", #"{"event":"x","data":{ "n": 1.50,  "s":"\n"}}"#),
        ("", "[DONE]", #"{"event":"","data":"[DONE]"}"#),
        ("a\"b", "1", #"{"event":"a\"b","data":1}"#),
        ("x", "", #"{"event":"x","data":""}"#),
    ]

    @Test("is one line of JSON for programs", arguments: lines)
    func jsonLine(_ name: String, _ data: String, _ line: String) throws {
        let rendered = EventLine.render(name: name, data: data.utf8.span)
        #expect(rendered == line + "\n")
        _ = try JSONCursor.document(rendered.utf8.span)
    }
}
