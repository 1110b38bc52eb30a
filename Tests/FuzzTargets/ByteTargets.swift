internal import JSON
internal import Pipeline
internal import ServerSentEvents

/// A document is taken or refused, the same whether it is read whole or member by member; and what is unescaped and escaped
/// again is a string.
enum JSONFuzz {
    static func run(_ input: [UInt8]) throws {
        let whole = try? JSONCursor.document(input.span)
        var cursor = JSONCursor()
        let walked = (try? walk(input.span, &cursor)) != nil && (try? cursor.end(input.span)) != nil
        try require((whole != nil) == walked, "read whole \(whole != nil), walked \(walked)")
        guard let whole, whole.kind == .string else { return }
        var text: [UInt8] = []
        JSONString.appendUnescaped(whole, of: input.span, to: &text)
        var escaped: [UInt8] = [0x22]
        JSONString.appendEscaped(text.span, to: &escaped)
        escaped.append(0x22)
        let again = try JSONCursor.document(escaped.span)
        var textAgain: [UInt8] = []
        JSONString.appendUnescaped(again, of: escaped.span, to: &textAgain)
        try require(text == textAgain, "a string changes when it is escaped")
    }

    private static func walk(_ bytes: Span<UInt8>, _ cursor: inout JSONCursor) throws(JSONError) {
        switch try cursor.peekKind(bytes) {
        case .object:
            try cursor.enterObject(bytes)
            while let key = try cursor.nextKey(bytes) {
                _ = key.name(in: bytes)
                try walk(bytes, &cursor)
            }
        case .array:
            try cursor.enterArray(bytes)
            while try cursor.nextElement(bytes) { try walk(bytes, &cursor) }
        default:
            let value = try cursor.value(bytes)
            _ = value.integer(in: bytes)
            _ = value.double(in: bytes)
        }
    }
}

/// The same events come out however the bytes are split.
enum EventStreamFuzz {
    static func run(_ input: [UInt8]) throws {
        var reader = InputReader(input)
        let step = 1 + reader.number(below: 16)
        let limit = 1 + reader.number(below: 256)
        let bytes = Array(input.dropFirst(2))
        let whole = decode(bytes, step: max(1, bytes.count), limit: limit)
        let split = decode(bytes, step: step, limit: limit)
        try require(whole == split, "split by \(step): \(split), whole: \(whole)")
    }

    private static func decode(_ bytes: [UInt8], step: Int, limit: Int) -> [String] {
        var decoder = EventStreamDecoder(maximumEventBytes: limit)
        var events: [String] = []
        var rest = bytes[...]
        func note(_ event: ServerSentEvent, _ bytes: Span<UInt8>) {
            let data = event.withData(in: bytes) { data in data.indices.map { data[$0] } }
            events.append("\(event.name) \(data)")
        }
        do throws(EventStreamError) {
            while !rest.isEmpty {
                let part = Array(rest.prefix(step))
                rest = rest.dropFirst(step)
                var position = 0
                while let event = try decoder.next(part.span, &position) { note(event, part.span) }
            }
            if let event = decoder.finish() { note(event, Span()) }
        } catch {
            events.append("\(error)")
        }
        return events
    }
}

/// A request is refused, or it becomes a body that is JSON, is a stream, holds nothing of the gateway's own, and is read as the
/// same request.
enum RequestFuzz {
    static func run(_ input: [UInt8]) throws {
        guard let request = try? ChatRequest(parsing: input) else { return }
        _ = request.promptText(maximumCharacters: 100)
        _ = request.lastUserText(maximumCharacters: 100)
        _ = request.ownSummary(promptText: request.promptText(maximumCharacters: 100))
        for instruction in [nil, "use \"tags\""] {
            let body = request.upstreamBody(
                instruction: instruction, includeUsage: true,
                extraMembers: [.init(name: "skip_special_tokens", json: "false")])
            do {
                let again = try ChatRequest(parsing: body)
                try require(again.stream, "the upstream is not asked for a stream")
                try require(again.includeUsageAsked, "the upstream is not asked for usage")
                try require(again.model == request.model, "the model changes")
                try require(
                    again.summaryModel == nil && again.streamFormat == nil && again.promptSummary == nil
                        && again.reasoningSummary == nil, "the gateway's own members are left in")
            } catch let error as APIError {
                throw Violation("the upstream's body is refused: \(error.message)")
            }
        }
    }
}

/// The same reasoning and content come out however the text is split, and hardly more than went in.
enum FormatFuzz {
    static func run(_ input: [UInt8]) throws {
        var reader = InputReader(input)
        let formats = ReasoningFormat.all
        let format = formats[reader.number(below: formats.count)]
        let flags = reader.byte()
        let text = Array(input.dropFirst(2))
        func parse(_ step: Int) -> ParsedText {
            var parser = FormatParser(format, startsInReasoning: flags & 1 != 0)
            var parts = ParsedText()
            var rest = text[...]
            while !rest.isEmpty {
                parser.consume(Array(rest.prefix(step)).span, into: &parts)
                rest = rest.dropFirst(step)
            }
            parser.finish(into: &parts)
            return parts
        }
        let whole = parse(max(1, text.count))
        for step in [1, 2 + Int(flags >> 4)] {
            try require(parse(step) == whole, "\(format.name): split by \(step) it is another one")
        }
        // Messages are joined with a line feed each.
        let count = whole.reasoning.count + whole.content.count
        try require(count <= text.count + text.count / 5 + 1, "\(format.name): more comes out than went in")
    }
}
