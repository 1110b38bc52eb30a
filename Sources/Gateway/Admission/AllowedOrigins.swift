internal import HTTPTypes
internal import Inbound

/// The origins whose pages may call (`CORS_ALLOW_ORIGINS`), as browsers ask for it (Fetch standard, section 3.2).
///
/// Never with credentials: cookies mean nothing here, and a page sends a key by itself.
public struct AllowedOrigins: Sendable {
    private var all = false
    private var origins: Set<String> = []

    /// Seconds for which a browser may keep a preflight's answer.
    private static let maxAge = "7200"
    /// Bytes of the list of header fields that a preflight asks for.
    private static let longestList = 1_024

    /// None.
    public init() {}

    /// - Parameter texts: origins such as `https://chat.example:8443`, or `*`.
    /// - Returns: nil when one is no origin.
    init?(_ texts: [String]) {
        for text in texts {
            if text == "*" {
                all = true
            } else if let origin = Self.origin(text) {
                origins.insert(origin)
            } else {
                return nil
            }
        }
    }

    private static func origin(_ text: String) -> String? {
        var text = text.lowercased()
        if text.hasSuffix("/") { text.removeLast() }
        guard let mark = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<mark.lowerBound].utf8
        let host = text[mark.upperBound...].utf8
        let isScheme = scheme.allSatisfy { byte in
            byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
                || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                || "+-.".utf8.contains(byte)
        }
        let isHost = host.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"/?#@,\"<>\\^`{|}*".utf8.contains($0) }
        return isScheme && isHost && !scheme.isEmpty && !host.isEmpty ? text : nil
    }

    var isEmpty: Bool { !all && origins.isEmpty }

    /// The value of `Access-Control-Allow-Origin`; nil where the origin may not call, or there is none.
    private func allowed(_ head: RequestHead) -> String? {
        guard let origin = head.headerFields[.origin] else { return nil }
        if all { return "*" }
        return origins.contains(origin) ? origin : nil
    }

    /// Marks an answer as one that the page may read, where it may.
    func mark(_ fields: inout HTTPFields, answering head: RequestHead) {
        if isEmpty { return }
        if !all { fields.varyByOrigin() }
        guard let origin = allowed(head) else { return }
        fields[.accessControlAllowOrigin] = origin
        fields[.accessControlExposeHeaders] = "x-request-id, retry-after, x-should-retry"
    }

    /// The answer to a browser that asks before it sends a request; nil where that is not what it does.
    func preflight(_ head: RequestHead, methods: [HTTPRequest.Method]) -> Response? {
        let fields = head.headerFields
        guard !isEmpty, head.method == .options, fields[.origin] != nil,
            fields[.accessControlRequestMethod] != nil
        else { return nil }
        var answer: HTTPFields = [:]
        answer.varyByOrigin()
        if allowed(head) != nil {
            answer[.accessControlAllowMethods] = methods.map(\.rawValue).joined(separator: ", ")
            answer[.accessControlAllowHeaders] = Self.names(fields[.accessControlRequestHeaders])
            answer[.accessControlMaxAge] = Self.maxAge
        }
        return Response(status: 204, headerFields: answer)
    }

    /// Whatever is asked for, since what is not known is not read: an OpenAI SDK adds a dozen of its own.
    private static func names(_ list: String?) -> String {
        let known = "authorization, content-type, x-request-id, x-stream-format"
        guard let list, list.utf8.count <= longestList else { return known }
        let names = list.split(separator: ",").map { $0.trimmingBlanks() }
        guard !names.isEmpty, names.allSatisfy({ HTTPField.Name(String($0)) != nil }) else { return known }
        return names.joined(separator: ", ")
    }
}

extension HTTPFields {
    fileprivate mutating func varyByOrigin() {
        let vary = self[.vary]
        if vary?.hasSuffix("Origin") == true { return }
        self[.vary] = vary.map { $0 + ", Origin" } ?? "Origin"
    }
}
