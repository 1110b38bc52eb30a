import TestSupport
import Testing

@testable import Pipeline

@Suite("The order of events")
struct RequestPipelineOrderTests {
    struct Script: CustomTestStringConvertible, Sendable {
        let name: String
        let payloads: [String]
        let answer: String
        let hasReasoning: Bool
        var isComplete = true
        var testDescription: String { name }
    }

    static let scripts = [
        Script(
            name: "tags in pieces",
            payloads: ["<anal", "ysis>th", "ought</analysis>", "\n<final>An", "swer", ".</final>"].map {
                Payload.content($0)
            } + [Payload.finish(), Payload.done],
            answer: "Answer.", hasReasoning: true),
        Script(
            name: "a reasoning field",
            payloads: [
                Payload.reasoning("a"), Payload.reasoning("b"), Payload.content("x"), Payload.content("y"),
                Payload.finish(), Payload.done,
            ], answer: "xy", hasReasoning: true),
        Script(
            name: "no tags",
            payloads: [Payload.content("Hello "), Payload.content("world"), Payload.finish(), Payload.done],
            answer: "Hello world", hasReasoning: false),
        Script(
            name: "no final",
            payloads: [Payload.content("<analysis>a</analysis>b"), Payload.finish("length"), Payload.done],
            answer: "", hasReasoning: true),
        Script(name: "nothing", payloads: [Payload.done], answer: "", hasReasoning: false),
        Script(
            name: "cut in the answer",
            payloads: [Payload.content("<analysis>a</analysis><final>b"), Payload.content("c")],
            answer: "bc", hasReasoning: true, isComplete: false),
        Script(
            name: "cut in the reasoning", payloads: [Payload.content("<analysis>a")], answer: "", hasReasoning: true,
            isComplete: false),
    ]

    /// Every point at which each summary can come, with success and failure of both: the order never changes.
    @Test("holds wherever the summaries come", arguments: scripts)
    func everyInterleaving(_ script: Script) throws {
        let steps = script.payloads.count + 1
        for promptAt in 0...steps {
            for reasoningDelay in 0...steps {
                for failing in 0..<4 {
                    try check(script, promptAt, reasoningDelay, failing & 1 == 1, failing & 2 == 2)
                }
            }
        }
    }

    private func check(
        _ script: Script, _ promptAt: Int, _ reasoningDelay: Int, _ promptFails: Bool, _ reasoningFails: Bool
    ) throws {
        var run = PipelineRun()
        var askedAt: Int?
        var promptGiven = false
        var reasoningGiven = false
        func outcome(_ fails: Bool, _ text: String) -> SummaryOutcome { fails ? .failed(detail: "no") : .text(text) }
        func step(_ index: Int) {
            if !promptGiven, index >= promptAt {
                promptGiven = true
                run.summarizePrompt(outcome(promptFails, "P"))
            }
            if run.pipeline.reasoningPartIsDue, askedAt == nil { askedAt = index }
            if let askedAt, !reasoningGiven, index >= askedAt + reasoningDelay {
                reasoningGiven = true
                run.summarizeReasoning(outcome(reasoningFails, "R"))
            }
        }
        for (index, payload) in script.payloads.enumerated() {
            step(index)
            run.receive(payload)
        }
        if !script.isComplete {
            run.close()
            #expect(run.faults == [.truncated])
            run.fail()
        }
        for index in script.payloads.count...(script.payloads.count + 2 * (reasoningDelay + promptAt) + 2) {
            step(index)
        }

        let context = "\(script.name), prompt at \(promptAt), reasoning \(reasoningDelay) later"
        #expect(run.pipeline.isDone, "\(context)")
        #expect(try run.answer == script.answer, "\(context)")
        let names = try run.names
        #expect(names.filter { $0 == "summary.prompt" }.count == 1, "\(context)")
        #expect(names.filter { $0 == "summary.reasoning" }.count == 1, "\(context)")
        #expect(names.filter { $0 == "output.done" }.count == 1, "\(context)")
        #expect(names.last == "output.done", "\(context)")
        let order = names.filter { $0 != "error" }.map { name in
            ["summary.prompt", "summary.reasoning", "output.delta", "output.done"].firstIndex(of: name)
        }
        let ranks = order.compactMap { $0 }
        #expect(ranks.count == order.count && ranks == ranks.sorted(), "\(context): \(names)")
        let done = try #require(try run.events.last)
        #expect(done.data["status"] as? String == (script.isComplete ? "completed" : "incomplete"), "\(context)")
        let reasoning = try #require(try run.events.first { $0.name == "summary.reasoning" })
        #expect((reasoning.text?.isEmpty == false) == script.hasReasoning, "\(context)")
    }

