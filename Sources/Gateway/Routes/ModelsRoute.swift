internal import HTTPTypes
internal import Inbound
internal import Outbound
internal import Pipeline

/// `GET /v1/models` and `/v1/models/{id}`: the upstream's list as far as `ALLOW_MODELS` allows it.
struct ModelsRoute {
    let worker: Worker
    let head: RequestHead

    /// Bytes of the upstream's list.
    private static let listLimit = 8 << 20
    /// Longest silence of the upstream.
    private static let silence = Duration.seconds(10)
    /// Members of the pool that are asked, one after the other, while they fail.
    private static let members = 3

    /// - Parameter name: the one model asked for; nil: all.
    func response(for name: String?) async -> Response {
        let id = RequestID.choose(clients: head.headerFields[.requestID])
        do throws(APIError) {
            let list = try await list(requestID: id)
            guard let name else { return response(list.json, id) }
            guard let json = list[name] else { throw .modelNotFound(name) }
            return response(json, id)
        } catch {
            return ErrorResponse.make(error, requestID: id)
        }
    }

    private func response(_ json: [UInt8], _ id: String) -> Response {
        var response = Response.json("")
        response.headerFields[.requestID] = id
        response.body = json
        return response
    }

    private func list(requestID: String) async throws(APIError) -> ModelList {
        let configuration = worker.shared.configuration
        let allowed = configuration.upstream.allowModels
        let target = UpstreamTarget(
            configuration: configuration, authorization: head.headerFields[.authorization], requestID: requestID)
        let upstreams = worker.shared.upstreams
        var tried: [Int] = []
        var fault: StreamFault?
        while tried.count < min(upstreams.baseURLs.count, Self.members) {
            let lease = upstreams.lease(tried: tried, mayProbe: false)
            defer { upstreams.end(lease) }
            tried.append(lease.member)
            do throws(UpstreamFailure) {
                let transfer = try Transfer(
                    target.models(silence: Self.silence, at: lease.baseURL), on: worker.multi)
                defer { transfer.close() }
                let answer = try await transfer.responseHead()
                let body = try await transfer.readAll(limit: Self.listLimit)
                if (200..<300).contains(answer.status) {
                    return ModelList(upstream: body.span, allowed: allowed) ?? ModelList(names: allowed.literalNames)
                }
                // An upstream without a list.
                if [404, 405, 501].contains(answer.status) { return ModelList(names: allowed.literalNames) }
                fault = StreamFault(status: answer.status, body: body.span)
                if answer.status < 500 { break }
            } catch {
                fault = StreamFault(error)
            }
        }
        guard allowed.literalNames.isEmpty, let fault else { return ModelList(names: allowed.literalNames) }
        throw APIError(fault.hiding(configuration.upstreamSecrets))
    }
}

extension APIError {
    fileprivate static func modelNotFound(_ name: String) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error", code: "model_not_found", param: "model",
            message: "The model '\(name.prefix(256))' does not exist.")
    }
}
