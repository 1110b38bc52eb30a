internal import EventLoop
internal import HTTPTypes
internal import Outbound
internal import Pipeline

/// Calls A and C: the summaries.
extension CompletionSession {
    /// Bytes of a summary model's answer.
    private static let summaryLimit = 1 << 20

    func summarizePrompt() async {
        guard pipeline.wantsPromptSummary else { return }
        let text = request.promptText(maximumCharacters: configuration.summary.maxPromptCharacters)
        let result = await summary(.prompt, of: text)
        guard !Task.isCancelled else { return }
        advance { pipeline, output in pipeline.promptSummarized(result, into: &output) }
    }

    func summarizeReasoning() async {
        guard let text = await reasoningEnded(), !Task.isCancelled else { return }
        let result = await summary(.reasoning, of: text)
        guard !Task.isCancelled else { return }
        advance { pipeline, output in pipeline.reasoningSummarized(result, into: &output) }
    }

    /// One summary within its whole budget, retries and backoff included (`SUMMARY_TIMEOUT`).
    private func summary(_ subject: SummaryPrompts.Subject, of text: String) async -> SummaryOutcome {
        let body = SummaryCall.body(
            subject, of: text, prompts: SummaryPrompts(), model: configuration.summaryModel(for: request),
            maximumTokens: configuration.summary.maxTokens)
        let call = target.summary(RequestBody(body))
        let budget = configuration.summary.timeout
        return await withTaskGroup(of: SummaryOutcome?.self) { group in
            group.addTask { await self.attempts(call, subject) }
            group.addTask {
                guard (try? await self.reactor.sleep(for: budget)) != nil else { return nil }
                return .failed(detail: "timeout")
            }
            defer { group.cancelAll() }
            while let result = await group.next() {
                if let result { return result }
            }
            return .failed(detail: "cancelled")
        }
    }

    private func attempts(_ call: UpstreamRequest, _ subject: SummaryPrompts.Subject) async -> SummaryOutcome? {
        let policy = configuration.retryPolicy
        var retries = 0
        while !Task.isCancelled {
            let (outcome, retryable, retryAfter) = await attempt(call)
            guard case .failed(let detail) = outcome else { return outcome }
            let delay =
                retryable ? policy.delay(retries: retries, retryAfter: retryAfter, jitter: .random(in: 0...1)) : nil
            guard let delay else { return outcome }
            retries += 1
            warnOfRetry(subject.stage.rawValue, detail, delay: delay, retry: retries)
            guard (try? await reactor.sleep(for: delay)) != nil else { return nil }
        }
        return nil
    }

    private func attempt(_ call: UpstreamRequest) async -> (SummaryOutcome, retryable: Bool, retryAfter: Duration?) {
        do throws(UpstreamFailure) {
            let transfer = try Transfer(call, on: worker.multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            let body = try await transfer.readAll(limit: Self.summaryLimit)
            guard (200..<300).contains(head.status) else {
                // A summary may well wait out a rate limit: its budget bounds that.
                let retryable = RetryPolicy.isRetryable(status: head.status) || head.status == 429
                let retryAfter = RetryPolicy.parse(retryAfter: head.headerFields[.retryAfter])
                return (.failed(detail: "HTTP status \(head.status)"), retryable, retryAfter)
            }
            return (SummaryCall.outcome(body.span), false, nil)
        } catch {
            return (.failed(detail: "\(error.kind.rawValue): \(error.detail)"), error.isRetryable, nil)
        }
    }
}
