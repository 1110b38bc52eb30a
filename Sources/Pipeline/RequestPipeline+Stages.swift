internal import JSON

/// The four stages, for one chunk and for the end of the stream.
extension RequestPipeline {
    mutating func take(_ chunk: UpstreamChunk, of payload: Span<UInt8>, into output: inout [UInt8]) {
        note(chunk, of: payload)
        let choice = chunk.choice
        // Some servers close a stream with a message that repeats all of it.
        let isRepetition = choice.isWholeMessage && deltasSeen
        if !choice.isWholeMessage, choice.carriesAnything { deltasSeen = true }
        noteFinish(choice, of: payload)
        guard !isRepetition else { return }
        splitter.split(choice, of: payload, answer: &delta, reasoning: &reasoning)
        collectAdopted(choice, of: payload)
        let startsAnswer = choice.startsAnswer(payload)
        if !reasoningEnded, !startsAnswer, splitter.isThinking || choice.reasoning != nil {
            // What rides on a thought is part of it: shown, it would tell the thought; held, it could fill the buffer
            // before the reasoning's end.
            delta.members.removeAll(keepingCapacity: true)
            delta.logprobs.removeAll(keepingCapacity: true)
            heldLogprobs = DeltaAccumulator()
        }
        joinLogprobs(mayWait: true)
        if !answerHasText { answerHasText = !EscapedText.isBlank(delta.escapedText.span) }
        let used = !reasoning.isEmpty || !delta.isEmpty || finishReason != nil
        if used { hasUsedUpstream = true }
        collectReasoning()
        // White space alone, as some servers send it ahead of their reasoning fields, is no answer yet.
        if startsAnswer || splitter.hasOpenedAnswer || splitter.isAnswering && answerHasText { endReasoning() }
        if reasoningSummary.isSent {
            emitDelta(into: &output)
        } else {
            hold()
            emit(into: &output)
        }
    }

    mutating func endUpstream(into output: inout [UInt8]) {
        finishSplitting(.complete)
        let reason = finishReason ?? Array("stop".utf8)
        progress.finishReason = String(decoding: reason, as: UTF8.self)
        end = (OutputEnd(escapedFinishReason: reason, usage: usage, isComplete: true), nil)
        endReasoning()
        emit(into: &output)
    }

    mutating func finishSplitting(_ end: StreamEnd) {
        let stopped = finishReason.map { $0 == Array("stop".utf8) } ?? true
        splitter.finish(end, stopped: stopped, answer: &delta, reasoning: &reasoning)
        if splitter.recoveredAll { forgetReasoning() }
        collectReasoning()
        joinLogprobs(mayWait: false)
        hold()
        progress.recovered = splitter.recovered
        progress.format = splitter.formatName
        progress.recoveryAbandoned = splitter.recoveryAbandoned
    }

