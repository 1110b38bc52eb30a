import TestSupport
import Testing

@testable import Pipeline

@Suite("A summary that rolls while the model thinks")
struct RollingSummaryTests {
    private func run(_ text: String = "One two three. ", form: AnswerForm = .stream(.unified)) -> PipelineRun {
        var run = PipelineRun(rolling: 10, form: form, includesUsage: true)
        run.summarizePrompt()
        run.receive(Payload.reasoning(text))
        return run
    }

    @Test("comes in numbered parts before it comes whole")
    func parts() throws {
        var run = run()
        run.summarizeReasoning(.text("A"))
        run.receive(Payload.reasoning("Four five six. "))
        run.summarizeReasoning(.text("B"))
        run.receive(Payload.content("x"), Payload.finish(), Payload.done)
        let events = try run.events
        #expect(
            events.names == [
                "summary.prompt", "summary.reasoning.delta", "summary.reasoning.delta", "summary.reasoning",
                "output.delta", "output.done",
            ])
        #expect(events[1...3].map { $0.text } == ["A", "\n\nB", "A\n\nB"])
        #expect(events[1...2].map { $0.data["index"] as? Int } == [0, 1])
        #expect(events[3].data["source"] as? String == "model")
        let reasoning = events.compactMap { $0.delta?["reasoning_content"] as? String }
        #expect(reasoning == ["P\n\n", "A", "\n\nB"])
    }

    @Test("waits for the prompt's summary, and then comes at once")
    func behindThePrompt() throws {
        var run = PipelineRun(rolling: 10)
        run.receive(Payload.reasoning("One two three. "))
        run.summarizeReasoning(.text("A"))
        run.receive(Payload.reasoning("Four five six. "))
        run.summarizeReasoning(.text("B"))
        #expect(run.output.isEmpty)
        run.summarizePrompt()
        #expect(try run.names == ["summary.prompt", "summary.reasoning.delta"])
        #expect(try run.events.last?.text == "A\n\nB")
    }

    @Test("does not let the answer wait when most is summarised: the rest is told by an extract")
    func extract() throws {
        var run = run(String(repeating: "a", count: 1_000) + ". ")
        run.summarizeReasoning(.text("A"))
        run.receive(Payload.reasoning("Then there is more. " + String(repeating: "b", count: 600)))
        run.receive(Payload.content("x"))
        let events = try run.events
        #expect(events.names.suffix(3) == ["summary.reasoning.delta", "summary.reasoning", "output.delta"])
        let summary = try #require(events.first("summary.reasoning"))
        #expect(summary.text?.hasPrefix("A\n\nThen there is more.") == true)
        #expect(summary.data["source"] as? String == "extract")
    }

    @Test("of a short thought is one, asked for at its end, and without parts")
    func short() throws {
        var run = run("Hm.")
        run.receive(Payload.content("x"))
        #expect(run.pipeline.reasoningPartIsDue)
        run.summarizeReasoning(.text("A"))
        #expect(try run.names == ["summary.prompt", "summary.reasoning", "output.delta"])
    }

    @Test("whose parts fail is an extract with an error, and the answer is whole")
    func failing() throws {
        var run = run()
        run.summarizeReasoning(.failed(detail: "down"))
        run.receive(Payload.reasoning("Four five six. "), Payload.content("x"))
        run.summarizeReasoning(.failed(detail: "down"))
        run.receive(Payload.finish(), Payload.done)
        let events = try run.events
        #expect(events.names == ["summary.prompt", "error", "summary.reasoning", "output.delta", "output.done"])
        #expect(events[1].data["detail"] as? String == "down")
        #expect(events[2].text == "One two three. Four five six.")
        #expect(try run.answer == "x")
    }

    @Test("is waited for no longer than the hold")
    func hold() throws {
        var run = run("Hm. Well.")
        run.pipeline.summaryHoldPassed(into: &run.output)
        #expect(try run.names == ["summary.prompt"])
        run.receive(Payload.content("x"))
        _ = run.pipeline.nextReasoningPart()
        run.pipeline.summaryHoldPassed(into: &run.output)
        #expect(try run.names == ["summary.prompt", "error", "summary.reasoning", "output.delta"])
        #expect(try run.events[2].text == "Hm. Well.")
        // What comes late is nothing any more.
        run.pipeline.reasoningPartSummarized(.text("late"), into: &run.output)
        #expect(try run.names.count == 4)
    }

    @Test("shows words as they come, and keeps them when the call then fails")
    func streamed() throws {
        var run = run()
        _ = run.pipeline.nextReasoningPart()
        run.pipeline.reasoningPartPiece("A b", into: &run.output)
        run.pipeline.reasoningPartPiece(" c", into: &run.output)
        run.pipeline.reasoningPartSummarized(.text("A b c"), into: &run.output)
        run.receive(Payload.reasoning("Four five six. "))
        _ = run.pipeline.nextReasoningPart()
        run.pipeline.reasoningPartPiece("D", into: &run.output)
        run.pipeline.reasoningPartSummarized(.failed(detail: "cut"), into: &run.output)
        run.receive(Payload.content("x"))
        let events = try run.events
        #expect(events.filter { $0.name == "summary.reasoning.delta" }.compactMap(\.text) == ["A b", " c", "\n\nD"])
        #expect(events.first("summary.reasoning")?.text == "A b c\n\nD")
    }

    @Test("of the upstream's own is taken over, and no call is made")
    func adopted() throws {
        var run = PipelineRun(rolling: 10)
        run.summarizePrompt()
        for piece in ["**Checking** the ", "colour. "] {
            run.receive(
                #"{"choices":[{"delta":{"reasoning":"\#(piece)","reasoning_details":[{"type":"reasoning.summary","summary":"\#(piece)"}]}}]}"#
            )
        }
        #expect(run.pipeline.nextReasoningPart() == nil)
        run.receive(Payload.content("x"))
        let summary = try #require(try run.events.first("summary.reasoning"))
        #expect(summary.text == "**Checking** the colour.")
        #expect(summary.data["source"] as? String == "upstream")
    }

    @Test("and the prompt's tell their tokens apart from the answer's", arguments: StreamFormat.allCases)
    func usage(format: StreamFormat) throws {
        var run = PipelineRun(rolling: 10, form: .stream(format), includesUsage: true)
        let usage = Array(#"{"prompt_tokens":3,"completion_tokens":4}"#.utf8)
        run.pipeline.promptSummarized(.text("P"), usage: TokenUsage(usage.span), into: &run.output)
        for text in ["One two three. ", "Four five six. "] {
            run.receive(Payload.reasoning(text))
            _ = run.pipeline.nextReasoningPart()
            run.pipeline.reasoningPartSummarized(.text("R"), usage: TokenUsage(usage.span), into: &run.output)
        }
        run.receive(Payload.content("x"), Payload.finish(), #"{"choices":[],"usage":{"n":1}}"#, Payload.done)
        let text = String(decoding: run.output, as: UTF8.self)
        let expected =
            #""usage":{"n":1},"summary_usage":{"prompt":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"#
            + #""reasoning":{"prompt_tokens":6,"completion_tokens":8,"total_tokens":14}}}"#
        #expect(text.contains(expected) == (format != .events))
    }

    /// Any interleaving of what the upstream sends, what the summaries say, of failures and of passing time.
    @Test("keeps the order, and loses nothing, whatever happens when", arguments: 0..<300)
    func interleavings(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let format = StreamFormat.allCases.randomElement(using: &generator) ?? .unified
        var run = PipelineRun(
            rolling: [nil, 1, 20, 100].randomElement(using: &generator) ?? nil, form: .stream(format),
            includesUsage: true)
        var payloads: [String] = []
        var answer = ""
        for number in 0..<Int.random(in: 0..<30, using: &generator) {
            payloads.append(
                Payload.reasoning(["Thought \(number). ", "hm", "…\n"].randomElement(using: &generator) ?? ""))
        }
        for number in 0..<Int.random(in: 0..<10, using: &generator) {
            payloads.append(Payload.content("word\(number) "))
            answer += "word\(number) "
        }
        payloads += [Payload.finish(), Payload.done]
        if Int.random(in: 0..<4, using: &generator) == 0 {
            payloads = Array(payloads.prefix(Int.random(in: 0...payloads.count, using: &generator)))
        }
        var isOpen = false
        var wasWhole = false
        for _ in 0..<2_000 where !run.pipeline.isDone {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0...3:
                if payloads.isEmpty {
                    if !run.pipeline.upstreamEnded { run.fail() }
                } else {
                    let payload = payloads.removeFirst()
                    run.receive(payload)
                    if payload == Payload.done { wasWhole = true }
                }
            case 4: run.summarizePrompt(Bool.random(using: &generator) ? .text("P") : .failed(detail: "no"))
            case 5: run.pipeline.promptSummaryPiece("p ", into: &run.output)
            case 6:
                if !isOpen { isOpen = run.pipeline.nextReasoningPart() != nil }
            case 7:
                guard isOpen else { continue }
                isOpen = false
                let failed = Int.random(in: 0..<3, using: &generator) == 0
                run.pipeline.reasoningPartSummarized(failed ? .failed(detail: "no") : .text("R"), into: &run.output)
            case 8:
                guard isOpen else { continue }
                run.pipeline.reasoningPartPiece("r ", into: &run.output)
            default:
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: run.pipeline.rollingIntervalPassed()
                case 1: run.pipeline.summaryHoldPassed(into: &run.output)
                default: run.pipeline.keepAlive(into: &run.output)
                }
            }
        }
        #expect(run.pipeline.isDone)
        var grammar = StreamGrammar(format: format)
        grammar.read(run.output.span)
        let verdict = grammar.finish()
        #expect(verdict.violations == [])
        #expect(verdict.isComplete == wasWhole)
        if wasWhole { #expect(verdict.answerBytes == answer.utf8.count) }
    }
}
