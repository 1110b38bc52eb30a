import Foundation
import Pipeline
import TestSupport
import Testing

/// What a client saw of one fault.
struct FaultOutcome {
    /// 200 for a stream.
    var httpStatus: Int
    /// Of a stream and of a whole answer.
    var isComplete = false
    var answerBytes = 0
    /// Of the error that concerns the stage.
    var code: String?
    var stage: String?
    /// The error's detail up to its first colon or semicolon: what follows are an upstream's or libcurl's own words.
    var detail: String?
    /// Of the summary that failed.
    var source: String?

    /// How the table tells it.
    var words: String {
        httpStatus != 200 ? "HTTP \(httpStatus)" : isComplete ? "completed" : "incomplete"
    }

    init(_ answer: TestClient.Answer, of fault: FaultCase) throws {
        httpStatus = answer.status
        #expect(String(validating: answer.body, as: UTF8.self) != nil, "\(fault.stage) \(fault.fault): invalid UTF-8")
        let isStream = fault.form != .whole && answer.status == 200
        if isStream { try readStream(answer.body, fault) } else { try readObject(answer.body, fault) }
        detail = detail.map { String($0.prefix { $0 != ":" && $0 != ";" }) }
    }

    private mutating func readStream(_ body: [UInt8], _ fault: FaultCase) throws {
        let format = try #require(StreamFormat(rawValue: fault.form.rawValue))
        var grammar = StreamGrammar(format: format)
        grammar.read(body.span)
        let verdict = grammar.finish()
        #expect(verdict.violations == [], "\(fault)")
        isComplete = verdict.isComplete
        answerBytes = verdict.answerBytes
        guard format != .openai else { return readError(String(decoding: body, as: UTF8.self)) }
        let events = try ClientEvent.decode(body)
        let errors = events.filter { $0.name == "error" }
        // The one terminal event is the last; what is fatal comes just before it.
        #expect(events.count { $0.name == "output.done" } == 1 && events.last?.name == "output.done", "\(fault)")
        let error = fault.stage.isSummary ? errors.first : errors.last
        // A summary that the end of the answer overtakes says so, too.
        let overtaken = errors.count { $0.data["detail"] as? String == "the answer ended before its summary was made" }
        #expect(errors.count - overtaken <= 1 && (overtaken == 0 || !isComplete), "\(fault): \(errors.map(\.data))")
        code = error?.data["code"] as? String
        stage = error?.data["stage"] as? String
        detail = error?.data["detail"] as? String
        let name = fault.stage == .promptSummary ? "summary.prompt" : "summary.reasoning"
        source = events.first(name)?.data["source"] as? String
    }

    /// The error object of an `openai` stream.
    private mutating func readError(_ text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(#"data: {"error""#) }) else { return }
        let object = try? JSONSerialization.jsonObject(with: Data(line.dropFirst(6).utf8)) as? [String: Any]
        code = (object?["error"] as? [String: Any])?["code"] as? String
        isComplete = false
    }

    private mutating func readObject(_ body: [UInt8], _ fault: FaultCase) throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any], "\(fault)")
        if let error = object["error"] as? [String: Any] {
            code = error["code"] as? String
            return
        }
        let message = ((object["choices"] as? [[String: Any]])?.first)?["message"] as? [String: Any]
        answerBytes = (message?["content"] as? String)?.utf8.count ?? -1
        isComplete = true
        let warning = (object["warnings"] as? [[String: Any]])?.first
        stage = warning?["stage"] as? String
        detail = warning?["detail"] as? String
        let summaries = object["summaries"] as? [String: [String: String]]
        source = summaries?[fault.stage == .promptSummary ? "prompt" : "reasoning"]?["source"]
    }
}
