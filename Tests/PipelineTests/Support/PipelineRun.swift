import Foundation
import Pipeline
import TestSupport

/// Upstream payloads for tests.
enum Payload {
    static let done = "[DONE]"

    static func content(_ text: String) -> String {
        #"{"choices":[{"index":0,"delta":{"content":\#(json(text))},"finish_reason":null}]}"#
    }

    static func reasoning(_ text: String, field: String = "reasoning_content") -> String {
        #"{"choices":[{"index":0,"delta":{"\#(field)":\#(json(text))},"finish_reason":null}]}"#
    }

    static func finish(_ reason: String = "stop") -> String {
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"\#(reason)"}]}"#
    }

    static func json(_ text: String) -> String {
        let data = try? JSONSerialization.data(withJSONObject: text, options: .fragmentsAllowed)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// A pipeline with what it has written.
struct PipelineRun {
    var pipeline: RequestPipeline
    var output: [UInt8] = []
    var faults: [StreamFault] = []

    init(
        instruction: String? = "use tags", fields: Bool = true, prompt: Bool = true, reasoning: Bool = true,
        preamble: Int = 200, recovery: Int = 1 << 20, reasoningCharacters: Int = 8000,
        rolling: Int? = nil, form: AnswerForm = .stream(.unified), includesUsage: Bool = false
    ) {
        pipeline = RequestPipeline(
            PipelineSettings(
                requestID: "r1", created: 1, model: "m", instruction: instruction, usesReasoningFields: fields,
                expectation: TextExpectation(
                    format: .analysisFinal, preambleCharacters: instruction == nil ? nil : preamble,
                    isAutomatic: true, recoveryBytes: recovery), reasoningCharacters: reasoningCharacters,
                summarizesPrompt: prompt, summarizesReasoning: reasoning,
                promptFallback: { "First sentence. Second sentence. Third." }, rollingCharacters: rolling, form: form,
                includesUsage: includesUsage))
        pipeline.begin(into: &output)
    }

    mutating func receive(_ payloads: String...) {
        for payload in payloads {
            if let fault = pipeline.receive(Array(payload.utf8).span, into: &output) { faults.append(fault) }
        }
    }

    mutating func summarizePrompt(_ outcome: SummaryOutcome = .text("P")) {
        pipeline.promptSummarized(outcome, into: &output)
    }

    mutating func summarizeReasoning(_ outcome: SummaryOutcome = .text("R")) {
        guard pipeline.nextReasoningPart() != nil else { return }
        pipeline.reasoningPartSummarized(outcome, into: &output)
    }

    mutating func close() {
        if let fault = pipeline.upstreamClosed(into: &output) { faults.append(fault) }
    }

    mutating func fail(_ fault: StreamFault = .truncated) {
        pipeline.upstreamFailed(fault, into: &output)
    }

    var events: [ClientEvent] {
        get throws { try ClientEvent.decode(output) }
    }

    var names: [String] {
        get throws { try events.map(\.name) }
    }

    /// The answer as a client puts it together.
    var answer: String {
        get throws { try events.filter { $0.name == "output.delta" }.compactMap(\.text).joined() }
    }
}
