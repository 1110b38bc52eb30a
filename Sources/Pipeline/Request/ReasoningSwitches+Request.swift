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

    /// What the last `/think` or `/no_think` in the messages says; nil where there is none.
    public var promptSwitch: Bool? {
        guard let messages = members[.messages] else { return nil }
        let bytes = body.span.extracting(messages.range)
        let on = Array("/think".utf8)
        let off = Array("/no_think".utf8)
        var index = bytes.count - 1
        while index > 0 {
            // `</think>` is no switch, nor is a path.
            if bytes[index] == UInt8(ascii: "/"), !bytes[index - 1].isMarkupOrWord {
                if case .whole = bytes.match(off, at: index) { return false }
                if case .whole = bytes.match(on, at: index) { return true }
            }
            index -= 1
        }
        return nil
    }
}

extension JSONValue {
    fileprivate static func document(of body: [UInt8]) -> JSONValue? { try? JSONCursor.document(body.span) }
}

extension UInt8 {
    fileprivate var isMarkupOrWord: Bool {
        switch self {
        case UInt8(ascii: "<"), UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "."): true
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
