internal import HTTPTypes
internal import Outbound

/// Where the calls of one request go, and with which header fields.
struct UpstreamTarget: Sendable {
    private let configuration: GatewayConfiguration
    private let fields: HTTPFields
    private let summaryFields: HTTPFields

    /// - Parameter authorization: the client's own; used only while the gateway holds no key of its own and asks for none.
    init(configuration: GatewayConfiguration, authorization: String?, requestID: String) {
        self.configuration = configuration
        var fields: HTTPFields = [.contentType: "application/json", .requestID: requestID]
        if let key = configuration.upstream.apiKey {
            fields[.authorization] = "Bearer \(key.value)"
        } else if let authorization, configuration.serving.apiKeys.isEmpty {
            fields[.authorization] = authorization
        }
        for field in configuration.upstream.extraHeaders { fields[field.name] = field.value }
        self.fields = fields
        let summary = configuration.summary
        var summaryFields: HTTPFields =
            summary.sharesOrigin ? fields : [.contentType: "application/json", .requestID: requestID]
        if let key = summary.apiKey { summaryFields[.authorization] = "Bearer \(key.value)" }
        self.summaryFields = summaryFields
    }

    /// The call whose answer the client waits for.
    /// - Parameter baseURL: a member of the pool.
    func completion(_ body: RequestBody, at baseURL: String) -> UpstreamRequest {
        var fields = fields
        fields[.accept] = "text/event-stream"
        return UpstreamRequest(
            method: .post, url: configuration.upstream.chatCompletionsURL(at: baseURL), headerFields: fields,
            body: body,
            connectTimeout: configuration.upstream.connectTimeout,
            silenceTimeout: configuration.upstream.requestTimeout)
    }

    /// A summary call.
    /// - Parameter baseURL: the summaries' own, or a member of the pool.
    func summary(_ body: RequestBody, at baseURL: String) -> UpstreamRequest {
        let summary = configuration.summary
        var fields = summaryFields
        fields[.accept] = summary.streams ? "text/event-stream" : "application/json"
        return UpstreamRequest(
            method: .post, url: baseURL + summary.path, headerFields: fields, body: body,
            connectTimeout: configuration.upstream.connectTimeout, silenceTimeout: summary.timeout)
    }

    /// The list of models.
    /// - Parameter baseURL: a member of the pool.
    func models(silence: Duration, at baseURL: String) -> UpstreamRequest {
        var fields = fields
        fields[.accept] = "application/json"
        fields[.contentType] = nil
        return UpstreamRequest(
            method: .get, url: configuration.upstream.modelsURL(at: baseURL), headerFields: fields,
            connectTimeout: configuration.upstream.connectTimeout, silenceTimeout: silence)
    }
}
