internal import JSON

extension ChatRequest {
    /// What the request says of the model's reasoning, in any of the ways that servers know: `reasoning_effort`,
    /// `enable_thinking`, `thinking`, `thinking_mode`, `reasoning`, each also in `chat_template_kwargs`.
    public var reasoningSwitches: ReasoningSwitches {
        var switches = ReasoningSwitches()
        let bytes = body.span
        JSONValue.document(of: body)?.forEachMember(in: bytes) { name, value in
            switches.note(name, value, bytes)
            guard name == JSONName("chat_template_kwargs") else { return }
            value.forEachMember(in: bytes) { name, value in switches.note(name, value, bytes) }
        }
        return switches
    }

    /// What the last `/think` or `/no_think` in the messages of system, developer and user says; nil where there is none.
    public var promptSwitch: Bool? {
        let bytes = body.span
        var result: Bool?
        members[.messages]?.forEachElement(in: bytes) { message in
            var isAsking = false
            var content: JSONValue?
            message.forEachMember(in: bytes) { name, member in
                switch name {
                case JSONName("role"): isAsking = Self.asking.contains(member.name(in: bytes))
                case JSONName("content"): content = member
                default: break
                }
            }
            guard isAsking, let content else { return }
            func read(_ text: JSONValue) {
                var unescaped: [UInt8] = []
                JSONString.appendUnescaped(text, of: bytes, to: &unescaped)
                result = PromptSwitch.last(in: unescaped.span) ?? result
            }
            read(content)
            content.forEachElement(in: bytes) { part in
                part.forEachMember(in: bytes) { name, member in
                    if name == JSONName("text") { read(member) }
                }
            }
        }
        return result
    }

    private static let asking = [JSONName("system"), JSONName("developer"), JSONName("user")]
}

/// `/think` and `/no_think`, as words by themselves.
private enum PromptSwitch {
    private static let on = Array("/think".utf8)
    private static let off = Array("/no_think".utf8)

    static func last(in text: Span<UInt8>) -> Bool? {
        var index = text.count
        while index > 0 {
            index &-= 1
            // `</think>` is no switch, nor is a path.
            guard text[index] == UInt8(ascii: "/"), index == 0 || !text[index &- 1].joinsWords else { continue }
            for (word, isOn) in [(on, true), (off, false)] {
                guard case .whole = text.match(word, at: index) else { continue }
                let end = index &+ word.count
                if end == text.count || !text[end].joinsWords || text[end] == UInt8(ascii: ".") { return isOn }
            }
        }
        return nil
    }
}

extension JSONValue {
    fileprivate static func document(of body: [UInt8]) -> JSONValue? { try? JSONCursor.document(body.span) }
}

extension UInt8 {
    /// Whether a word goes on with it, or a path or a tag.
    fileprivate var joinsWords: Bool {
        switch self {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}

extension ReasoningSwitches {
    fileprivate mutating func note(_ name: JSONName, _ value: JSONValue, _ bytes: Span<UInt8>) {
        switch name {
        case JSONName("enable_thinking"): isOn = value.bool ?? isOn
        case JSONName("thinking"):
            // A truth value in templates, an object with a type in some servers' requests.
            isOn = value.bool ?? isOn
            value.forEachMember(in: bytes) { name, member in
                if name == JSONName("type") { noteMode(member.string(in: bytes)) }
            }
        case JSONName("thinking_mode"): noteMode(value.string(in: bytes))
        case JSONName("reasoning_effort"): noteEffort(value.string(in: bytes))
        case JSONName("reasoning"):
            value.forEachMember(in: bytes) { name, member in
                if name == JSONName("enabled") { isOn = member.bool ?? isOn }
                if name == JSONName("effort") { noteEffort(member.string(in: bytes)) }
            }
        default: break
        }
    }

    private mutating func noteMode(_ mode: String?) {
        if mode == "enabled" { isOn = true }
        if mode == "disabled" { isOn = false }
    }

    private mutating func noteEffort(_ text: String?) {
        guard let text else { return }
        effort = text.lowercased()
        if effort == "none" || effort == "no_think" { isOn = false }
    }
}
