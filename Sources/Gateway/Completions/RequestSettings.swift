internal import Glibc
internal import Inbound
internal import Outbound
internal import Pipeline

/// What follows from the configuration for one request, and for a loop.
extension GatewayConfiguration {
    func pipelineSettings(for request: ChatRequest, form: AnswerForm, requestID: String) -> PipelineSettings {
        let capabilities = capabilities(for: request)
        // Tags would break an answer whose form the client has fixed.
        let instructed = capabilities.injectsTags && !request.hasTools && !request.asksForJSON
        return PipelineSettings(
            requestID: requestID, created: Int(time(nil)), model: request.model,
            instruction: instructed ? TagInstruction.text : nil,
            usesReasoningFields: upstream.parsesReasoningFields && capabilities.usesReasoningFields,
            expectation: TextExpectation(
                format: capabilities.format, startsInReasoning: capabilities.startsInReasoning,
                preambleCharacters: instructed ? streams.preambleCharacters : nil,
                isAutomatic: capabilities.isUnknown, recoveryBytes: streams.bufferBytes),
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

    func capabilities(for request: ChatRequest) -> ModelCapabilities {
        streams.models.capabilities(
            of: request.model, switches: request.reasoningSwitches, promptSwitch: { request.promptSwitch })
    }

    /// What is known of a summary model's text.
    func summaryExpectation(of capabilities: ModelCapabilities) -> TextExpectation {
        TextExpectation(
            format: capabilities.format, startsInReasoning: capabilities.startsInReasoning,
            isAutomatic: capabilities.isUnknown, recoveryBytes: StreamedSummary.longestText)
    }

    private func reasoningMode(for request: ChatRequest) -> Summary.ReasoningMode {
        request.reasoningSummary.flatMap(Summary.ReasoningMode.init) ?? summary.reasoningMode
    }

    func summaryModel(for request: ChatRequest) -> String {
        request.summaryModel ?? summary.defaultModel ?? request.model
    }

    var retryPolicy: RetryPolicy {
        RetryPolicy(limit: upstream.maxRetries, firstDelay: upstream.retryBackoff)
    }

    /// One request can always make all of its retries.
    var retryBudget: RetryBudget {
        RetryBudget(minimum: max(10, upstream.maxRetries))
    }

    var poolSettings: UpstreamPool.Settings {
        UpstreamPool.Settings(failures: upstream.ejectFailures, ejectTime: upstream.ejectTime)
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
