internal import HTTPTypes
internal import Inbound
internal import Pipeline
internal import Synchronization

/// The gateway's routes, on one loop.
struct GatewayHandler: RequestHandler {
    let worker: Worker

    func admit(_ head: RequestHead) -> Admission {
        let route = Route(path: head.path)
        let methods = route?.methods ?? [.get, .head, .post]
        if let answer = worker.shared.configuration.serving.allowedOrigins.preflight(head, methods: methods) {
            return .refuse(answer)
        }
        if route?.isOpen != true, let refused = unauthorized(head) { return .refuse(refused) }
        guard let route else {
            return .refuse(error(.notFound(head.path), to: head))
        }
        guard route.methods.contains(head.method) else {
            let allowed = route.methods.map(\.rawValue).joined(separator: ", ")
            return .refuse(error(.methodNotAllowed(head.method.rawValue), to: head, allow: allowed))
        }
        guard route.isCompletions else { return .accept(endsWithClient: false) }
        if worker.isDraining { return .refuse(error(.draining, to: head)) }
        // A page of another origin may send any text without asking the browser first, but not this type.
        if head.headerFields[.origin] != nil, !hasJSONType(head.headerFields) {
            return .refuse(error(.unsupportedMediaType, to: head))
        }
        if let shortage = worker.shared.places.shortage(for: head.clientKey) {
            return .refuse(error(.tooManyRequests(shortage), to: head))
        }
        return .accept(endsWithClient: true)
    }

    /// What everyone gets who does not send one of the gateway's keys.
    private func unauthorized(_ head: RequestHead) -> Response? {
        let keys = worker.shared.apiKeys
        if keys.isEmpty { return nil }
        guard let token = head.headerFields.bearerToken else { return error(.missingAPIKey, to: head) }
        return keys.contains(token) ? nil : error(.wrongAPIKey, to: head)
    }

    private func hasJSONType(_ fields: HTTPFields) -> Bool {
        let type = fields[.contentType]?.prefix { $0 != ";" } ?? ""
        return type.trimmingBlanks().lowercased() == "application/json"
    }

    func handle(_ exchange: Exchange) async {
        switch Route(path: exchange.head.path) {
        case .completions(let format):
            await CompletionRoute(worker: worker, exchange: exchange, pathFormat: format).serve()
        case .models:
            exchange.respond(await ModelsRoute(worker: worker, head: exchange.head).response(for: nil))
        case .model(let name):
            exchange.respond(await ModelsRoute(worker: worker, head: exchange.head).response(for: name))
        case .liveness: exchange.respond(.json(#"{"status":"ok","scope":"gateway"}"#))
        case .readiness: exchange.respond(readiness())
        case .upstreamHealth: exchange.respond(await UpstreamHealthRoute(worker: worker).response())
        case nil: exchange.respond(error(.notFound(exchange.head.path), to: exchange.head))
        }
    }

    private func readiness() -> Response {
        worker.shared.ready.load(ordering: .relaxed)
            ? .json(#"{"status":"ready"}"#) : .json(#"{"status":"draining"}"#, status: 503)
    }

    func refusal(_ fault: InboundFault, to head: RequestHead) -> Response {
        switch fault {
        case .badFraming(let what): error(.invalidRequest("The request has \(what)."), to: head)
        case .lengthRequired: error(.lengthRequired, to: head)
        case .bodyTooLarge(let limit): error(.bodyTooLarge(limit: limit), to: head)
        case .unanswered: error(.internalError, to: head)
        }
    }

    func responseFields(_ fields: HTTPFields, to head: RequestHead) -> HTTPFields {
        var fields = fields
        fields[.xContentTypeOptions] = "nosniff"
        if fields[.cacheControl] == nil { fields[.cacheControl] = "no-store" }
        worker.shared.configuration.serving.allowedOrigins.mark(&fields, answering: head)
        return fields
    }

    private func error(_ error: APIError, to head: RequestHead, allow: String? = nil) -> Response {
        ErrorResponse.make(error, allow: allow, requestID: RequestID.choose(clients: head.headerFields[.requestID]))
    }
}

extension StringProtocol {
    /// The text without blanks and tabs at its ends.
    func trimmingBlanks() -> SubSequence {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start }
        return start[...last]
    }
}