    private mutating func note(_ chunk: UpstreamChunk, of payload: Span<UInt8>) {
        if !hasServiceTier, let tier = chunk.serviceTier {
            hasServiceTier = true
            adopt(#""service_tier":"#, tier, of: payload)
        }
        if !hasSystemFingerprint, let fingerprint = chunk.systemFingerprint {
            hasSystemFingerprint = true
            adopt(#""system_fingerprint":"#, fingerprint, of: payload)
        }
        guard let range = chunk.usage else { return }
        usage.removeAll()
        UpstreamChoice.append(json: range, of: payload, to: &usage)
    }

    private mutating func adopt(_ name: StaticString, _ value: JSONValue, of payload: Span<UInt8>) {
        var member: [UInt8] = []
        member.append(name)
        UpstreamChoice.append(json: value.range, of: payload, to: &member)
        encoder.adopt(chunkMember: member.span)
    }

    private mutating func noteFinish(_ choice: UpstreamChoice, of payload: Span<UInt8>) {
        guard let reason = choice.finishReason else { return }
        finishReason = []
        finishReason?.append(contentsOf: payload.extracting(reason.text))
    }

    /// Log probabilities go with their text: some clients drop a chunk that has nothing else.
    private mutating func joinLogprobs(mayWait: Bool) {
        if mayWait, delta.escapedText.isEmpty, delta.members.isEmpty {
            guard heldLogprobs.bytes < Self.heldLogprobsBytes, !delta.logprobs.isEmpty else { return }
            let logprobs = takeLogprobs()
            heldLogprobs.add(object: logprobs.span)
        } else if !heldLogprobs.isEmpty {
            let last = takeLogprobs()
            if !last.isEmpty { heldLogprobs.add(object: last.span) }
            var all: [UInt8] = [UInt8(ascii: "{")]
            heldLogprobs.append(to: &all)
            all.append(UInt8(ascii: "}"))
            delta.logprobs = all
            heldLogprobs = DeltaAccumulator()
        }
    }

    private mutating func takeLogprobs() -> [UInt8] {
        var logprobs: [UInt8] = []
        swap(&logprobs, &delta.logprobs)
        return logprobs
    }

    /// More is not waited for.
    private static let heldLogprobsBytes = 1 << 20

    // MARK: Buffer

    private mutating func hold() {
        guard !delta.isEmpty else { return }
        let piece = takeDelta()
        count(piece)
        buffer.append(text: piece.escapedText.span, extras: piece.members.span, logprobs: piece.logprobs.span)
        reuse(piece)
    }

    private mutating func emitDelta(into output: inout [UInt8]) {
        guard !delta.isEmpty else { return }
        let piece = takeDelta()
        count(piece)
        encoder.outputDelta(
            piece.escapedText.span, members: piece.members.span, logprobs: piece.logprobs.span, to: &output)
        progress.outputBegun = true
        reuse(piece)
    }

    private mutating func takeDelta() -> OutputDelta {
        var piece = OutputDelta()
        swap(&piece, &delta)
        return piece
    }

    /// The storage serves the next piece.
    private mutating func reuse(_ piece: consuming OutputDelta) {
        piece.removeAll()
        delta = piece
    }

    private mutating func count(_ delta: OutputDelta) {
        progress.deltas &+= 1
        progress.answerCharacters &+= EscapedText.characters(delta.escapedText.span)
        guard settings.loggedCharacters > 0, progress.loggedAnswer.utf8.count < settings.loggedCharacters else {
            return
        }
        progress.loggedAnswer += EscapedText.string(delta.escapedText.span)
    }

    // MARK: Summarize

    private mutating func collectReasoning() {
        guard !reasoning.isEmpty else { return }
        var piece: [UInt8] = []
        swap(&piece, &reasoning)
        if reasoningEnded {
            progress.lateReasoningCharacters &+= EscapedText.scalars(piece.span)
        } else {
            parts.append(piece.span)
            progress.reasoningCharacters = parts.characters
        }
        piece.removeAll(keepingCapacity: true)
        reasoning = piece
    }

    private mutating func collectAdopted(_ choice: UpstreamChoice, of payload: Span<UInt8>) {
        guard settings.usesReasoningFields, !reasoningEnded, let summary = choice.reasoningSummary else { return }
        var text: [UInt8] = []
        summary.append(of: payload, to: &text)
        adopted.append(text.span)
    }

    mutating func endReasoning() {
        guard !reasoningEnded else { return }
        reasoningEnded = true
        parts.end()
        concludeReasoning()
    }

    // MARK: Emit

    /// Writes all that the order of events allows by now.
    mutating func emit(into output: inout [UInt8]) {
        promptSummary = emit(promptSummary, .prompt, into: &output)
        guard promptSummary.isSent else { return }
        reasoningSummary = emit(reasoningSummary, .reasoning, into: &output)
        guard reasoningSummary.isSent else { return }
        drainBuffer(into: &output)
        guard case (var end, let error)? = end, !isDone else { return }
        end.summaryUsage = summaryUsage
        if let error { encoder.error(error, to: &output) }
        progress.fault = error
        encoder.done(end, to: &output)
        isDone = true
    }

    private mutating func emit(
        _ line: SummaryLine, _ subject: SummaryPrompts.Subject, into output: inout [UInt8]
    ) -> SummaryLine {
        var line = line
        if let piece = line.takePiece() {
            encoder.summaryDelta(subject, piece.text, index: piece.index, to: &output)
        }
        guard let (summary, error, shown) = line.takeSummary() else { return line }
        if let error {
            progress.failedSummaries.append(error)
            encoder.error(error, to: &output)
        }
        encoder.summary(subject, summary, shown: shown, to: &output)
        if subject == .prompt { progress.promptSummary = summary } else { progress.reasoningSummary = summary }
        return line
    }

    private mutating func drainBuffer(into output: inout [UInt8]) {
        guard !buffer.isEmpty else { return }
        progress.outputBegun = true
        buffer.drain { text, members, logprobs in
            encoder.outputDelta(text, members: members, logprobs: logprobs, to: &output)
        }
    }
}
