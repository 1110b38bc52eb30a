internal import EventLoop
internal import HTTPTypes
internal import Outbound
internal import Pipeline

/// Calls A and C: the summaries.
extension CompletionSession {
    /// A call's result, and the tokens it took.
    typealias SummaryResult = (outcome: SummaryOutcome, usage: TokenUsage?)

    // MARK: The prompt

    func summarizePrompt() async {
        guard pipeline.wantsPromptSummary else { return }
        let text = request.promptText(maximumCharacters: configuration.summary.maxPromptCharacters)
        if configuration.summary.promptMode == .auto, let own = request.ownSummary(promptText: text) {
            return advance { pipeline, output in
                pipeline.promptSummarized(.text(own), source: .extract, into: &output)
            }
        }
        guard !worker.summaries.cache.isOff else {
            _ = await callForPrompt(text)
            return
        }
        let model = configuration.summaryModel(for: request)
        let key = PromptSummaryCache.Key(
            text: text, model: model, prompt: configuration.summary.prompts.userMessage(for: .prompt, text: ""))
        if let maker = worker.summaries.cache.maker(of: key) { await maker.wait() }
        if let kept = worker.summaries.cache.summary(key) {
            return advance { pipeline, output in
                pipeline.promptSummarized(.text(kept), source: .cached, into: &output)
            }
        }
        guard worker.summaries.cache.maker(of: key) == nil else {
            _ = await callForPrompt(text)
            return
        }
        worker.summaries.cache.begin(key)
        let outcome = await callForPrompt(text)
        if case .text(let summary) = outcome {
            worker.summaries.cache.end(key, summary)
        } else {
            worker.summaries.cache.end(key, nil)
        }
    }

    private func callForPrompt(_ text: String) async -> SummaryOutcome {
        let result = await summary(.prompt, of: text) { words in
            self.assumeIsolated { session in
                session.advance { pipeline, output in pipeline.promptSummaryPiece(words, into: &output) }
            }
        }
        guard !Task.isCancelled else { return .failed(detail: "cancelled") }
        advance { pipeline, output in
            pipeline.promptSummarized(result.outcome, usage: result.usage, into: &output)
        }
        return result.outcome
    }

    // MARK: The reasoning

    func summarizeReasoning() async {
        while !Task.isCancelled, !pipeline.reasoningIsSettled {
            guard let part = nextPart() else {
                await partsChanged.wait()
                continue
            }
            let result = await summary(.reasoning, of: part.text, context: part.context) { words in
                self.assumeIsolated { session in
                    session.advance { pipeline, output in pipeline.reasoningPartPiece(words, into: &output) }
                }
            }
            guard !Task.isCancelled else { return }
            advance { pipeline, output in
                pipeline.reasoningPartSummarized(result.outcome, usage: result.usage, into: &output)
            }
        }
    }

    // MARK: Calls

    /// One summary within its whole budget, retries, backoff and the wait for a place included (`SUMMARY_TIMEOUT`).
    private func summary(
        _ subject: SummaryPrompts.Subject, of text: String, context: String = "",
        words: @escaping @Sendable (String) -> Void
    ) async -> SummaryResult {
        let settings = configuration.summary
        let body = SummaryCall.body(
            subject, of: text, context: context, prompts: settings.prompts,
            model: configuration.summaryModel(for: request), streamed: settings.streams,
            maximumTokens: settings.maxTokens, extraMembers: summaryCapabilities.summaryBody)
        let call = RequestBody(body)
        return await withTaskGroup(of: SummaryResult?.self) { group in
            group.addTask {
                guard await self.worker.summaries.enter() else { return nil }
                let result = await self.attempts(call, subject, words)
                self.worker.summaries.leave()
                self.count(result)
                return result
            }
            group.addTask {
                guard (try? await self.reactor.sleep(for: settings.timeout)) != nil else { return nil }
                self.worker.shared.summaries.note(failed: true)
                return (.failed(detail: "timeout"), nil)
            }
            if subject == .reasoning {
                // The answer may be waiting no longer.
                group.addTask {
                    await self.reasoningSettled.wait()
                    return (.failed(detail: "not needed any more"), nil)
                }
            }
            defer { group.cancelAll() }
            while let result = await group.next() {
                if let result { return result }
            }
            return (.failed(detail: "cancelled"), nil)
        }
    }

    /// What was cancelled, and so has no result, tells nothing of the summary model.
    private nonisolated func count(_ result: SummaryResult?) {
        guard let result, !Task.isCancelled else { return }
        if case .failed = result.outcome {
            worker.shared.summaries.note(failed: true)
        } else {
            worker.shared.summaries.note(failed: false)
        }
    }

    private func attempts(
        _ call: RequestBody, _ subject: SummaryPrompts.Subject, _ words: @Sendable (String) -> Void
    ) async -> SummaryResult? {
        let policy = configuration.retryPolicy
        let budget = worker.shared.summaryRetryBudget
        var tried: [Int] = []
        budget.noteAttempt()
        while !Task.isCancelled {
            let attempt = await attempt(call, &tried, words)
            guard case .failed(let detail) = attempt.result.outcome else { return attempt.result }
            let retry = tried.count
            let delay =
                attempt.isRetryable
                ? policy.delay(retries: retry - 1, retryAfter: attempt.retryAfter, jitter: .random(in: 0...1)) : nil
            guard let delay, mayRetry(subject.stage.rawValue, budget) else { return attempt.result }
            warnOfRetry(subject.stage.rawValue, detail, delay: delay, retry: retry)
            guard (try? await reactor.sleep(for: delay)) != nil else { return nil }
        }
        return nil
    }
}
