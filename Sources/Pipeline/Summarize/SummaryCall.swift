internal import JSON

/// How a summary call ended.
public enum SummaryOutcome: Sendable, Equatable {
    case text(String)
    /// The detail goes to the client: it holds no secret and no message text.
    case failed(detail: String)
}

/// A summary call as it goes over the wire (protocol.md, "Summary calls").
public enum SummaryCall {
    /// The request's body.
    /// - Parameters:
    ///   - context: summaries of what came before `text`, where a long text is summarised in parts.
    ///   - streamed: whether the answer shall be a stream (`SUMMARY_STREAM`).
    ///   - maximumTokens: `max_tokens`; 0: not sent.
    ///   - extraMembers: further members of the body, as the summary model's row has them.
    public static func body(
        _ subject: SummaryPrompts.Subject, of text: String, context: String = "", prompts: SummaryPrompts,
        model: String, streamed: Bool = false, maximumTokens: Int, extraMembers: [ChatRequest.ExtraMember] = []
    ) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: text.utf8.count + 1024)
        writer.beginObject()
        writer.key("model")
        writer.string(model)
        writer.key("messages")
        writer.beginArray()
        message("system", prompts.systemMessage(for: subject), to: &writer)
        message("user", prompts.userMessage(for: subject, text: text, context: context), to: &writer)
        writer.endArray()
        writer.key("stream")
        writer.bool(streamed)
        if maximumTokens > 0 {
            writer.key("max_tokens")
            writer.integer(maximumTokens)
        }
        for member in extraMembers {
            writer.key(member.name)
            writer.raw(member.json.utf8.span)
        }
        writer.endObject()
        return writer.bytes
    }

    /// What a successful answer's body says, and the tokens that it tells of.
    ///
    /// - Parameter expectation: what is known of the summary model's text, of whose reasoning nothing shall be shown.
    public static func outcome(
        _ body: Span<UInt8>, expecting expectation: TextExpectation
    ) -> (SummaryOutcome, TokenUsage?) {
        do throws(JSONError) {
            let answer = try UpstreamChunk(parsing: body)
            if answer.fault != nil { return (.failed(detail: StreamedSummary.errorDetail), nil) }
            var summary = StreamedSummary(expectation)
            _ = summary.take(answer, of: body)
            return (summary.finish().outcome, summary.usage)
        } catch {
            return (.failed(detail: "the summary model's answer is not a chat completion"), nil)
        }
    }

    private static func message(_ role: String, _ content: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("role")
        writer.string(role)
        writer.key("content")
        writer.string(content)
        writer.endObject()
    }
}

extension String {
    func trimmingWhiteSpace() -> String {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}

extension SummaryPrompts.Subject {
    /// The stage to which a failure of this summary belongs.
    public var stage: ErrorStage { self == .prompt ? .promptSummary : .reasoningSummary }
}
