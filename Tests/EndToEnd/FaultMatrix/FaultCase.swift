import MockUpstream
import TestSupport

/// Where in its answer an upstream fails.
enum FaultStage: String, CaseIterable {
    case beforeHead = "before the head"
    case headOnly = "after the head"
    case reasoning = "in the reasoning"
    case answer = "in the answer"
    case afterFinish = "after `finish_reason`"
    case promptSummary = "prompt summary"
    case reasoningSummary = "reasoning summary"

    var isSummary: Bool { self == .promptSummary || self == .reasoningSummary }

    /// The answer's text that has come when the fault does.
    var answerSoFar: String {
        switch self {
        case .beforeHead, .headOnly, .reasoning: ""
        case .answer: "Hello "
        case .afterFinish, .promptSummary, .reasoningSummary: FaultCase.wholeAnswer
        }
    }

    /// Events before the fault.
    fileprivate var eventsBefore: Int {
        switch self {
        case .beforeHead, .headOnly: 0
        case .reasoning: 1
        case .answer: 3
        case .afterFinish: 5
        case .promptSummary, .reasoningSummary: 6
        }
    }
}

/// In which way.
enum Fault: String, CaseIterable {
    case refused = "connection refused"
    case reset = "connection reset"
    case cut = "connection closed, the response unfinished"
    case end = "response ends early"
    case silence = "silence"
    case errorEvent = "`{\"error\": …}`"
    case half = "response ends in half an event"
    case badChunk = "malformed JSON"
    case badUTF8 = "invalid UTF-8"
    case oversized = "oversized"
    case status500 = "status 500"
    case status503 = "status 503"

    var stages: [FaultStage] {
        let inBody: [FaultStage] = [.headOnly, .reasoning, .answer, .afterFinish]
        let summaries: [FaultStage] = [.promptSummary, .reasoningSummary]
        return switch self {
        case .refused, .status500, .status503: [.beforeHead] + summaries
        case .reset, .cut, .silence: [.beforeHead] + inBody + summaries
        case .end: inBody
        case .errorEvent, .half, .badChunk, .badUTF8: inBody + summaries
        // One is enough of what takes sixteen megabytes.
        case .oversized: [.answer] + summaries
        }
    }
}

/// A way to get the answer.
enum FaultForm: String, CaseIterable {
    case unified, events, openai, whole

    var path: String { self == .whole ? "/v1/chat/completions" : "/\(rawValue)/v1/chat/completions" }
}

/// One fault, as a raw upstream commits it. The case is named by the model that is asked for.
struct FaultCase: Sendable {
    let stage: FaultStage
    let fault: Fault
    let form: FaultForm

    static let wholeAnswer = "Hello world."
    /// The model that never fails.
    static let good = "good"

    private static let separator: Character = "~"

    /// The model that commits it.
    var name: String {
        [
            FaultStage.allCases.firstIndex(of: stage), Fault.allCases.firstIndex(of: fault),
            FaultForm.allCases.firstIndex(of: form),
        ].map { String($0 ?? 0) }.joined(separator: String(Self.separator))
    }

    init(stage: FaultStage, fault: Fault, form: FaultForm) {
        self.stage = stage
        self.fault = fault
        self.form = form
    }

    init?(name: Substring) {
        let numbers = name.split(separator: Self.separator).compactMap { Int($0) }
        guard numbers.count == 3 else { return nil }
        self.init(
            stage: FaultStage.allCases[numbers[0]], fault: Fault.allCases[numbers[1]],
            form: FaultForm.allCases[numbers[2]])
    }

    /// What the gateway's client sends.
    var requestBody: String {
        let model = stage.isSummary ? "\(Self.good)-\(name)" : name
        let summaryModel = stage.isSummary ? name : Self.good
        let stream = form == .whole ? "" : #","stream":true"#
        return
            #"{"model":"\#(model)","summary_model":"\#(summaryModel)"\#(stream),"messages":[{"role":"user","content":"Why?"}]}"#
    }

    var model: String { stage.isSummary ? "\(Self.good)-\(name)" : name }

    // MARK: The upstream's side

