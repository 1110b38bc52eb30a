internal import HTTPTypes
internal import Inbound
internal import JSON
internal import Pipeline

/// Errors before the first byte of an answer, in OpenAI's envelope (protocol.md).
enum ErrorResponse {
    static func make(_ error: APIError, allow: String? = nil, requestID: String? = nil) -> Response {
        var body = Array(#"{"error":{"message":"#.utf8)
        appendString(error.message, to: &body)
        body += Array(#","type":"#.utf8)
        appendString(error.type, to: &body)
        body += Array(#","param":"#.utf8)
        appendString(error.param, to: &body)
        body += Array(#","code":"#.utf8)
        appendString(error.code, to: &body)
        body += Array(#"},"detail":"#.utf8)
        appendString(error.detail ?? error.message, to: &body)
        body += Array("}".utf8)
        var fields: HTTPFields = [.contentType: "application/json"]
        if let requestID { fields[.requestID] = requestID }
        if let allow { fields[.allow] = allow }
        if let retryAfter = error.harmlessRetryAfter ?? error.ownRetryAfter { fields[.retryAfter] = retryAfter }
        // RFC 9110, section 15.5.2: a 401 tells how to do better.
        if error.status == 401 { fields[.wwwAuthenticate] = "Bearer" }
        if error.retryIsUseless { fields[.shouldRetry] = "false" }
        return Response(status: error.status, headerFields: fields, body: body)
    }

    private static func appendString(_ text: String?, to body: inout [UInt8]) {
        guard let text else {
            body += Array("null".utf8)
            return
        }
        body.append(UInt8(ascii: "\""))
        JSONString.appendEscaped(text, to: &body)
        body.append(UInt8(ascii: "\""))
    }
}

extension APIError {
    /// The upstream's refusal as an HTTP status (protocol.md, "Refusals of the upstream"): 4xx as it came, 502, 503 or 504 for
    /// the rest.
    init(_ fault: StreamFault) {
        let status =
            switch fault.upstreamStatus {
            case let status? where (400..<500).contains(status): status
            case 503?: 503
            case 504?: 504
            default: fault.code == "upstream_timeout" ? 504 : fault.code == "shutting_down" ? 503 : 502
            }
        self.init(
            status: status, type: fault.type ?? (status < 500 ? "invalid_request_error" : "server_error"),
            code: fault.code, message: fault.message)
        detail = fault.detail
        retryAfter = fault.retryAfter
    }

    static func notFound(_ path: String) -> APIError {
        APIError(
            status: 404, type: "invalid_request_error", code: "not_found", message: "Unknown path: \(path.prefix(200))")
    }

    static func methodNotAllowed(_ method: String) -> APIError {
        APIError(
            status: 405, type: "invalid_request_error", code: "method_not_allowed",
            message: "Method \(method.prefix(32)) is not allowed here.")
    }

    static let unsupportedMediaType = APIError(
        status: 415, type: "invalid_request_error", code: "unsupported_media_type",
        message: "Requests from a browser's page must have Content-Type: application/json.")

    static let lengthRequired = APIError(
        status: 411, type: "invalid_request_error", code: "length_required",
        message: "A POST needs a Content-Length or a chunked body.")

    static func bodyTooLarge(limit: Int) -> APIError {
        APIError(
            status: 413, type: "invalid_request_error", code: "request_too_large",
            message: "The request body is larger than \(limit) bytes.")
    }

    static let draining = APIError(
        status: 503, type: "server_error", code: "draining", message: "The gateway is shutting down.")

    static func tooManyRequests(_ shortage: CompletionPlaces.Shortage) -> APIError {
        APIError(
            status: 429, type: "rate_limit_error", code: "rate_limit_exceeded",
            message: shortage == .ofKey
                ? "Too many completions are in progress for this key." : "Too many completions are in progress.")
    }

    /// As OpenAI's API has it, without the key in the message.
    static let missingAPIKey = APIError(
        status: 401, type: "invalid_request_error", code: "invalid_api_key",
        message: "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY'.")

    static let wrongAPIKey = APIError(
        status: 401, type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect API key provided.")

    static let internalError = APIError(
        status: 500, type: "server_error", code: "internal_error", message: "The gateway failed to answer.")

    /// The upstream's value where it can be one: a number, or a date (RFC 9110, section 10.2.3).
    fileprivate var harmlessRetryAfter: String? {
        guard let text = retryAfter, !text.isEmpty, text.utf8.count <= 40 else { return nil }
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? text : nil
    }

    /// Seconds after which what the gateway itself refuses may be tried again.
    fileprivate var ownRetryAfter: String? {
        isOwnAndTransient ? "1" : nil
    }

    private var isOwnAndTransient: Bool {
        (status == 429 || status == 503) && ["rate_limit_exceeded", "draining", "shutting_down"].contains(code)
    }

    /// SDKs try 408, 409, 429 and 5xx again by themselves; an internal error would only come again.
    var retryIsUseless: Bool {
        status == 500
    }
}

extension HTTPField.Name {
    static let requestID = known("x-request-id")
    static let shouldRetry = known("x-should-retry")
    static let accelBuffering = known("X-Accel-Buffering")
    static let streamFormat = known("X-Stream-Format")
    static let stainlessLanguage = known("X-Stainless-Lang")

    /// For literal names only: an illegal one would become another field, which a test of the literals excludes.
    private static func known(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .userAgent
    }
}

extension Response {
    static func json(_ text: String, status: Int = 200) -> Response {
        Response(
            status: status, headerFields: [.contentType: "application/json"], body: Array(text.utf8))
    }
}
