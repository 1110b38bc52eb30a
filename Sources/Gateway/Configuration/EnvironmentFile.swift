internal import Glibc

/// The environment that counts: the process's own, and below it that of a `.env` file.
public enum EnvironmentFile {
    /// Reads `.env` in the working directory where there is one, or the file that `ENV_FILE` names.
    /// - Throws: `ConfigurationError` when a file that was named cannot be read.
    public static func layered(under environment: [String: String]) throws(ConfigurationError) -> [String: String] {
        let named = environment["ENV_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = FileReader.text(of: named ?? ".env") else {
            guard let named else { return environment }
            throw ConfigurationError(lines: ["ENV_FILE: \"\(named)\" cannot be read"])
        }
        // An empty variable means the default, and so does not hide what the file says.
        return parse(text).merging(environment) { file, process in process.isEmpty ? file : process }
    }

    /// `NAME=value` lines; `#` begins a comment line; `export` and one pair of quotes around a value are dropped.
    static func parse(_ text: String) -> [String: String] {
        var variables: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            var line = line.trimmingBlanks()
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingBlanks() }
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let name = line[..<equals].trimmingBlanks()
            var value = line[line.index(after: equals)...].trimmingBlanks()
            if value.count >= 2, let quote = value.first, quote == "\"" || quote == "'", value.last == quote {
                value = value.dropFirst().dropLast()
            }
            variables[String(name)] = String(value)
        }
        return variables
    }

    /// The process's environment.
    public static func process() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let line = entry.pointee {
            let text = String(cString: line)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }
}

/// Small files, read whole.
enum FileReader {
    /// Bytes of a file that is worth reading.
    static let limit = 1 << 20

    static func isReadable(_ path: String) -> Bool {
        access(path, R_OK) == 0
    }

    static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        // One more than the limit, so that a file that is too large can be told.
        while content.count <= limit {
            let count = read(descriptor, &part, part.count)
            guard count >= 0 else { return nil }
            if count == 0 { break }
            content += part[..<count]
        }
        return String(decoding: content, as: UTF8.self)
    }
}
