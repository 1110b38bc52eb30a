/// One environment variable: its name, its default, how its text is read, and what the documentation says of it.
public struct Variable<Value: Sendable>: Sendable {
    public let name: String
    /// The default as one would write it; nil: none.
    public let defaultText: String?
    /// What is accepted, as the error line says it.
    let accepted: String
    let isSecret: Bool
    let explanation: String
    let parse: @Sendable (String) -> Value?

    init(
        _ name: String, default defaultText: String?, _ kind: VariableKind<Value>, secret isSecret: Bool = false,
        _ explanation: String
    ) {
        self.name = name
        self.defaultText = defaultText
        accepted = kind.accepted
        self.isSecret = isSecret
        self.explanation = explanation
        parse = kind.parse
    }
}

/// What all variables have in common, whatever their value's type.
public protocol AnyVariable: Sendable {
    var name: String { get }
    var defaultText: String? { get }
    /// The lines of `env.example`.
    var example: String { get }
}

extension Variable: AnyVariable {
    public var example: String {
        // Where it should listen depends on where it runs: the container image has an answer of its own.
        let isActive = defaultText != nil && name != "HOST"
        return "# \(explanation)\n\(isActive ? "" : "#")\(name)=\(defaultText ?? "")\n"
    }
}

/// A way to read a variable's text, and the words for it.
struct VariableKind<Value: Sendable>: Sendable {
    let accepted: String
    let parse: @Sendable (String) -> Value?
}

extension VariableKind<String> {
    static let text = VariableKind(accepted: "any text") { $0 }

    static func choice(_ names: String...) -> VariableKind {
        VariableKind(accepted: names.joined(separator: ", ")) { text in
            names.contains(text.lowercased()) ? text.lowercased() : nil
        }
    }

    /// An absolute http or https URL without user, query and fragment; a trailing `/` is dropped.
    static let url = VariableKind(
        accepted: "one URL that begins with http:// or https://, without user, query and fragment"
    ) {
        text in
        let lowercased = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" }
        let isPlain = rest.unicodeScalars.allSatisfy {
            $0.value > 0x20 && $0.value < 0x7F && !"?#,\"<>\\^`{|}".unicodeScalars.contains($0)
        }
        guard isPlain, !host.isEmpty, !host.contains("@"), host.first != ":" else { return nil }
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        return url
    }

    static let urlPath = VariableKind(accepted: "a path that begins with /, or nothing at all") { text in
        let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F && $0 != "#" }
        return isPlain && text.hasPrefix("/") ? text : nil
    }

    static let readableFile = VariableKind(accepted: "the path of a file that can be read") { path in
        FileReader.isReadable(path) ? path : nil
    }
}

extension VariableKind<[String]> {
    /// Members of one pool.
    private static var mostURLs: Int { 256 }

    /// URLs as `url` has them, parted by commas, each once.
    static let urls = VariableKind(
        accepted: "up to \(mostURLs) different URLs, parted by commas, that begin with http:// or https://, "
            + "without user, query and fragment"
    ) { text in
        let items = list.parse(text) ?? []
        let urls = items.compactMap { VariableKind<String>.url.parse($0) }
        let areGood = urls.count == items.count && (1...mostURLs).contains(urls.count) && Set(urls).count == urls.count
        return areGood ? urls : nil
    }
}

extension VariableKind<Secret> {
    static let secret = VariableKind(accepted: "one line of visible characters") { text in
        isHeaderValue(text) ? Secret(text) : nil
    }

    static func isHeaderValue(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}

extension VariableKind<[Secret]> {
    static let secrets = VariableKind(
        accepted: "keys parted by commas, each of 1 to \(APIKeys.longest) visible ASCII characters"
    ) { text in
        let keys = text.split(separator: ",").map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
        let areKeys = keys.allSatisfy { key in
            key.utf8.count <= APIKeys.longest && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
        // A list of nothing would leave open what was meant to be closed.
        return areKeys && !keys.isEmpty ? keys.map { Secret(String($0)) } : nil
    }
}

extension VariableKind<AllowedOrigins> {
    static let origins = VariableKind(
        accepted: "origins such as https://chat.example:8443, parted by commas, or *"
    ) { text in
        VariableKind<[String]>.list.parse(text).flatMap { AllowedOrigins($0) }
    }
}

extension VariableKind<[String]> {
    /// Comma-separated, blanks trimmed, empty items dropped.
    static let list = VariableKind(accepted: "a comma-separated list") { text in
        text.split(separator: ",").map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty }
    }
}

extension VariableKind<Int> {
    static func integer(_ range: ClosedRange<Int>) -> VariableKind {
        VariableKind(accepted: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Bytes; `k`, `m` and `g` are powers of 1024.
    static func size(_ range: ClosedRange<Int>) -> VariableKind {
        VariableKind(
            accepted:
                "a size in bytes from \(range.lowerBound) to \(range.upperBound), with k, m or g for powers of 1024"
        ) { text in
            let suffixes: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
            let factor = text.lowercased().last.flatMap { suffixes[$0] }
            guard let number = Int(factor == nil ? text : String(text.dropLast())) else { return nil }
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor ?? 1)
            return !overflow && range.contains(bytes) ? bytes : nil
        }
    }
}

extension VariableKind<Duration> {
    /// Seconds, fractions allowed.
    static func seconds(_ range: ClosedRange<Double>) -> VariableKind {
        VariableKind(accepted: "seconds from \(words(range.lowerBound)) to \(words(range.upperBound))") { text in
            let isPlain = text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == UInt8(ascii: ".") }
            guard isPlain, let number = Double(text), range.contains(number) else { return nil }
            return .milliseconds(Int64((number * 1000).rounded()))
        }
    }

    private static func words(_ number: Double) -> String {
        number == number.rounded() ? String(Int(number)) : String(number)
    }
}

extension VariableKind<Bool> {
    static let boolean = VariableKind(accepted: "1, true, yes, on, 0, false, no or off") { text in
        switch text.lowercased() {
        case "1", "true", "yes", "on": true
        case "0", "false", "no", "off": false
        default: nil
        }
    }
}
