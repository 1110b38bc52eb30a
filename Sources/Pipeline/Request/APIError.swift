/// An error as an OpenAI-style client reads it: an HTTP status and the members of the `error` object
/// (protocol.md, "Errors before the first byte").
public struct APIError: Error, Sendable, Equatable {
    /// HTTP status, 400 to 599.
    public var status: Int
    /// OpenAI's error class, such as `invalid_request_error` or `server_error`.
    public var type: String
    /// Machine-readable cause, such as `model_not_allowed`.
    public var code: String?
    /// The request member at fault, where there is one.
    public var param: String?
    /// Human-readable cause. Never holds message text or a secret.
    public var message: String
    /// What is known beyond the message; nil: nothing.
    public var detail: String?
    /// The value of `Retry-After`; nil: none.
    public var retryAfter: String?

    public init(status: Int, type: String, code: String? = nil, param: String? = nil, message: String) {
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.message = message
    }

    /// A 400 that blames the client's request.
    public static func invalidRequest(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
        APIError(status: 400, type: "invalid_request_error", code: code, param: param, message: message)
    }
}
