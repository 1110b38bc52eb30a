internal import HTTPTypes
internal import Inbound
internal import Logging
internal import Pipeline

/// `POST /v1/chat/completions`: from a request's bytes to a running session, or to an error.
struct CompletionRoute {
    let worker: Worker
    let exchange: Exchange

    func serve() async {
        let id = RequestID.choose(clients: exchange.head.headerFields[.requestID])
        guard worker.shared.enter() else {
            return exchange.respond(ErrorResponse.make(.tooManyRequests, requestID: id))
        }
        defer { worker.shared.leave() }
        do throws(APIError) {
            let request = try ChatRequest(parsing: exchange.takeBody())
            try check(request)
            await stream(request, id: id)
        } catch {
            exchange.respond(ErrorResponse.make(error, requestID: id))
        }
    }

    private func check(_ request: ChatRequest) throws(APIError) {
        let configuration = worker.shared.configuration
        guard request.stream else {
            throw .invalidRequest(
                "Answers without stream are not supported: set stream to true.", param: "stream",
                code: "unsupported_parameter")
        }
        let formats = [exchange.head.headerFields[.streamFormat], request.streamFormat].compactMap { $0 }
        guard formats.allSatisfy({ $0 == "unified" }) else {
            throw .invalidRequest(
                "Unknown stream format: known is unified.", param: "stream_format", code: "unsupported_parameter")
        }
        if request.reasoningSummary == "rolling" {
            throw .invalidRequest(
                "Rolling summaries are not supported.", param: "reasoning_summary", code: "unsupported_parameter")
        }
        guard configuration.upstream.allowModels.allows(request.model) else {
            throw .invalidRequest("Model not allowed", param: "model", code: "model_not_allowed")
        }
        if let model = request.summaryModel, model != configuration.summary.defaultModel,
            !configuration.summary.allowModels.allows(model)
        {
            throw .invalidRequest("Model not allowed", param: "summary_model", code: "model_not_allowed")
        }
    }

    private func stream(_ request: ChatRequest, id: String) async {
        let fields: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache", .accelBuffering: "no",
            .requestID: id, .vary: "X-Stream-Format, X-Stainless-Lang, User-Agent",
            .xContentTypeOptions: "nosniff",
        ]
        let stream = exchange.startStream(status: 200, headerFields: fields)
        let target = UpstreamTarget(
            configuration: worker.shared.configuration, authorization: exchange.head.headerFields[.authorization],
            requestID: id)
        let session = CompletionSession(
            worker: worker, request: request, stream: stream, target: target, requestID: id,
            clientAddress: exchange.head.clientAddress)
        worker.add(session)
        await session.run()
        worker.remove(session)
    }
}

extension HTTPField.Name {
    static let streamFormat = HTTPField.Name("X-Stream-Format") ?? .userAgent
}
