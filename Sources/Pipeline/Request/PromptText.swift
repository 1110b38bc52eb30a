internal import JSON

extension ChatRequest {
    /// The conversation as text for the prompt summary: a line `role: text` per message, system and developer messages left
    /// out. Line ends within a message stay.
    ///
    /// Parts that are no text are told by a word such as `[image]`, tool calls by their name; their data never comes in.
    ///
    /// - Parameter maximumCharacters: Unicode scalars that are kept. Of a longer text the head and the tail are, with a
    ///   line `…` between, cut at grapheme boundaries.
    public func promptText(maximumCharacters: Int) -> String {
        var text = HeadAndTail(maximumCharacters: maximumCharacters)
        var isFirst = true
        forEachMessage { message in
            guard !message.isInstruction, !message.isEmpty(in: body.span) else { return }
            if !isFirst { text.append("\n") }
            isFirst = false
            text.append((message.role?.string(in: body.span) ?? "user") + ": ")
            message.write(to: &text, in: body.span)
        }
        return text.joined
    }

    /// The prompt as its own summary (`PROMPT_SUMMARY=auto`): where it is one message of the user with at most two sentences and no more
    /// characters than a fallback summary may have. Nil for any other.
    /// - Parameter promptText: what `promptText(maximumCharacters:)` gives.
    public func ownSummary(promptText: String) -> String? {
        let last = lastUserText(maximumCharacters: FallbackExtract.maximumCharacters + 1)
        guard promptText == "user: " + last else { return nil }
        let folded = last.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return FallbackExtract.summary(of: last) == folded ? folded : nil
    }

    /// The text of the last message of the user, bounded likewise, but only its head is kept. Empty where there is none.
    public func lastUserText(maximumCharacters: Int) -> String {
        let user = JSONName("user")
        var last: Message?
        forEachMessage { message in
            if message.role?.name(in: body.span) == user { last = message }
        }
        var text = HeadAndTail(maximumCharacters: maximumCharacters)
        last?.write(to: &text, in: body.span)
        return text.cutHead
    }

    private func forEachMessage(_ visit: (Message) -> Void) {
        members[.messages]?.forEachElement(in: body.span) { visit(Message($0, in: body.span)) }
    }
}

/// One element of `messages`.
private struct Message {
    private(set) var role: JSONValue?
    /// Whether it comes from the system or the developer.
    private(set) var isInstruction = false
    private var content: JSONValue?
    private var toolCalls: JSONValue?
    private var functionCall: JSONValue?

    init(_ value: JSONValue, in body: Span<UInt8>) {
        let names = MessageNames.shared
        value.forEachMember(in: body) { name, member in
            switch name {
            case names.role where member.kind == .string:
                role = member
                let name = member.name(in: body)
                isInstruction = name == names.system || name == names.developer
            case names.content: content = member
            case names.toolCalls: toolCalls = member
            case names.functionCall: functionCall = member
            default: break
            }
        }
    }

    /// Whether there is neither content nor a call.
    func isEmpty(in body: Span<UInt8>) -> Bool {
        [content, toolCalls, functionCall].allSatisfy { value in
            switch value?.kind {
            case .array: value?.isEmptyArray(in: body) == true
            case .string: value?.isEmptyString == true
            case .object: false
            default: true
            }
        }
    }

    /// Writes the text; parts and calls are parted by spaces.
    func write(to text: inout HeadAndTail, in body: Span<UInt8>) {
        let names = MessageNames.shared
        var isFirst = true
        func separate(_ text: inout HeadAndTail) {
            if !isFirst { text.append(" ") }
            isFirst = false
        }
        func note(_ word: String) {
            separate(&text)
            text.append(word)
        }
        func copy(_ string: JSONValue) {
            guard !string.isEmptyString else { return }
            separate(&text)
            text.append(string, of: body)
        }
        func call(_ function: JSONValue) {
            function.forEachMember(in: body) { name, member in
                if name == names.name, let string = member.string(in: body) { note("[tool call: \(string)]") }
            }
        }
        if let content {
            if content.kind == .string { copy(content) }
            content.forEachElement(in: body) { part in
                if part.kind == .string { copy(part) }
                guard part.kind == .object else { return }
                switch Part(part, in: body) {
                case .text(let string): copy(string)
                case .other(let word): note(word)
                }
            }
        }
        toolCalls?.forEachElement(in: body) { element in
            element.forEachMember(in: body) { name, member in
                if name == names.function || name == names.custom { call(member) }
            }
        }
        if let functionCall { call(functionCall) }
    }

    /// A part of a content list.
    private enum Part {
        case text(JSONValue)
        case other(String)

        init(_ value: JSONValue, in body: Span<UInt8>) {
            let names = MessageNames.shared
            var type: JSONName?
            var text: JSONValue?
            value.forEachMember(in: body) { name, member in
                if name == names.type { type = member.name(in: body) }
                if name == names.text || name == names.refusal, member.kind == .string { text = member }
            }
            switch type {
            case names.imageURL, names.inputImage, names.image: self = .other("[image]")
            case names.inputAudio, names.audio, names.audioURL: self = .other("[audio]")
            case names.file, names.inputFile, names.document: self = .other("[file]")
            case names.videoURL, names.inputVideo, names.video: self = .other("[video]")
            default: self = text.map { .text($0) } ?? .other("[part]")
            }
        }
    }
}

private final class MessageNames: Sendable {
    static let shared = MessageNames()

    let audio = JSONName("audio")
    let audioURL = JSONName("audio_url")
    let content = JSONName("content")
    let custom = JSONName("custom")
    let developer = JSONName("developer")
    let document = JSONName("document")
    let file = JSONName("file")
    let function = JSONName("function")
    let functionCall = JSONName("function_call")
    let image = JSONName("image")
    let imageURL = JSONName("image_url")
    let inputAudio = JSONName("input_audio")
    let inputFile = JSONName("input_file")
    let inputImage = JSONName("input_image")
    let inputVideo = JSONName("input_video")
    let name = JSONName("name")
    let refusal = JSONName("refusal")
    let role = JSONName("role")
    let system = JSONName("system")
    let text = JSONName("text")
    let toolCalls = JSONName("tool_calls")
    let type = JSONName("type")
    let video = JSONName("video")
    let videoURL = JSONName("video_url")

    private init() {}
}
