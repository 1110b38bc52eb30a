import ArgumentParser
import Gateway
import JSON
import Pipeline

/// `inference-gateway parse`: divides text into reasoning and answer, by the very parser of the gateway.
struct ParseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parse",
        abstract: "Divide a model's text, read from standard input, into reasoning and answer.",
        discussion: """
            With --jsonl each line of input is {"format": …, "starts_in_reasoning": bool?, "chunks": ["…"]}, and each line of \
            output {"reasoning": …, "content": …}, or {"error": …} for a line that cannot be used. Blank lines are passed over.
            """)

    @Option(help: ArgumentHelp("A reasoning format.", valueName: "name"))
    var format: String?
    @Option(help: ArgumentHelp("A model, whose format is taken.", valueName: "name"))
    var model: String?
    @Flag(help: "The prompt holds the opening marker.")
    var startsInReasoning = false
    @Flag(help: "The text begins with the answer, or with an opening marker.")
    var startsInContent = false
    @Flag(help: "Read and write JSON lines.")
    var jsonl = false

    /// Bytes of one line.
    static let longestLine = 64 << 20

    func validate() throws {
        guard !(startsInReasoning && startsInContent) else {
            throw ValidationError("--starts-in-reasoning and --starts-in-content exclude each other")
        }
        guard !jsonl || format == nil && model == nil else {
            throw ValidationError("with --jsonl each line names its format")
        }
        guard jsonl || (format == nil) != (model == nil) else {
            throw ValidationError("one of --format and --model is needed")
        }
        if let format, ReasoningFormat.named(format) == nil {
            let known = ReasoningFormat.all.map(\.name).joined(separator: ", ")
            throw ValidationError("unknown format \(format); known are \(known)")
        }
    }

    func run() throws {
        if jsonl { return try lines() }
        var divider = try divider()
        var parts = ParsedText()
        while true {
            let bytes = StandardStream.nextInput()
            if bytes.isEmpty { break }
            divider.consume(bytes.span, into: &parts)
        }
        divider.finish(into: &parts)
        try StandardStream.write(Self.report(parts), to: 1)
    }

    private func divider() throws -> TextDivider {
        let start = startsInReasoning ? true : startsInContent ? false : nil
        guard let model else {
            return TextDivider(format.flatMap(ReasoningFormat.named) ?? .analysisFinal, startsInReasoning: start)
        }
        let configuration = try ModelsCommand.settings()
        let capabilities = configuration.streams.models.capabilities(of: model)
        return TextDivider(capabilities, startsInReasoning: start, configuration.streams)
    }

    static func report(_ parts: ParsedText) -> String {
        func text(_ bytes: [UInt8]) -> String { TerminalText.harmless(String(decoding: bytes, as: UTF8.self)) }
        return "=== reasoning ===\n\(text(parts.reasoning))\n=== content ===\n\(text(parts.content))\n"
    }

    private func lines() throws {
        var line: [UInt8] = []
        var isTooLong = false
        func end() throws {
            defer {
                line.removeAll(keepingCapacity: true)
                isTooLong = false
            }
            if isTooLong {
                return try StandardStream.write(
                    #"{"error":"the line is longer than \#(Self.longestLine) bytes"}"# + "\n", to: 1)
            }
            guard line.contains(where: { $0 > 0x20 }) else { return }
            try StandardStream.write(ParseLine.answer(line) + "\n", to: 1)
        }
        while true {
            let bytes = StandardStream.nextInput()
            if bytes.isEmpty { break }
            for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
                if part.offset > 0 { try end() }
                if line.count + part.element.count > Self.longestLine {
                    isTooLong = true
                } else {
                    line += part.element
                }
            }
        }
        try end()
    }
}

/// Divides a text by a format alone, or by all that the gateway does for a model.
struct TextDivider {
    // One of the two, each changed where it stands.
    private var parser: FormatParser?
    private var splitter: TextSplitter?

    init(_ format: ReasoningFormat, startsInReasoning: Bool?) {
        parser = FormatParser(format, startsInReasoning: startsInReasoning)
    }

    /// As for a request without tools and switches, in an answer that the model ends by itself.
    init(
        _ capabilities: ModelCapabilities, startsInReasoning: Bool?, _ streams: GatewayConfiguration.Streams
    ) {
        splitter = TextSplitter(
            TextExpectation(
                format: capabilities.format, startsInReasoning: startsInReasoning ?? capabilities.startsInReasoning,
                preambleCharacters: capabilities.injectsTags ? streams.preambleCharacters : nil,
                isAutomatic: capabilities.isUnknown, recoveryBytes: streams.bufferBytes))
    }

    mutating func consume(_ text: Span<UInt8>, into parts: inout ParsedText) {
        parser?.consume(text, into: &parts)
        splitter?.consume(text, into: &parts)
    }

    mutating func finish(into parts: inout ParsedText) {
        parser?.finish(into: &parts)
        splitter?.finish(.complete, stopped: true, into: &parts)
        if splitter?.recoveredAll == true { parts.reasoning = [] }
    }
}

/// One line of `parse --jsonl`.
enum ParseLine {
    /// What is wrong with a line.
    private struct Mistake: Error {
        let words: String
    }

    private struct Job {
        var format: ReasoningFormat?
        var startsInReasoning: Bool?
        var chunks: [[UInt8]]?
    }

    /// The line's answer, without a line end.
    static func answer(_ line: [UInt8]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        do {
            let job = try read(line)
            guard let format = job.format else { throw Mistake(words: "format is missing") }
            guard let chunks = job.chunks else { throw Mistake(words: "chunks are missing") }
            var parser = FormatParser(format, startsInReasoning: job.startsInReasoning)
            var parts = ParsedText()
            for chunk in chunks { parser.consume(chunk.span, into: &parts) }
            parser.finish(into: &parts)
            writer.key("reasoning")
            writer.string(utf8: parts.reasoning.span)
            writer.key("content")
            writer.string(utf8: parts.content.span)
        } catch {
            writer.key("error")
            writer.string((error as? Mistake)?.words ?? "not valid JSON: \(error)")
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func read(_ line: [UInt8]) throws -> Job {
        let bytes = line.span
        var job = Job()
        var cursor = JSONCursor()
        try cursor.enterObject(bytes)
        while let key = try cursor.nextKey(bytes) {
            let name = key.string(in: bytes)
            if name == "chunks", try cursor.peekKind(bytes) == .array {
                job.chunks = try chunks(&cursor, bytes)
                continue
            }
            let value = try cursor.value(bytes)
            switch name {
            case "format":
                guard let text = value.string(in: bytes), let format = ReasoningFormat.named(text) else {
                    throw Mistake(words: "unknown format")
                }
                job.format = format
            case "starts_in_reasoning":
                guard value.bool != nil || value.kind == .null else {
                    throw Mistake(words: "starts_in_reasoning must be true or false")
                }
                job.startsInReasoning = value.bool
            case "chunks": throw Mistake(words: "chunks must be a list of texts")
            default: break
            }
        }
        try cursor.end(bytes)
        return job
    }

    private static func chunks(_ cursor: inout JSONCursor, _ bytes: Span<UInt8>) throws -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        try cursor.enterArray(bytes)
        while try cursor.nextElement(bytes) {
            let value = try cursor.value(bytes)
            guard value.kind == .string else { throw Mistake(words: "chunks must be a list of texts") }
            var chunk: [UInt8] = []
            JSONString.appendUnescaped(value, of: bytes, to: &chunk)
            chunks.append(chunk)
        }
        return chunks
    }
}
