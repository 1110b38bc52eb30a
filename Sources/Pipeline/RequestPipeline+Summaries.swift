/// The third stage: what is to be summarised, and what becomes of it. Its user makes the calls.
extension RequestPipeline {
    // MARK: The prompt

    /// Whether the prompt's summary is still awaited.
    public var wantsPromptSummary: Bool { promptSummary.isAwaited }

    /// Words of the prompt's summary, which is not whole yet.
    public mutating func promptSummaryPiece(_ text: String, into output: inout [UInt8]) {
        promptSummary.append(text)
        emit(into: &output)
    }

    /// The prompt's summary is known, or is not to be had.
    /// - Parameter source: who made it, if there is one.
    public mutating func promptSummarized(
        _ outcome: SummaryOutcome, source: SummarySource = .model, usage: TokenUsage? = nil,
        into output: inout [UInt8]
    ) {
        guard promptSummary.isAwaited else { return }
        summaryUsage.prompt = usage
        switch outcome {
        case .text(let text): promptSummary.settle(Summary(text: text, source: source))
        case .failed(let detail): giveUpPrompt(detail)
        }
        emit(into: &output)
    }

    private mutating func giveUpPrompt(_ detail: String) {
        let error = StreamError(stage: .promptSummary, message: "prompt summary failed", detail: detail)
        // Words that were shown stay; else the text speaks for itself.
        let text = promptSummary.text.isEmpty ? FallbackExtract.summary(of: settings.promptFallback()) : ""
        let source: SummarySource =
            !promptSummary.text.isEmpty ? .model : text.isEmpty ? .none : .extract
        promptSummary.settle(Summary(text: text, source: source), error)
    }

    // MARK: The reasoning

    /// The part of the reasoning whose summary is wanted now, if there is one. `reasoningPartSummarized` must follow.
    public mutating func nextReasoningPart() -> ReasoningParts.Part? {
        guard settings.summarizesReasoning, reasoningSummary.isAwaited, adopted.isBlank else { return nil }
        return parts.next()
    }

    /// Whether `nextReasoningPart` would give one.
    public var reasoningPartIsDue: Bool {
        settings.summarizesReasoning && reasoningSummary.isAwaited && adopted.isBlank && parts.isDue
    }

    /// Whether no summary of the reasoning is awaited any more.
    public var reasoningIsSettled: Bool { !reasoningSummary.isAwaited }

    /// Whether `rollingIntervalPassed` shall be called, `ROLLING_INTERVAL` after the last part began or the text came.
    public var awaitsRollingInterval: Bool {
        settings.summarizesReasoning && adopted.isBlank && reasoningSummary.isAwaited && parts.awaitsInterval
    }

    public mutating func rollingIntervalPassed() { parts.intervalDidPass() }

    /// Words of the present part's summary, which is not whole yet.
    public mutating func reasoningPartPiece(_ text: String, into output: inout [UInt8]) {
        guard reasoningSummary.isAwaited, !text.isEmpty else { return }
        showPiece(text, beginsPart: !partShown)
        partShown = true
        emit(into: &output)
    }

    /// The present part's summary is known, or is not to be had.
    public mutating func reasoningPartSummarized(
        _ outcome: SummaryOutcome, usage: TokenUsage? = nil, into output: inout [UInt8]
    ) {
        guard reasoningSummary.isAwaited else { return }
        count(usage)
        switch outcome {
        case .text(let text):
            parts.finished(text)
            if reasoningEnded, reasoningSummary.text.isEmpty {
                // The whole summary in one: nothing has to be shown in pieces.
                if parts.conclusion == .complete { reasoningSummary.settle(Summary(text: text, source: .model)) }
            }
            if !partShown { showPiece(text, beginsPart: true) }
            partFailure = nil
        case .failed(let detail):
            partFailure = detail
            if partShown { parts.finished("") } else { parts.failed() }
            if reasoningEnded { giveUpReasoning(detail) }
        }
        partShown = false
        concludeReasoning()
        emit(into: &output)
    }

    /// `SUMMARY_HOLD` has passed since the reasoning ended: the answer waits no longer.
    public mutating func summaryHoldPassed(into output: inout [UInt8]) {
        guard reasoningEnded, reasoningSummary.isAwaited else { return }
        giveUpReasoning(partFailure ?? "the answer waited no longer")
        emit(into: &output)
    }

    /// Parts are parted by a blank line.
    private mutating func showPiece(_ text: String, beginsPart: Bool) {
        reasoningSummary.append(beginsPart && !reasoningSummary.text.isEmpty ? "\n\n" + text : text)
    }

    private mutating func count(_ usage: TokenUsage?) {
        guard let usage else { return }
        var sum = usage
        if let earlier = summaryUsage.reasoning { sum.add(earlier) }
        summaryUsage.reasoning = sum
    }

    /// Ends the summary when the reasoning has ended and enough of it is summarised.
    mutating func concludeReasoning() {
        guard reasoningEnded, reasoningSummary.isAwaited else { return }
        if !adopted.isBlank {
            reasoningSummary.settle(Summary(text: adopted.text.trimmingWhiteSpace(), source: .upstream))
        } else if !settings.summarizesReasoning || parts.isBlank {
            reasoningSummary.settle(.empty)
        } else {
            switch parts.conclusion {
            case .complete: reasoningSummary.settle(Summary(text: "", source: .model))
            case .extract(let rest): settleWithExtract(of: rest, partFailure)
            case nil: break
            }
        }
    }

    /// What is summarised so far, and an extract of the rest.
    private mutating func giveUpReasoning(_ detail: String) {
        settleWithExtract(of: parts.rest, detail)
    }

    private mutating func settleWithExtract(of rest: String, _ failure: String?) {
        let extract = FallbackExtract.summary(of: rest)
        let error = failure.map {
            StreamError(stage: .reasoningSummary, message: "reasoning summary failed", detail: $0)
        }
        if !reasoningSummary.text.isEmpty, !extract.isEmpty { showPiece(extract, beginsPart: true) }
        let isEmpty = extract.isEmpty && reasoningSummary.text.isEmpty
        reasoningSummary.settle(Summary(text: extract, source: isEmpty ? .none : .extract), error)
    }

    /// What was taken for reasoning was the answer. What was shown of its summary stays.
    mutating func forgetReasoning() {
        reasoning.removeAll()
        parts = ReasoningParts(
            rollingCharacters: settings.rollingCharacters, maximumCharacters: settings.reasoningCharacters)
        progress.reasoningCharacters = 0
    }

    /// A fatal error comes last, so what is missing before it is filled in at once.
    mutating func giveUpSummaries() {
        let detail = "the answer ended before its summary was made"
        if promptSummary.isAwaited { giveUpPrompt(detail) }
        endReasoning()
        if reasoningSummary.isAwaited { giveUpReasoning(detail) }
    }
}
