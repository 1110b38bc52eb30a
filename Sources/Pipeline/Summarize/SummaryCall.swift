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
    /// - Parameter maximumTokens: `max_tokens`; 0: not sent.
    public static func body(
        _ subject: SummaryPrompts.Subject, of text: String, prompts: SummaryPrompts, model: String, maximumTokens: Int
    ) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: text.utf8.count + 1024)
        writer.beginObject()
        writer.key("model")
        writer.string(model)
        writer.key("messages")
        writer.beginArray()
        message("system", prompts.systemMessage(for: subject), to: &writer)
        message("user", prompts.userMessage(for: subject, text: text), to: &writer)
        writer.endArray()
        writer.key("stream")
        writer.bool(false)
        if maximumTokens > 0 {
            writer.key("max_tokens")
            writer.integer(maximumTokens)
        }
        writer.endObject()
        return writer.bytes
    }

    /// What a successful answer's body says.
    public static func outcome(_ body: Span<UInt8>) -> SummaryOutcome {
        do throws(JSONError) {
            let answer = try UpstreamChunk(parsing: body)
            if answer.fault != nil { return .failed(detail: "the summary model answered with an error") }
            var content: [UInt8] = []
            answer.choice.appendContent(of: body, to: &content)
            let text = withoutReasoning(content)
            return text.isEmpty ? .failed(detail: "the summary model's answer is empty") : .text(text)
        } catch {
            return .failed(detail: "the summary model's answer is not a chat completion")
        }
    }

    /// The summary model's own reasoning is none of the reader's business.
    private static func withoutReasoning(_ content: [UInt8]) -> String {
        var parser = AnalysisFinalParser(start: .uninstructed, recoveryLimit: content.count)
        var parts = ParsedText()
        parser.consume(content.span, into: &parts)
        parser.finish(.complete, into: &parts)
        return String(decoding: parts.content, as: UTF8.self).trimmingWhiteSpace()
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