    static func reply(to request: String) -> RawUpstream.Reply {
        let model = request.split(separator: #""model":""#, maxSplits: 1).dropFirst().first?.prefix { $0 != "\"" } ?? ""
        let failing = FaultCase(name: model)
        if request.contains(#""stream":true"#) { return failing?.stream ?? goodStream }
        let isReasoning = request.contains(#"Reasoning:\n"#)
        guard let failing, (failing.stage == .reasoningSummary) == isReasoning else { return goodSummary }
        return failing.summary
    }

    private static let events = [
        MockPayload.content("<analysis>Let me think. "), MockPayload.content("Yes.</analysis>"),
        MockPayload.content("<final>Hello "), MockPayload.content("world.</final>"), MockPayload.finish(),
        MockPayload.done,
    ].map { "data: \($0)\n\n" }

    /// More than an event may have. Made once, and of bytes: a string of this length takes minutes under a sanitizer.
    private static let oversizedEvent = event(of: [UInt8](repeating: UInt8(ascii: "x"), count: 17 << 20))

    private static func event(of text: [UInt8]) -> [UInt8] {
        let parts = MockPayload.content("?").split(separator: "?", maxSplits: 1).map { Array($0.utf8) }
        return Array("data: ".utf8) + parts[0] + text + parts[1] + Array("\n\n".utf8)
    }

    private static let goodStream = streamed(events.joined(), ends: true, .close)

    private static func streamed(_ text: String, ends: Bool, _ ending: RawUpstream.Ending) -> RawUpstream.Reply {
        streamed(Array(text.utf8), ends: ends, ending)
    }

    private static func streamed(_ body: [UInt8], ends: Bool, _ ending: RawUpstream.Ending) -> RawUpstream.Reply {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        var bytes = Array(head.utf8)
        if !body.isEmpty { bytes += Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n".utf8) }
        if ends { bytes += Array("0\r\n\r\n".utf8) }
        return RawUpstream.Reply(bytes, ending)
    }

    private var stream: RawUpstream.Reply {
        if stage == .beforeHead { return beforeHead }
        let before = Self.events.prefix(stage.eventsBefore).joined()
        let after = Self.events.dropFirst(stage.eventsBefore).joined()
        switch fault {
        case .reset: return Self.streamed(before, ends: false, .reset)
        case .cut: return Self.streamed(before, ends: false, .close)
        case .silence: return Self.streamed(before, ends: false, .hang)
        case .end: return Self.streamed(before, ends: true, .close)
        case .half: return Self.streamed(before + #"data: {"choices":[{"ind"#, ends: true, .close)
        case .errorEvent:
            return Self.streamed(
                before + #"data: {"error":{"message":"it broke","code":"engine_dead"}}"# + "\n\n" + after, ends: true,
                .close)
        case .badChunk: return Self.streamed(before + "data: {\"choices\":[{\n\n" + after, ends: true, .close)
        case .badUTF8:
            let bytes = Self.event(of: [0xC3, 0x28, 0xFF])
            return Self.streamed(Array(before.utf8) + bytes + Array(after.utf8), ends: true, .close)
        case .oversized:
            return Self.streamed(Array(before.utf8) + Self.oversizedEvent + Array(after.utf8), ends: true, .close)
        case .refused, .status500, .status503: return Self.goodStream
        }
    }

    private var beforeHead: RawUpstream.Reply {
        switch fault {
        case .reset: RawUpstream.Reply([], .reset)
        case .cut: RawUpstream.Reply([], .close)
        case .silence: RawUpstream.Reply([], .hang)
        case .status500: Self.whole(500, #"{"error":{"message":"no"}}"#)
        case .status503: Self.whole(503, #"{"error":{"message":"no"}}"#)
        default: Self.goodStream
        }
    }

    // MARK: Summaries

    private static let summaryText = MockPayload.completion("A summary.")
    private static let goodSummary = whole(200, summaryText)

    private static func whole(
        _ status: Int, _ body: String, length: Int? = nil, _ ending: RawUpstream.Ending = .close
    ) -> RawUpstream.Reply {
        whole(status, Array(body.utf8), length: length, ending)
    }

    private static func whole(
        _ status: Int, _ body: [UInt8], length: Int? = nil, _ ending: RawUpstream.Ending = .close
    ) -> RawUpstream.Reply {
        let head =
            "HTTP/1.1 \(status) Some\r\nContent-Type: application/json\r\nContent-Length: \(length ?? body.count)\r\nConnection: close\r\n\r\n"
        return RawUpstream.Reply(Array(head.utf8) + body, ending)
    }

    private var summary: RawUpstream.Reply {
        let length = Self.summaryText.utf8.count
        let half = String(Self.summaryText.prefix(length / 2))
        switch fault {
        case .reset: return Self.whole(200, half, length: length, .reset)
        case .cut: return Self.whole(200, half, length: length)
        case .silence: return Self.whole(200, half, length: length, .hang)
        case .half: return Self.whole(200, half)
        case .errorEvent: return Self.whole(200, #"{"error":{"message":"it broke"}}"#)
        case .badChunk: return Self.whole(200, "<html>")
        case .badUTF8:
            let parts = MockPayload.completion("?").split(separator: "?", maxSplits: 1).map { Array($0.utf8) }
            return Self.whole(200, parts[0] + [0xC3, 0x28, 0xFF] + parts[1])
        case .oversized: return Self.whole(200, MockPayload.completion(String(repeating: "x", count: 2 << 20)))
        case .status500: return Self.whole(500, "no")
        case .status503: return Self.whole(503, "no")
        case .refused, .end: return Self.goodSummary
        }
    }
}
