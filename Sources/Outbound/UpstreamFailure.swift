/// Why a call to an upstream failed before or while its answer came.
public struct UpstreamFailure: Error, Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// No connection: name not resolved, refused, reset before anything was sent, TLS not agreed on.
        case connect
        /// No connection within the connect timeout, or within the silence limit.
        case connectTimeout = "connect_timeout"
        /// No byte for the silence limit, before the response head.
        case headSilence = "head_silence"
        /// No byte for the silence limit, after the response head.
        case bodySilence = "body_silence"
        /// The connection ended before the response did.
        case cut
        /// The response is not HTTP, or breaks its framing.
        case malformed
        /// The response is larger than the caller takes.
        case tooLarge = "too_large"
        /// The task was cancelled.
        case cancelled
        /// The call could not be made at all.
        case unusable
    }

    public var kind: Kind
    /// libcurl's own words, or ours; never holds a secret or message text.
    public var detail: String

    public init(kind: Kind, detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// Whether another attempt may succeed, provided that nothing of this one was used.
    public var isRetryable: Bool {
        switch kind {
        case .connect, .connectTimeout, .headSilence, .cut: true
        case .bodySilence, .malformed, .tooLarge, .cancelled, .unusable: false
        }
    }
}
