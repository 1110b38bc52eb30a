import Outbound

/// What a person can do about a failure. Pure; nil where the message itself says all.
enum ChatHint {
    static func unreachable(_ failure: UpstreamFailure, plan: ChatPlan) -> String {
        switch failure.kind {
        case .headSilence: return "the gateway took the request and said nothing: look at its log"
        case .malformed:
            return "what answers at \(plan.address.origin) is not an HTTP server: check --url (or GATEWAY_URL)"
        default: break
        }
        guard plan.address.isLoopback else {
            return "check --url (or GATEWAY_URL), and that a gateway runs at \(plan.address.origin)"
        }
        return "start the gateway with `make run-gateway` (or `inference-gateway serve`), "
            + "or name another with --url (or GATEWAY_URL)"
    }

    static func refusal(status: Int, body: ErrorBody, plan: ChatPlan) -> String? {
        switch status {
        case 401, 403:
            plan.apiKey == nil
                ? "the gateway wants a key: set GATEWAY_API_KEY to one of its GATEWAY_API_KEYS"
                : "the gateway does not accept the key in GATEWAY_API_KEY"
        case 400 where body.code == "model_not_allowed" || body.message == "Model not allowed":
            "the gateway's ALLOW_MODELS does not hold \(plan.model): pick another with --model; "
                + "\(plan.address.models) lists them"
        case 404, 405: "--url (or GATEWAY_URL) must name the gateway's /v1/chat/completions"
        case 413: "the message is longer than the gateway's MAX_BODY_BYTES"
        case 429: "the gateway is busy: try again in a moment"
        case 503: "the gateway is shutting down or not ready: try again in a moment"
        case 300..<400: "the answer is a redirection, which is not followed: put the final address into --url"
        case 500...: "look at the gateway's log"
        default: nil
        }
    }

    /// For a fatal `error` event, by the upstream's own words in it.
    static func fatal(_ fault: StreamFault, plan: ChatPlan) -> String? {
        let text = "\(fault.message) \(fault.detail ?? "") \(fault.code ?? "")".lowercased()
        let words = Set(text.split { !$0.isLetter && !$0.isNumber })
        func says(_ phrases: String...) -> Bool {
            phrases.contains {
                $0.contains { !$0.isLetter && !$0.isNumber } ? text.contains($0) : words.contains($0[...])
            }
        }
        if says("terminated") { return EndpointHint.terminated }
        if says("401", "403", "unauthorized", "forbidden") {
            return "the upstream does not accept the gateway's key: set UPSTREAM_API_KEY where the gateway is started"
        }
        if says("404", "not found", "model_not_found", "does not exist", "unknown model") { return unknownModel(plan) }
        if says("sleeping", "asleep", "awaking") {
            return "the Dedicated endpoint sleeps: run again with --wake"
        }
        if says("429", "rate limit", "too many requests") { return "the upstream limits requests: try again later" }
        if says("shutting_down") { return "the gateway was stopped: try again once it is back" }
        if says("connect", "refused", "resolve", "unreachable") {
            return "the gateway cannot reach its upstream: check UPSTREAM_BASE_URL where the gateway is started; "
                + "`make mock-upstream` starts one to try with"
        }
        if says("timeout", "timed out", "silence") {
            return "the upstream was silent for too long: the gateway's REQUEST_TIMEOUT sets how long it waits"
        }
        return nil
    }

    /// Also sent for a stream that is not a gateway's.
    static func notAGateway(_ plan: ChatPlan) -> String {
        "what answers at \(plan.address.completions) sent no event of this gateway: check --url (or GATEWAY_URL)"
    }

    private static func unknownModel(_ plan: ChatPlan) -> String {
        if plan.model == plan.endpointID {
            return "no Dedicated endpoint answers to \(plan.model): check FRIENDLI_ENDPOINT_ID; "
                + "one that was terminated must be redeployed"
        }
        return "the upstream does not know the model \(plan.model) (the list of Serverless models changes): "
            + "pick another with --model; \(plan.address.models) lists them"
    }
}
