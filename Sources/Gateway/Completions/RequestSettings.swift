internal import Glibc
internal import Inbound
internal import Outbound
internal import Pipeline

/// What follows from the configuration for one request, and for a loop.
extension GatewayConfiguration {
    func pipelineSettings(for request: ChatRequest, form: AnswerForm, requestID: String) -> PipelineSettings {
        // Tags would break an answer whose form the client has fixed.
        let instructed = !request.hasTools && !request.asksForJSON
        return PipelineSettings(
            requestID: requestID, created: Int(time(nil)), model: request.model,
            instruction: instructed ? TagInstruction.text : nil,
            usesReasoningFields: upstream.parsesReasoningFields,
            preambleCharacters: streams.preambleCharacters, recoveryBytes: streams.bufferBytes,
            reasoningCharacters: summary.maxReasoningCharacters,
            summarizesPrompt: request.promptSummary ?? (summary.promptMode != .off),
            summarizesReasoning: reasoningMode(for: request) != .off,
            promptFallback: { request.lastUserText(maximumCharacters: Self.fallbackCharacters) },
            rollingCharacters: reasoningMode(for: request) == .rolling ? summary.rollingCharacters : nil,
            form: form, includesUsage: request.includeUsageAsked,
            loggedCharacters: logging.content ? CompletionSession.loggedCharacters : 0)
    }

    /// Characters of the last user message from which a fallback is cut: it takes two sentences.
    private static let fallbackCharacters = 4_000

    private func reasoningMode(for request: ChatRequest) -> Summary.ReasoningMode {
        request.reasoningSummary.flatMap(Summary.ReasoningMode.init) ?? summary.reasoningMode
    }

    func summaryModel(for request: ChatRequest) -> String {
        request.summaryModel ?? summary.defaultModel ?? request.model
    }

    var retryPolicy: RetryPolicy {
        RetryPolicy(limit: upstream.maxRetries, firstDelay: upstream.retryBackoff)
    }

    var inboundLimits: InboundLimits {
        InboundLimits(
            connections: serving.maxConnections, bodyBytes: serving.maxBodyBytes,
            headerTimeout: serving.headerTimeout, writeTimeout: serving.writeTimeout)
    }

    var outboundSettings: OutboundSettings {
        OutboundSettings(
            connectionsPerHost: upstream.maxConnections, caFile: upstream.caFile, insecure: upstream.insecure)
    }
}
