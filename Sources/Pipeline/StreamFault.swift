internal import JSON

/// Why the answer of an upstream is not whole. Its message and detail go to the client.
public struct StreamFault: Error, Sendable, Equatable {
    /// OpenAI's machine-readable cause: `upstream_error`, `upstream_timeout`, `shutting_down`, or the upstream's own.
    public var code: String
    public var message: String
    public var detail: String

    /// Bytes of an upstream's own words that are passed on.
    public static let longestText = 2 << 10

    public init(code: String, message: String, detail: String) {
        self.code = code
        self.message = Self.bounded(message)
        self.detail = Self.bounded(detail)
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
            code: fault.code?.string(in: payload) ?? "upstream_error",
            message: message.isEmpty ? "The upstream reported an error." : message,
            detail: (fault.status.map { "upstream error, status \($0)" } ?? "upstream error")
                + (message.isEmpty ? "" : ": \(message)"))
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
            detail: "HTTP status \(status)" + (reported.map { ": \($0.message)" } ?? ""))
    }
}
