internal import HTTPTypes
internal import Inbound
internal import Pipeline
internal import Synchronization

/// The gateway's routes, on one loop.
struct GatewayHandler: RequestHandler {
    let worker: Worker

    private enum Route {
        case completions
        case liveness
        case readiness
        case upstreamHealth

        init?(path: String) {
            switch path {
            case "/v1/chat/completions": self = .completions
            case "/healthz": self = .liveness
            case "/readyz": self = .readiness
            case "/upstream-health": self = .upstreamHealth
            default: return nil
            }
        }

        var methods: [HTTPRequest.Method] { self == .completions ? [.post] : [.get, .head] }
    }

    func admit(_ head: RequestHead) -> Admission {
        guard let route = Route(path: head.path) else {
            return .refuse(ErrorResponse.make(.notFound(head.path)))
        }
        guard route.methods.contains(head.method) else {
            let allowed = route.methods.map(\.rawValue).joined(separator: ", ")
            return .refuse(ErrorResponse.make(.methodNotAllowed(head.method.rawValue), allow: allowed))
        }
        guard route == .completions else { return .accept(endsWithClient: false) }
        if worker.shared.draining.load(ordering: .relaxed) { return .refuse(ErrorResponse.make(.draining)) }
        // A page of another origin may send any text without asking the browser first, but not this type.
        if head.headerFields[.origin] != nil, !hasJSONType(head.headerFields) {
            return .refuse(ErrorResponse.make(.unsupportedMediaType))
        }
        return .accept(endsWithClient: true)
    }

    private func hasJSONType(_ fields: HTTPFields) -> Bool {
        let type = fields[.contentType]?.prefix { $0 != ";" } ?? ""
        return type.trimmingBlanks().lowercased() == "application/json"
    }

    func handle(_ exchange: Exchange) async {
        switch Route(path: exchange.head.path) {
        case .completions: await CompletionRoute(worker: worker, exchange: exchange).serve()
        case .liveness: exchange.respond(.json(#"{"status":"ok","scope":"gateway"}"#))
        case .readiness: exchange.respond(readiness())
        case .upstreamHealth: exchange.respond(await UpstreamHealthRoute(worker: worker).response())
        case nil: exchange.respond(ErrorResponse.make(.notFound(exchange.head.path)))
        }
    }

    private func readiness() -> Response {
        worker.shared.ready.load(ordering: .relaxed)
            ? .json(#"{"status":"ready"}"#) : .json(#"{"status":"draining"}"#, status: 503)
    }

    func refusal(_ fault: InboundFault) -> Response {
        switch fault {
        case .badFraming(let what): ErrorResponse.make(.invalidRequest("The request has \(what)."))
        case .lengthRequired: ErrorResponse.make(.lengthRequired)
        case .bodyTooLarge(let limit): ErrorResponse.make(.bodyTooLarge(limit: limit))
        case .unanswered: ErrorResponse.make(.internalError)
        }
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
