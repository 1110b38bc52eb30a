import Foundation
import Pipeline
import TestSupport
import Testing

@Suite("The grammar of a stream")
struct StreamGrammarTests {
    /// What the pipeline writes of one answer, in one format.
    private static func stream(
        _ format: StreamFormat, usage: Bool = true, _ body: (inout PipelineRun) -> Void
    ) -> [UInt8] {
        var run = PipelineRun(form: .stream(format), includesUsage: usage)
        body(&run)
        return run.output
    }

    private static func whole(_ run: inout PipelineRun) {
        run.receive(Payload.content("<analysis>thought"), Payload.content("</analysis><final>answer"))
        run.summarizePrompt()
        run.pipeline.keepAlive(into: &run.output)
        run.summarizeReasoning(.failed(detail: "timeout"))
        run.receive(
            Payload.content("</final>"), Payload.finish(), #"{"choices":[],"usage":{"total_tokens":1}}"#, Payload.done)
    }

    private static func verdict(_ bytes: [UInt8], _ format: StreamFormat? = nil) -> StreamGrammar.Verdict {
        var grammar = StreamGrammar(format: format)
        grammar.read(bytes.span)
        return grammar.finish()
    }

    @Test("is kept by a whole answer, whatever the format", arguments: StreamFormat.allCases)
    func whole(format: StreamFormat) {
        let verdict = Self.verdict(Self.stream(format, Self.whole))
        #expect(verdict.violations == [])
        #expect(verdict.format == format)
        #expect(verdict.answerBytes == 6)
        #expect(verdict.isComplete)
        #expect(verdict.finishReason == (format == .events ? nil : "stop"))
    }

    @Test("is kept by an answer that failed at any point", arguments: StreamFormat.allCases, 0...3)
    func failed(format: StreamFormat, point: Int) {
        let bytes = Self.stream(format) { run in
            if point > 0 { run.receive(Payload.content("<analysis>thought")) }
            if point > 1 { run.receive(Payload.content("</analysis><final>answer")) }
            if point > 2 { run.summarizePrompt() }
            run.fail()
        }
        let verdict = Self.verdict(bytes)
        #expect(verdict.violations == [])
        #expect(!verdict.isComplete)
    }

    @Test("is judged alike however the bytes are split", arguments: StreamFormat.allCases)
    func split(format: StreamFormat) {
        var grammar = StreamGrammar()
        for byte in Self.stream(format, Self.whole) { grammar.read([byte].span) }
        let verdict = grammar.finish()
        #expect(verdict.violations == [])
        #expect(verdict.answerBytes == 6)
    }

    /// Any event of a stream that is left out, told twice or swapped with the next one is noticed, and so is a cut.
    @Test("is broken by any change of the order", arguments: StreamFormat.allCases)
    func changes(format: StreamFormat) {
        let text = String(decoding: Self.stream(format, Self.whole), as: UTF8.self)
        let events = text.split(separator: "\n\n").map(String.init)
        func isValid(_ events: [String]) -> Bool {
            Self.verdict(Array((events.joined(separator: "\n\n") + "\n\n").utf8), format).isValid
        }
        #expect(isValid(events))
        for index in events.indices {
            // Deltas, errors that are not fatal, usage and silence may come any number of times.
            let isFree = ["output.delta", "event: error", "gateway_event\":\"error", "keep-alive", "\"choices\":[]"]
                .contains { events[index].contains($0) }
            var changed = events
            changed.remove(at: index)
            #expect(isValid(changed) == isFree, "without \(events[index])")
            changed = events
            changed.insert(events[index], at: index)
            #expect(isValid(changed) == isFree, "twice \(events[index])")
            guard index + 1 < events.count, !isFree else { continue }
            changed = events
            changed.swapAt(index, index + 1)
            if !changed[index].contains("keep-alive") { #expect(!isValid(changed), "swapped \(events[index])") }
        }
        for length in stride(from: 1, to: text.utf8.count - 2, by: 7) {
            #expect(!Self.verdict(Array(text.utf8.prefix(length)), format).isValid, "cut at \(length)")
        }
    }

    @Test("is broken by a chunk that is not like the others")
    func chunks() {
        let text = String(decoding: Self.stream(.unified, Self.whole), as: UTF8.self)
        func violations(_ old: String, _ new: String) -> String {
            let range = text.range(of: old, options: .backwards)
            #expect(range != nil)
            let changed = range.map { text.replacingCharacters(in: $0, with: new) } ?? text
            return Self.verdict(Array(changed.utf8)).violations.joined(separator: "\n")
        }
        #expect(violations(#""id":"chatcmpl-r1""#, #""id":"chatcmpl-r2""#).contains("id changes"))
        #expect(violations(#""delta":{"content""#, #""delta":{"role":"x","content""#).contains("role belongs"))
        #expect(violations(#""source":"extract""#, #""type":"extract""#).contains("the key type has no place here"))
        #expect(violations(#""source":"extract""#, #""error":null"#).contains("the key error"))
        #expect(violations(#""status":"completed""#, #""status":"incomplete""#).contains("status does not fit"))
        #expect(violations(#""finish_reason":"stop""#, #""finish_reason":null"#).contains("finish_reason does not fit"))
        #expect(violations(#""index":0"#, #""index":1"#).contains("index is not 0"))
        #expect(
            violations(#""content":"answer""#, #""content":"answer","reasoning_content":"x""#).contains("in one delta"))
        #expect(violations("event: output.done", "event: output.end").contains("no event of this protocol"))
        #expect(violations("data: {", "data: [").contains("no JSON object"))
    }
}
