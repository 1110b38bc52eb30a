/// Every mistake in a configuration, a line each.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `EX_CONFIG` of sysexits(3): the exit status for a configuration that cannot be used.
    public static let exitStatus: Int32 = 78

    public let lines: [String]

    public init(lines: [String]) {
        self.lines = lines
    }

    public var description: String { lines.joined(separator: "\n") }
}

/// Reads variables from an environment and collects what is wrong with them.
struct ConfigurationReader {
    let environment: [String: String]
    private(set) var mistakes: [String] = []

    init(environment: [String: String]) {
        self.environment = environment
    }

    /// The variable's value, or its default's. After a mistake the default stands in, so that reading goes on.
    mutating func value<Value>(_ variable: Variable<Value>) -> Value? {
        if let text = environment[variable.name], !text.isEmpty {
            if let value = variable.parse(text) { return value }
            let shown = variable.isSecret ? "a secret" : "\"\(text)\""
            mistakes.append("\(variable.name): \(shown) is not accepted; it must be \(variable.accepted)")
        }
        return variable.defaultText.flatMap(variable.parse)
    }

    /// The same for a variable that has a default.
    mutating func required<Value>(_ variable: Variable<Value>, or fallback: Value) -> Value {
        value(variable) ?? fallback
    }

    /// The content of the file that a variable names.
    mutating func text(of variable: Variable<String>) -> String? {
        guard let path = value(variable) else { return nil }
        guard let text = FileReader.text(of: path) else {
            reject(variable, file: path, "cannot be read")
            return nil
        }
        return text
    }

    /// Two variables that mean something together only.
    mutating func requireBoth<First, Second>(_ first: Variable<First>, _ second: Variable<Second>) {
        func isSet(_ name: String) -> Bool { environment[name]?.isEmpty == false }
        guard isSet(first.name) != isSet(second.name) else { return }
        let (given, missing) = isSet(first.name) ? (first.name, second.name) : (second.name, first.name)
        mistakes.append("\(missing): is not set, though \(given) is; it must be set with it, or neither")
    }

    /// The file that a variable names, read whole; nil where none is named, and after a mistake.
    mutating func file(_ variable: Variable<String>) -> (path: String, text: String)? {
        guard let path = value(variable) else { return nil }
        guard let text = FileReader.text(of: path) else {
            reject(variable, file: path, "cannot be read")
            return nil
        }
        guard text.utf8.count <= FileReader.limit else {
            reject(variable, file: path, "is larger than \(FileReader.limit) bytes")
            return nil
        }
        return (path, text)
    }

    /// What is wrong with the file that a variable names.
    mutating func reject<Value>(_ variable: Variable<Value>, file: String, _ mistake: String) {
        mistakes.append("\(variable.name): \"\(file)\": \(mistake)")
    }

    /// Warnings for names that look like ours and are not.
    func warnings() -> [String] {
        let known = Variables.all.map(\.name)
        return environment.keys.sorted().compactMap { name in
            guard ["UPSTREAM_", "SUMMARY_", "GATEWAY_"].contains(where: { name.hasPrefix($0) }), !known.contains(name)
            else { return nil }
            let nearest = known.map { ($0, EditDistance.between($0, name)) }.min { $0.1 < $1.1 }
            guard let nearest, nearest.1 <= 4 else { return "unknown variable \(name)" }
            return "unknown variable \(name): did you mean \(nearest.0)?"
        }
    }
}

enum EditDistance {
    /// Levenshtein's distance.
    static func between(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (index, byte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let cost = min(row[column] + 1, row[column + 1] + 1, diagonal + (byte == right[column] ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = cost
            }
        }
        return row[right.count]
    }
}
