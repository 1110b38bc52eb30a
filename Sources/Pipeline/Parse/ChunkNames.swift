internal import JSON

/// The member names that are read in upstream payloads. One shared object, so that the hot path looks up one global and
/// copies nothing.
final class ChunkNames: Sendable {
    static let shared = ChunkNames()

    let choices = JSONName("choices")
    let code = JSONName("code")
    let content = JSONName("content")
    let created = JSONName("created")
    let delta = JSONName("delta")
    let detail = JSONName("detail")
    let error = JSONName("error")
    let finishReason = JSONName("finish_reason")
    let id = JSONName("id")
    let index = JSONName("index")
    let logprobs = JSONName("logprobs")
    let message = JSONName("message")
    let model = JSONName("model")
    let object = JSONName("object")
    let reasoning = JSONName("reasoning")
    let reasoningContent = JSONName("reasoning_content")
    let reasoningDetails = JSONName("reasoning_details")
    let reasoningSummary = JSONName("reasoning.summary")
    let reasoningText = JSONName("reasoning.text")
    let role = JSONName("role")
    let serviceTier = JSONName("service_tier")
    let status = JSONName("status")
    let statusCode = JSONName("status_code")
    let summary = JSONName("summary")
    let systemFingerprint = JSONName("system_fingerprint")
    let text = JSONName("text")
    let thinking = JSONName("thinking")
    let type = JSONName("type")
    let usage = JSONName("usage")

    private init() {}
}
