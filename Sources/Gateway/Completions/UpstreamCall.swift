internal import EventLoop
internal import HTTPTypes
internal import Logging
internal import Outbound
internal import Pipeline
internal import ServerSentEvents

/// Call B: the answer itself, streamed through the pipeline.
extension CompletionSession {
    /// Bytes of an upstream's refusal that are read.
    private static let refusalLimit = 64 << 10
    /// Bytes of a plain JSON answer, or of one event, in place of a stream of small ones.
    static let answerLimit = 16 << 20

    /// How one attempt ended.
    private enum Attempt {
        /// The pipeline has all it needs, or there is no one left to give it to.
        case over
        case failed(StreamFault, retryable: Bool, retryAfter: Duration?)
    }

    func callUpstream() async {
        let settings = pipeline.settings
        let body = RequestBody(
            request.upstreamBody(
                instruction: settings.instruction, includeUsage: configuration.upstream.includeUsage,
                extraMembers: configuration.capabilities(for: request).extraBody))
        let policy = configuration.retryPolicy
        let deadline = limitDuration()
        defer { if let deadline { reactor.cancel(deadline) } }
        var tried: [Int] = []
        worker.shared.retryBudget.noteAttempt()
        while true {
            note { $0.attempts += 1 }
            let attempt = await attempt(body, &tried)
            guard case .failed(let fault, let retryable, let retryAfter) = attempt, !Task.isCancelled else { return }
            let retry = tried.count
            let delay =
                retryable && !pipeline.hasUsedUpstream
                ? policy.delay(retries: retry - 1, retryAfter: retryAfter, jitter: .random(in: 0...1)) : nil
            guard let delay, mayRetry("upstream", worker.shared.retryBudget) else {
                return fail(fault.hiding(configuration.upstreamSecrets))
            }
            warnOfRetry("upstream", fault.cause, delay: delay, retry: retry)
            awaitsHead = true
            guard (try? await reactor.sleep(for: delay)) != nil else { return }
            restartUpstream()
        }
    }

    private func attempt(_ body: RequestBody, _ tried: inout [Int]) async -> Attempt {
        let upstreams = worker.shared.upstreams
        let lease = upstreams.lease(tried: tried, mayProbe: true)
        defer { upstreams.end(lease) }
        tried.append(lease.member)
        note { $0.upstream = lease.baseURL }
        do throws(UpstreamFailure) {
            let transfer = try Transfer(target.completion(body, at: lease.baseURL), on: worker.multi)
            defer { transfer.close() }
            let head = try await head(of: transfer, lease)
            note { $0.upstreamStatus = head.status }
            guard (200..<300).contains(head.status) else { return try await refusal(transfer, head) }
            upstreamAccepted()
            return try await answer(transfer)
        } catch {
            return .failed(StreamFault(error, in: phase), retryable: error.isRetryable, retryAfter: nil)
        }
    }

    private func head(
        of transfer: Transfer, _ lease: UpstreamMembers.Lease
    ) async throws(UpstreamFailure) -> UpstreamResponseHead {
        do throws(UpstreamFailure) {
            let head = try await transfer.responseHead()
            awaitsHead = false
            worker.shared.upstreams.report(lease, status: head.status)
            return head
        } catch {
            worker.shared.upstreams.report(lease, error)
            throw error
        }
    }

    /// What the upstream is sending, or is expected to.
    private var phase: StreamPhase {
        if awaitsHead { return .head }
        return pipeline.reasoningEnded ? .answer : pipeline.hasUsedUpstream ? .reasoning : .start
    }

    /// Ends the stream when the whole answer takes too long (`MAX_STREAM_DURATION`).
    private func limitDuration() -> TimerToken? {
        let limit = configuration.upstream.maxStreamDuration
        guard limit > .zero else { return nil }
        return reactor.schedule(after: limit) { [weak self] in
            self?.assumeIsolated { session in session.fail(.tooLong(limit, in: session.phase)) }
        }
    }

    /// A stream of events or, from some servers, one JSON object: what they call it tells less than its first byte.
    private func answer(_ transfer: Transfer) async throws(UpstreamFailure) -> Attempt {
        var decoder = EventStreamDecoder(maximumEventBytes: Self.answerLimit)
        var bytes: [UInt8] = []
        var isFirst = true
        while try await transfer.read(into: &bytes) {
            if isFirst, let first = bytes.first(where: { $0 > 0x20 }) {
                isFirst = false
                if first == UInt8(ascii: "{") { return try await plainAnswer(bytes, transfer) }
            }
            if let fault = feed(bytes, to: &decoder) { return .failed(fault, retryable: false, retryAfter: nil) }
            if pipeline.upstreamEnded {
                transfer.endInBackground()
                return .over
            }
            if isCrowded {
                // Its storage is not kept for the time of the wait.
                bytes = []
                await room()
            }
        }
        let fault = feedEnd(of: &decoder)
        return fault.map { .failed($0, retryable: true, retryAfter: nil) } ?? .over
    }

    private func plainAnswer(
        _ beginning: [UInt8], _ transfer: Transfer
    ) async throws(UpstreamFailure) -> Attempt {
        let body = beginning + (try await transfer.readAll(limit: Self.answerLimit))
        var fault: StreamFault?
        advance { pipeline, output in fault = pipeline.receiveWhole(body.span, into: &output) }
        return fault.map { .failed($0, retryable: false, retryAfter: nil) } ?? .over
    }

    private func refusal(
        _ transfer: Transfer, _ head: UpstreamResponseHead
    ) async throws(UpstreamFailure) -> Attempt {
        let retryAfter = RetryPolicy.parse(retryAfter: head.headerFields[.retryAfter])
        let body = (try? await transfer.readAll(limit: Self.refusalLimit)) ?? []
        var fault = StreamFault(status: head.status, body: body.span)
        fault.retryAfter = head.headerFields[.retryAfter]
        return .failed(
            fault,
            retryable: RetryPolicy.isRetryable(status: head.status), retryAfter: retryAfter)
    }
}
