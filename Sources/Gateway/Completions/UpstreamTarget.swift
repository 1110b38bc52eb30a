internal import HTTPTypes
internal import Outbound

/// Where the calls of one request go, and with which header fields.
struct UpstreamTarget: Sendable {
    private let configuration: GatewayConfiguration
    private let fields: HTTPFields

    /// - Parameter authorization: the client's own; used only while the gateway holds no key of its own.
    init(configuration: GatewayConfiguration, authorization: String?, requestID: String) {
        self.configuration = configuration
        var fields: HTTPFields = [.contentType: "application/json", .requestID: requestID]
        if let key = configuration.upstream.apiKey {
            fields[.authorization] = "Bearer \(key.value)"
        } else if let authorization {
            fields[.authorization] = authorization
        }
        for field in configuration.upstream.extraHeaders { fields[field.name] = field.value }
        self.fields = fields
    }

    /// The call whose answer the client waits for.
    func completion(_ body: RequestBody) -> UpstreamRequest {
        request(body, accept: "text/event-stream", silence: configuration.upstream.requestTimeout)
    }

    /// A summary call.
    func summary(_ body: RequestBody) -> UpstreamRequest {
        request(body, accept: "application/json", silence: configuration.summary.timeout)
    }

    /// The list of models.
    func models(silence: Duration) -> UpstreamRequest {
        var fields = fields
        fields[.accept] = "application/json"
        fields[.contentType] = nil
        return UpstreamRequest(
            method: .get, url: configuration.upstream.modelsURL, headerFields: fields,
            connectTimeout: configuration.upstream.connectTimeout, silenceTimeout: silence)
    }

    private func request(_ body: RequestBody, accept: String, silence: Duration) -> UpstreamRequest {
        var fields = fields
        fields[.accept] = accept
        return UpstreamRequest(
            method: .post, url: configuration.upstream.chatCompletionsURL, headerFields: fields, body: body,
            connectTimeout: configuration.upstream.connectTimeout, silenceTimeout: silence)
    }
}
