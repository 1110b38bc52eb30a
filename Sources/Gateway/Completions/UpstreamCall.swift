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
        var retries = 0
        while true {
            note { $0.attempts += 1 }
            let attempt = await attempt(target.completion(body))
            guard case .failed(let fault, let retryable, let retryAfter) = attempt, !Task.isCancelled else { return }
            let delay =
                retryable && !pipeline.hasUsedUpstream
                ? policy.delay(retries: retries, retryAfter: retryAfter, jitter: .random(in: 0...1)) : nil
            guard let delay else { return fail(fault.hiding(configuration.upstreamSecrets)) }
            retries += 1
            warnOfRetry("upstream", fault.cause, delay: delay, retry: retries)
            guard (try? await reactor.sleep(for: delay)) != nil else { return }
            restartUpstream()
        }
    }

    private func attempt(_ request: UpstreamRequest) async -> Attempt {
        do throws(UpstreamFailure) {
            let transfer = try Transfer(request, on: worker.multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            note { $0.upstreamStatus = head.status }
            guard (200..<300).contains(head.status) else { return try await refusal(transfer, head) }
            upstreamAccepted()
            return try await answer(transfer)
        } catch {
            return .failed(StreamFault(error), retryable: error.isRetryable, retryAfter: nil)
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
            await room()
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

extension StreamFault {
    init(_ failure: UpstreamFailure) {
        let timedOut = [.connectTimeout, .headSilence, .bodySilence].contains(failure.kind)
        self.init(
            code: timedOut ? "upstream_timeout" : "upstream_error",
            message: timedOut ? "The upstream did not answer in time." : "The upstream could not be read.",
            detail: "\(failure.kind.rawValue): \(failure.detail)")
    }
}
