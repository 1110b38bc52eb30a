internal import HTTPTypes
internal import Outbound
internal import Pipeline
internal import ServerSentEvents

/// How one attempt of a summary call ended.
struct SummaryAttempt {
    var result: CompletionSession.SummaryResult
    var isRetryable = false
    var retryAfter: Duration?
}

extension CompletionSession {
    /// Bytes of a summary model's answer.
    private static let summaryLimit = 1 << 20

    private var expectation: TextExpectation { configuration.summaryExpectation(of: summaryCapabilities) }

    /// An attempt at the summaries' own endpoint, or at a member of the upstream's pool. It does not judge the member: the
    /// summary model may fail where the model behind the answers works, and the other way round.
    /// - Parameters:
    ///   - tried: members of earlier attempts; this one's is appended.
    ///   - words: told the words of a streamed summary as they come.
    func attempt(
        _ body: RequestBody, _ tried: inout [Int], _ words: @Sendable (String) -> Void
    ) async -> SummaryAttempt {
        if let own = configuration.summary.baseURL {
            tried.append(0)
            return await attempt(target.summary(body, at: own), words)
        }
        let upstreams = worker.shared.upstreams
        let lease = upstreams.lease(tried: tried, mayProbe: false)
        defer { upstreams.end(lease) }
        tried.append(lease.member)
        return await attempt(target.summary(body, at: lease.baseURL), words)
    }

    private func attempt(_ call: UpstreamRequest, _ words: @Sendable (String) -> Void) async -> SummaryAttempt {
        do throws(UpstreamFailure) {
            let transfer = try Transfer(call, on: worker.summaries.multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            guard (200..<300).contains(head.status) else {
                _ = try? await transfer.readAll(limit: Self.summaryLimit)
                // A summary may well wait out a rate limit: its budget bounds that.
                return SummaryAttempt(
                    result: (.failed(detail: "HTTP status \(head.status)"), nil),
                    isRetryable: RetryPolicy.isRetryable(status: head.status) || head.status == 429,
                    retryAfter: RetryPolicy.parse(retryAfter: head.headerFields[.retryAfter]))
            }
            guard configuration.summary.streams else {
                let body = try await transfer.readAll(limit: Self.summaryLimit)
                return SummaryAttempt(result: SummaryCall.outcome(body.span, expecting: expectation))
            }
            return try await streamed(transfer, words)
        } catch {
            return SummaryAttempt(
                result: (.failed(detail: "\(error.kind.rawValue): \(error.detail)"), nil),
                isRetryable: error.isRetryable)
        }
    }

    private func streamed(
        _ transfer: Transfer, _ words: @Sendable (String) -> Void
    ) async throws(UpstreamFailure) -> SummaryAttempt {
        var summary = StreamedSummary(expectation)
        var decoder = EventStreamDecoder(maximumEventBytes: Self.summaryLimit)
        var bytes: [UInt8] = []
        var isFirst = true
        var shown = false
        func show(_ text: String) {
            guard !text.isEmpty else { return }
            shown = true
            words(text)
        }
        do throws(UpstreamFailure) {
            while !summary.isDone, try await transfer.read(into: &bytes) {
                if isFirst, let first = bytes.first(where: { $0 > 0x20 }) {
                    isFirst = false
                    if first == UInt8(ascii: "{") {
                        let body = bytes + (try await transfer.readAll(limit: Self.summaryLimit))
                        return SummaryAttempt(result: SummaryCall.outcome(body.span, expecting: expectation))
                    }
                }
                var position = 0
                do throws(EventStreamError) {
                    while let event = try decoder.next(bytes.span, &position) {
                        show(event.withData(in: bytes.span) { data in summary.receive(data) })
                    }
                } catch {
                    return SummaryAttempt(result: (.failed(detail: "the summary model sent too large an event"), nil))
                }
            }
        } catch {
            // What was shown cannot be taken back.
            return SummaryAttempt(
                result: (.failed(detail: "\(error.kind.rawValue): \(error.detail)"), summary.usage),
                isRetryable: error.isRetryable && !shown)
        }
        if summary.isDone { transfer.endInBackground() }
        let end = summary.finish()
        show(end.words)
        return SummaryAttempt(result: (end.outcome, summary.usage))
    }
}
