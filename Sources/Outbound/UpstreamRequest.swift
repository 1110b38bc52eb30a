public import HTTPTypes

/// One HTTP request to an upstream.
public struct UpstreamRequest: Sendable {
    public enum Method: Sendable { case get, post, put }

    public var method: Method
    /// Absolute, http or https.
    public var url: String
    public var headerFields: HTTPFields
    public var body: RequestBody?
    /// Longest time to a connection, TLS included.
    public var connectTimeout: Duration
    /// Longest time without a byte from the upstream: to the response head, and then between two reads.
    public var silenceTimeout: Duration

    public init(
        method: Method, url: String, headerFields: HTTPFields = [:], body: RequestBody? = nil,
        connectTimeout: Duration = .seconds(5), silenceTimeout: Duration = .seconds(60)
    ) {
        self.method = method
        self.url = url
        self.headerFields = headerFields
        self.body = body
        self.connectTimeout = connectTimeout
        self.silenceTimeout = silenceTimeout
    }
}

/// The bytes of a request body at a fixed address, so that libcurl can send them without a copy, once for each attempt.
///
/// `@unchecked Sendable` is sound: the memory is written before `init` returns and only read until `deinit`.
public final class RequestBody: @unchecked Sendable {
    let bytes: UnsafeMutableRawBufferPointer

    public init(_ source: [UInt8]) {
        bytes = .allocate(byteCount: max(1, source.count), alignment: 1)
        bytes.copyBytes(from: source)
        count = source.count
    }

    deinit {
        bytes.deallocate()
    }

    /// Length in bytes.
    public let count: Int
}

/// What every transfer of a loop has in common.
public struct OutboundSettings: Sendable {
    /// Idle connections kept for reuse by one loop. Each new request may look at all of them.
    public var idleConnections: Int
    /// Open connections to one host by one loop; 0: no limit.
    public var connectionsPerHost: Int
    /// PEM file of trusted roots; nil: the system's store.
    public var caFile: String?
    /// Whether certificates go unverified.
    public var insecure: Bool
    /// Size of libcurl's receive buffer for one transfer, in bytes.
    public var receiveBuffer: Int
    /// Received bytes that wait for their reader before the transfer is paused.
    public var highWatermark: Int
    public var userAgent: String

    public init(
        idleConnections: Int = 256, connectionsPerHost: Int = 0, caFile: String? = nil, insecure: Bool = false,
        receiveBuffer: Int = 8 << 10, highWatermark: Int = 32 << 10, userAgent: String = "inference-gateway"
    ) {
        self.idleConnections = idleConnections
        self.connectionsPerHost = connectionsPerHost
        self.caFile = caFile
        self.insecure = insecure
        self.receiveBuffer = receiveBuffer
        self.highWatermark = highWatermark
        self.userAgent = userAgent
    }
}
