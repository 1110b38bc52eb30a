public import HTTPTypes

/// The head of a client's request.
public struct RequestHead: Sendable {
    public let method: HTTPRequest.Method
    /// The path as sent, without the query.
    public let path: String
    public let headerFields: HTTPFields
    /// The client's address in numbers, without its port; empty when unknown.
    public let clientAddress: String
    /// The length that the client announced, in bytes; nil when the body is chunked or there is none.
    public let contentLength: Int?
    /// Whether a body was announced, of whatever length.
    public let hasBody: Bool

    /// Whether a body means anything. In GET and HEAD it does not (RFC 9110, sections 9.3.1 and 9.3.2): it is read and
    /// dropped.
    var takesBody: Bool { method != .get && method != .head }

    /// A server must take the absolute form too, as proxies get it (RFC 9112, section 3.2.2).
    static func path(ofTarget target: String) -> String {
        guard let scheme = ["http://", "https://"].first(where: { target.lowercased().hasPrefix($0) }) else {
            return target
        }
        let path = target.utf8.dropFirst(scheme.utf8.count).drop { $0 != UInt8(ascii: "/") }
        return path.isEmpty ? "/" : String(path) ?? target
    }
}

/// A whole response.
public struct Response: Sendable {
    public var status: Int
    public var headerFields: HTTPFields
    public var body: [UInt8]

    public init(status: Int, headerFields: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headerFields = headerFields
        self.body = body
    }
}

/// What a server makes of a request whose head alone is known.
public enum Admission: Sendable {
    /// The body is read, then the request is handled.
    /// - Parameter endsWithClient: whether a half-closed connection cancels the request, as it must for a long stream.
    case accept(endsWithClient: Bool)
    /// The response is sent without handling; a small body is read and dropped first, so that the connection lives on.
    case refuse(Response)
}

/// What a server does with requests. Both functions run on the reactor that holds the connection.
public protocol RequestHandler: Sendable {
    /// Decides by the head alone. Must not wait.
    func admit(_ head: RequestHead) -> Admission

    /// Handles one request and answers it through `exchange`. The task is cancelled when the client goes away.
    /// Returning without an answer gives the client a 500.
    func handle(_ exchange: Exchange) async

    /// The response for what the server itself finds wrong. Must not wait.
    func refusal(_ fault: InboundFault, to head: RequestHead) -> Response

    /// The header fields of a response as they are sent: each that answers a request comes by here. Must not wait.
    func responseFields(_ fields: HTTPFields, to head: RequestHead) -> HTTPFields
}

extension RequestHandler {
    /// As they are.
    public func responseFields(_ fields: HTTPFields, to head: RequestHead) -> HTTPFields { fields }
}

/// Limits of one inbound server.
public struct InboundLimits: Sendable {
    /// Open connections over all loops; more are closed as soon as they are accepted.
    public var connections: Int
    /// Bytes of a request body.
    public var bodyBytes: Int
    /// Time for a request's head, and for an idle connection.
    public var headerTimeout: Duration
    /// Time between two reads of a body, and longest time that a client takes no byte while some wait.
    public var writeTimeout: Duration
    /// Memory of one connection for heads and output, in bytes: libmicrohttpd's pool. 8 KB of header fields fit.
    public var connectionMemory: Int

    public init(
        connections: Int = 10_000, bodyBytes: Int = 32 << 20, headerTimeout: Duration = .seconds(15),
        writeTimeout: Duration = .seconds(60), connectionMemory: Int = 16 << 10
    ) {
        self.connections = connections
        self.bodyBytes = bodyBytes
        self.headerTimeout = headerTimeout
        self.writeTimeout = writeTimeout
        self.connectionMemory = connectionMemory
    }
}