    @Test("the reasoning's summary is asked for as soon as the answer begins, while the prompt's is awaited")
    func asksEarly() throws {
        var run = PipelineRun()
        run.receive(Payload.content("<analysis>why</analysis>"))
        #expect(run.pipeline.nextReasoningPart() == nil)
        run.receive(Payload.content("<final>"))
        #expect(run.pipeline.nextReasoningPart()?.text == "why")
        #expect(run.output.isEmpty)
    }

    @Test("the answer passes at once when the summaries are out")
    func passesAtOnce() throws {
        var run = PipelineRun()
        run.receive(Payload.content("<analysis>why</analysis><final>"))
        run.summarizePrompt()
        run.summarizeReasoning()
        let before = run.output.count
        run.receive(Payload.content("x"))
        #expect(run.output.count > before)
        #expect(run.pipeline.heldBytes == 0)
    }

    @Test("text without tags is an answer once the preamble shows none")
    func preamble() throws {
        var run = PipelineRun(preamble: 10)
        run.summarizePrompt()
        run.receive(Payload.content("Hello wor"))
        #expect(try run.names == ["summary.prompt"])
        run.receive(Payload.content("ld, how are you"))
        #expect(try run.names == ["summary.prompt", "summary.reasoning", "output.delta"])
        #expect(try run.answer == "Hello world, how are you")
    }

    @Test("summaries that are switched off are empty and cost no call")
    func switchedOff() throws {
        var run = PipelineRun(prompt: false, reasoning: false)
        #expect(!run.pipeline.wantsPromptSummary)
        run.receive(Payload.reasoning("r"), Payload.content("x"), Payload.done)
        #expect(run.pipeline.nextReasoningPart() == nil)
        #expect(try run.events.map { $0.data["source"] as? String }.prefix(2) == ["none", "none"])
        #expect(try run.answer == "x")
    }

    @Test("reasoning after the answer has begun is kept out of it and counted")
    func lateReasoning() throws {
        var run = PipelineRun(instruction: nil)
        run.summarizePrompt()
        run.receive(Payload.content("x"), Payload.reasoning("late"), Payload.content("y"), Payload.done)
        #expect(try run.answer == "xy")
        #expect(run.pipeline.progress.lateReasoningCharacters == 4)
    }

    @Test("white space alone is no reasoning")
    func blankReasoning() throws {
        var run = PipelineRun()
        run.summarizePrompt()
        run.receive(Payload.content("<analysis>\n\n</analysis><final>x</final>"), Payload.finish(), Payload.done)
        #expect(try run.names == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"])
    }
}

