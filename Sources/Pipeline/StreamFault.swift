internal import JSON

/// Why the answer of an upstream is not whole. Its message and detail go to the client.
public struct StreamFault: Error, Sendable, Equatable {
    /// OpenAI's machine-readable cause: `upstream_error`, `upstream_timeout`, `shutting_down`, or the upstream's own.
    public var code: String
    public var message: String
    public var detail: String
    /// What the log says: never the upstream's words, which may quote the request.
    public var cause: String
    /// OpenAI's error class, where the upstream named one.
    public var type: String?
    /// The HTTP status that the upstream answered with, or that it named in an error, 400 to 599.
    public var upstreamStatus: Int?
    /// The value of the upstream's `Retry-After`.
    public var retryAfter: String?

    /// Bytes of an upstream's own words that are passed on.
    public static let longestText = 2 << 10

    /// - Parameter cause: what the log says; nil: the detail, which then is the gateway's own.
    public init(code: String, message: String, detail: String, cause: String? = nil) {
        self.code = code
        self.message = Self.bounded(message)
        self.detail = Self.bounded(detail)
        self.cause = cause ?? self.detail
    }

    /// The upstream ended its stream without saying that it was complete.
    public static let truncated = StreamFault(
        code: "upstream_error", message: "The upstream's answer broke off.",
        detail: "the stream ended without finish_reason and [DONE]")

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        return String(decoding: text.utf8.prefix(longestText), as: UTF8.self)
    }
}

extension StreamFault {
    /// An error that the upstream reports in its stream.
    init(_ fault: UpstreamFault, in payload: Span<UInt8>) {
        let message = fault.message?.string(in: payload) ?? ""
        self.init(
            code: fault.code?.string(in: payload).map(Self.bounded) ?? "upstream_error",
            message: message.isEmpty ? "The upstream reported an error." : message,
            detail: (fault.status.map { "upstream error, status \($0)" } ?? "upstream error")
                + (message.isEmpty ? "" : ": \(message)"),
            cause: fault.status.map { "upstream error, status \($0)" } ?? "upstream error")
        type = fault.type?.string(in: payload).map(Self.bounded)
        upstreamStatus = fault.status
    }

    /// A response with a status that is no success: the upstream's own words, as far as they can be read.
    public init(status: Int, body: Span<UInt8>) {
        var reported: StreamFault?
        if let chunk = try? UpstreamChunk(parsing: body), let fault = chunk.fault {
            reported = StreamFault(fault, in: body)
        }
        self.init(
            code: reported?.code ?? "upstream_error",
            message: reported?.message ?? "The upstream refused the request with HTTP status \(status).",
            detail: "HTTP status \(status)" + (reported.map { ": \($0.message)" } ?? ""),
            cause: "HTTP status \(status)")
        type = reported?.type
        upstreamStatus = status
    }
}
