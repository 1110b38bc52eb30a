/// An absolute http or https address, in the pieces that the client needs.
struct WebAddress: Equatable, Sendable {
    /// `http` or `https`.
    let scheme: String
    /// Host in lower case, an IPv6 address in its brackets.
    let host: String
    /// As written; nil for the scheme's own.
    let port: UInt16?
    /// Begins with `/`, or is empty.
    let path: String
    /// With the `?`, or empty.
    let query: String

    /// Reads an address; without a scheme it is taken for http. A fragment is dropped.
    init(_ text: String) throws(WebAddressError) {
        let text = text.trimmingBlanks()
        guard !text.isEmpty, text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            throw WebAddressError(text: text, reason: "not an address")
        }
        var rest = Substring(text)
        var scheme = "http"
        if let mark = text.firstRange(of: "://") {
            scheme = text[..<mark.lowerBound].lowercased()
            rest = text[mark.upperBound...]
        }
        guard scheme == "http" || scheme == "https" else {
            throw WebAddressError(text: text, reason: "only http and https are possible")
        }
        rest = rest.prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != "?" }
        guard !authority.contains("@") else {
            throw WebAddressError(text: "an address with user and password", reason: "keys go into variables")
        }
        let hostEnd: Substring.Index
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw WebAddressError(text: text, reason: "a bracket is not closed")
            }
            hostEnd = authority.index(after: bracket)
        } else {
            hostEnd = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let host = authority[..<hostEnd].lowercased()
        guard !host.isEmpty else { throw WebAddressError(text: text, reason: "the host is missing") }
        port = try WebAddress.port(authority[hostEnd...], of: text)
        self.scheme = scheme
        self.host = host
        self.path = String(path)
        query = String(target[path.endIndex...])
    }

    private static func port(_ suffix: Substring, of text: String) throws(WebAddressError) -> UInt16? {
        if suffix.isEmpty || suffix == ":" { return nil }
        guard suffix.first == ":", let port = UInt16(suffix.dropFirst()), port > 0, suffix.dropFirst().first != "+"
        else { throw WebAddressError(text: text, reason: "the port must be 1 to 65535") }
        return port
    }

    /// Scheme, host and port, with no `/` behind.
    var origin: String {
        "\(scheme)://\(host)\(port.map { ":\($0)" } ?? "")"
    }

    /// Whether only this machine can answer.
    var isLoopback: Bool {
        host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }

    /// Where completions are asked for: the address itself, or what its base URL stands for.
    var completions: String {
        let path = pathWithoutSlash
        if path.isEmpty { return "\(origin)/v1/chat/completions\(query)" }
        if path.hasSuffix("/v1") { return "\(origin)\(path)/chat/completions\(query)" }
        return "\(origin)\(self.path)\(query)"
    }

    /// The list of models beside `completions`.
    var models: String {
        let path = pathWithoutSlash
        let suffix = "/chat/completions"
        if path.hasSuffix(suffix) { return "\(origin)\(path.dropLast(suffix.count))/models" }
        return "\(origin)\(path.isEmpty ? "/v1" : path)/models"
    }

    /// One of the gateway's own resources, such as `/healthz`; the address may be the gateway's root, its completions
    /// or the resource itself.
    func resource(_ name: String) -> String {
        var path = pathWithoutSlash
        if path.hasSuffix(name) { return origin + path }
        for suffix in ["/chat/completions", "/v1"] where path.hasSuffix(suffix) {
            path = String(path.dropLast(suffix.count))
        }
        return origin + path + name
    }

    /// The address with `path` behind its own.
    func appending(_ path: String) -> String {
        origin + pathWithoutSlash + path
    }

    private var pathWithoutSlash: String {
        var path = self.path
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }

    /// `text` as one segment of a path (RFC 3986, section 3.3): all but unreserved characters are escaped.
    static func segment(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                // Dots too: a segment of dots alone would climb.
                escaped += byte < 0x10 ? "%0" : "%"
                escaped += String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

/// Why a text is no address that can be called.
struct WebAddressError: Error, Equatable, CustomStringConvertible {
    let text: String
    let reason: String

    var description: String { "\(text.isEmpty ? "an empty address" : text): \(reason)" }
}