@Suite("Faults of the upstream")
struct RequestPipelineFaultTests {
    @Test("with nothing received, the documented sequence of events")
    func upstreamDown() throws {
        var run = PipelineRun()
        run.fail(StreamFault(code: "upstream_error", message: "refused", detail: "connect"))
        #expect(try run.names == ["error", "summary.prompt", "summary.reasoning", "error", "output.done"])
        let events = try run.events
        #expect(events[0].data["stage"] as? String == "prompt_summary")
        #expect(events[0].data["fatal"] as? Bool == false)
        #expect(events[1].text == "First sentence. Second sentence.")
        #expect(events[1].data["source"] as? String == "extract")
        #expect(events[2].text == "")
        #expect(events[3].data["stage"] as? String == "upstream_stream")
        #expect(events[3].data["fatal"] as? Bool == true)
        #expect(
            events[3].data["detail"] as? String == "connect; received 0 characters of reasoning and 0 of the answer")
    }

    @Test("the held answer is flushed before the error, and what was received is told")
    func flushesHeld() throws {
        var run = PipelineRun()
        run.receive(Payload.content("<analysis>think</analysis><final>part"))
        run.fail()
        #expect(
            try run.names == [
                "error", "summary.prompt", "error", "summary.reasoning", "output.delta", "error", "output.done",
            ])
        let detail = try run.events[5].data["detail"] as? String
        #expect(detail?.hasSuffix("received 5 characters of reasoning and 4 of the answer") == true)
    }

    @Test("a cut inside a tag leaks no part of it", arguments: 1..."<analysis>".count - 1)
    func cutInsideTag(length: Int) throws {
        var run = PipelineRun()
        run.receive(Payload.content(String("<analysis>".prefix(length))))
        run.fail()
        #expect(try run.answer == "")
    }

    @Test(
        "what is not a chunk is a fault, and nothing of it is used",
        arguments: ["", "{", "nonsense", "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]", "[]", "\u{1}"])
    func malformed(_ payload: String) {
        var run = PipelineRun()
        run.receive(payload)
        #expect(run.faults.count == 1)
        #expect(!run.pipeline.hasUsedUpstream)
    }

    @Test("an error event is a fault that carries the upstream's words")
    func errorEvent() {
        var run = PipelineRun()
        run.receive(#"{"error":{"message":"overloaded","code":529}}"#)
        #expect(run.faults.first?.detail.contains("overloaded") == true)
    }

    @Test("an end with a finish reason, but without [DONE], is complete; without either it is not")
    func endings() {
        var complete = PipelineRun()
        complete.receive(Payload.content("x"), Payload.finish())
        complete.close()
        #expect(complete.faults.isEmpty && complete.pipeline.upstreamEnded)
        var cut = PipelineRun()
        cut.receive(Payload.content("x"))
        cut.close()
        #expect(cut.faults == [.truncated] && !cut.pipeline.upstreamEnded)
    }

    @Test("only a role is nothing used; text, reasoning and an end are")
    func used() {
        var run = PipelineRun()
        run.receive(#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#)
        #expect(!run.pipeline.hasUsedUpstream)
        for payload in [Payload.reasoning("r"), Payload.finish(), Payload.content("long enough to be seen")] {
            var run = PipelineRun(instruction: nil)
            run.receive(payload)
            #expect(run.pipeline.hasUsedUpstream, "\(payload)")
        }
    }

    @Test("nothing is written after the end, whatever still comes")
    func nothingAfterEnd() throws {
        var run = PipelineRun()
        run.summarizePrompt()
        run.receive(Payload.content("<final>x</final>"), Payload.done)
        let count = run.output.count
        run.receive(Payload.content("y"), Payload.done)
        run.summarizeReasoning()
        run.fail()
        run.close()
        #expect(run.output.count == count)
    }
}

@Suite("Odd upstreams")
struct RequestPipelineOddityTests {
    @Test("what rides on a thought is neither shown nor held")
    func logprobsOfReasoning() throws {
        var run = PipelineRun()
        for _ in 0..<1000 {
            run.receive(
                #"{"choices":[{"delta":{"reasoning":"r","x":1},"logprobs":{"content":[{"token":"secret"}]}}]}"#)
        }
        #expect(run.pipeline.heldBytes == 0)
        run.receive(Payload.content("x"), Payload.done)
        run.summarizePrompt()
        run.summarizeReasoning()
        #expect(!String(decoding: run.output, as: UTF8.self).contains("secret"))
        #expect(try run.answer == "x")
    }

    @Test("white space before the reasoning fields does not end the reasoning")
    func leadingWhiteSpace() throws {
        for instruction in ["use tags", nil] {
            var run = PipelineRun(instruction: instruction)
            run.receive(Payload.content("\n"), Payload.reasoning("a"), Payload.reasoning("b"))
            #expect(!run.pipeline.reasoningEnded)
            run.receive(Payload.content("x"))
            #expect(run.pipeline.nextReasoningPart()?.text == "ab")
        }
    }

    @Test("a closing message that repeats the whole text is not the answer again")
    func repeatedMessage() throws {
        var run = PipelineRun()
        run.summarizePrompt()
        run.receive(
            Payload.content("Paris."),
            #"{"choices":[{"index":0,"message":{"content":"Paris."},"finish_reason":"stop"}]}"#, Payload.done)
        #expect(try run.answer == "Paris.")
    }

    @Test("text that was held comes before the text of the chunk that released it")
    func releasedInOrder() throws {
        var run = PipelineRun()
        run.summarizePrompt()
        run.receive(
            Payload.content("Hello "), #"{"choices":[{"delta":{"reasoning":"r","content":"world"}}]}"#, Payload.done)
        run.summarizeReasoning()
        #expect(try run.answer == "Hello world")
    }

    @Test("a shutdown while only a summary is awaited keeps the whole answer, and its end")
    func shutdownAfterEnd() throws {
        var run = PipelineRun()
        run.summarizePrompt()
        run.receive(Payload.content("<analysis>a</analysis><final>x</final>"), Payload.finish(), Payload.done)
        #expect(!run.pipeline.isDone)
        run.fail(StreamFault(code: "shutting_down", message: "", detail: ""))
        #expect(
            try run.names == ["summary.prompt", "error", "summary.reasoning", "output.delta", "output.done"])
        #expect(try run.events.last?.data["status"] as? String == "completed")
    }
}
