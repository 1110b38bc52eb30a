internal import HTTPTypes
internal import Inbound
internal import Logging
internal import Pipeline

/// `POST /v1/chat/completions`: from a request's bytes to a running session, or to an error.
struct CompletionRoute {
    let worker: Worker
    let exchange: Exchange
    /// The stream format that the path fixes.
    let pathFormat: StreamFormat?

    func serve() async {
        let id = RequestID.choose(clients: exchange.head.headerFields[.requestID])
        // The body may have come long after the head: a drain may have begun, and others may have taken the places.
        if worker.isDraining {
            return exchange.respond(ErrorResponse.make(.draining, requestID: id))
        }
        let key = exchange.head.clientKey
        if let shortage = worker.shared.places.enter(key) {
            return exchange.respond(ErrorResponse.make(.tooManyRequests(shortage), requestID: id))
        }
        defer { worker.shared.places.leave(key) }
        do throws(APIError) {
            let request = try ChatRequest(parsing: exchange.takeBody())
            try check(request)
            await answer(request, in: try form(of: request), id: id)
        } catch {
            exchange.respond(ErrorResponse.make(error, requestID: id))
        }
    }

    private func check(_ request: ChatRequest) throws(APIError) {
        let configuration = worker.shared.configuration
        guard configuration.upstream.allowModels.allows(request.model) else {
            throw .invalidRequest("Model not allowed", param: "model", code: "model_not_allowed")
        }
        if let model = request.summaryModel, model != configuration.summary.defaultModel,
            !configuration.summary.allowModels.allows(model)
        {
            throw .invalidRequest("Model not allowed", param: "summary_model", code: "model_not_allowed")
        }
    }

    /// The first that says something decides: path, header, field, configuration, and last what is known of the client
    /// (protocol.md, "Choice").
    private func form(of request: ChatRequest) throws(APIError) -> AnswerForm {
        let header = try format(exchange.head.headerFields[.streamFormat])
        let field = try format(request.streamFormat)
        guard request.stream else { return .whole }
        let chosen = pathFormat ?? header ?? field ?? worker.shared.configuration.streams.format
        return .stream(chosen ?? (exchange.head.isFromOpenAISDK ? .openai : .unified))
    }

    private func format(_ name: String?) throws(APIError) -> StreamFormat? {
        guard let name else { return nil }
        guard let format = StreamFormat(rawValue: name) else {
            let known = StreamFormat.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw .invalidRequest(
                "Unknown stream format: known are \(known).", param: "stream_format", code: "unsupported_parameter")
        }
        return format
    }

    private func answer(_ request: ChatRequest, in form: AnswerForm, id: String) async {
        let target = UpstreamTarget(
            configuration: worker.shared.configuration, authorization: exchange.head.headerFields[.authorization],
            requestID: id)
        let session = CompletionSession(
            worker: worker, request: request, form: form, exchange: exchange, target: target, requestID: id)
        worker.add(session)
        await session.run()
        worker.remove(session)
    }
}

extension RequestHead {
    /// Whether one of OpenAI's own SDKs sent this. They drop or reject named events, or did until lately.
    fileprivate var isFromOpenAISDK: Bool {
        if headerFields[.stainlessLanguage] != nil { return true }
        let agent = headerFields[.userAgent] ?? ""
        return agent.hasPrefix("OpenAI/") || agent.hasPrefix("AsyncOpenAI/")
    }
}
