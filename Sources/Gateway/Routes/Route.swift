internal import HTTPTypes
internal import Pipeline

/// What a path stands for (protocol.md, "Endpoints").
enum Route: Equatable {
    /// The format is fixed by a prefix of the path, for clients that can set nothing but a base URL.
    case completions(StreamFormat?)
    case models
    /// The name as it stands in the path, percent-encoding resolved.
    case model(String)
    case liveness
    case readiness
    case upstreamHealth

    init?(path: String) {
        switch path {
        case "/healthz": self = .liveness
        case "/readyz": self = .readiness
        case "/upstream-health": self = .upstreamHealth
        default:
            var rest = Substring(path)
            var format: StreamFormat?
            for candidate in StreamFormat.allCases where rest.hasPrefix("/\(candidate.rawValue)/") {
                format = candidate
                rest = rest.dropFirst(candidate.rawValue.count + 1)
                break
            }
            guard rest.hasPrefix("/v1/") else { return nil }
            rest = rest.dropFirst(4)
            switch rest {
            case "chat/completions": self = .completions(format)
            case "models": self = .models
            default:
                // A model's name may hold slashes, which clients send as they are.
                let prefix = "models/"
                guard rest.hasPrefix(prefix), rest.count > prefix.count else { return nil }
                self = .model(Self.percentDecoded(rest.dropFirst(prefix.count)))
            }
        }
    }

    var isCompletions: Bool {
        if case .completions = self { return true }
        return false
    }

    /// Whether it needs no key: what watches over the gateway has none.
    var isOpen: Bool { self == .liveness || self == .readiness }

    var methods: [HTTPRequest.Method] { isCompletions ? [.post] : [.get, .head] }

    /// What is no escape stays as it is.
    private static func percentDecoded(_ text: Substring) -> String {
        var decoded: [UInt8] = []
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%"), let high = bytes.first?.hexadecimalValue,
                let low = bytes.dropFirst().first?.hexadecimalValue
            {
                decoded.append(high << 4 | low)
                bytes = bytes.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
