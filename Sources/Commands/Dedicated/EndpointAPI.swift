import JSON
import Outbound

/// Friendli's API for one Dedicated endpoint (`/dedicated/beta/endpoint/{id}`).
struct EndpointAPI: Sendable {
    static let defaultBase = "https://api.friendli.ai"
    /// For one call, everything included.
    static let callLimit = Duration.seconds(15)

    let base: WebAddress
    let endpointID: String
    let token: String

    func url(_ resource: String) -> String {
        base.appending("/dedicated/beta/endpoint/\(WebAddress.segment(endpointID))/\(resource)")
    }

    func status(on multi: MultiHandle) async throws(EndpointAPIFailure) -> EndpointStatus {
        let answer = try await call(.get, "status", on: multi)
        guard let status = try? Self.read(answer.body.span) else { throw .unreadable(answer.status) }
        return status
    }

    func wake(on multi: MultiHandle) async throws(EndpointAPIFailure) {
        _ = try await call(.put, "wake", on: multi)
    }

    private func call(
        _ method: UpstreamRequest.Method,
        _ resource: String,
        on multi: MultiHandle
    ) async throws(EndpointAPIFailure) -> HTTPAnswer {
        let answer: HTTPAnswer
        do throws(UpstreamFailure) {
            answer = try await HTTPCall.perform(
                method,
                url(resource),
                bearer: token,
                on: multi,
                within: Self.callLimit
            )
        } catch {
            throw .unreachable(error.detail)
        }
        guard answer.isSuccess else { throw .refused(answer.status, ErrorBody(answer.body).message) }
        return answer
    }

    /// - Returns: nil for an object without a status.
    static func read(_ body: Span<UInt8>) throws(JSONError) -> EndpointStatus? {
        var name: String?
        var errorCode: String?
        var phase: String?
        var cursor = JSONCursor()
        try cursor.enterObject(body)
        while let key = try cursor.nextKey(body) {
            let member = key.name(in: body)
            let text = try cursor.value(body).string(in: body)
            if member == JSONName("status") { name = text }
            if member == JSONName("errorCode") { errorCode = text }
            if member == JSONName("phase") { phase = text }
        }
        try cursor.end(body)
        return name.map { EndpointStatus($0, note: errorCode ?? phase) }
    }
}

/// A call to Friendli's API that gave nothing.
enum EndpointAPIFailure: Error, Equatable, CustomStringConvertible {
    case unreachable(String)
    /// The HTTP status, and what the body says.
    case refused(Int, String?)
    /// A success whose body has no status; the HTTP status.
    case unreadable(Int)

    var description: String {
        switch self {
        case .unreachable(let detail): detail
        case .refused(let status, let message): "HTTP \(status)\(message.map { ": \($0)" } ?? "")"
        case .unreadable(let status): "HTTP \(status) without a status in it"
        }
    }

    /// Whether asking again cannot help.
    var isFinal: Bool {
        switch self {
        case .unreachable: false
        case .refused(let status, _): (400..<500).contains(status) && status != 408 && status != 429
        case .unreadable: true
        }
    }
}
