/// A message's header as far as it has come: role and recipient, channel, constraint.
struct ChannelHeader: Sendable {
    private enum Part { case role, channel, constraint }

    /// Whether it began at the stream's beginning, without a token.
    let isLead: Bool
    private var part = Part.role
    private var role: [UInt8] = []
    private var channel: [UInt8]?
    private var constraint: [UInt8] = []
    /// The recipient that a channel named before this one restarted it.
    private var earlierRecipient: String?

    init(isLead: Bool = false) {
        self.isLead = isLead
    }

    var count: Int { role.count &+ (channel?.count ?? 0) &+ constraint.count }

    mutating func append(_ text: Span<UInt8>) {
        switch part {
        case .role: role.append(contentsOf: text)
        case .channel: channel?.append(contentsOf: text)
        case .constraint: constraint.append(contentsOf: text)
        }
    }

    /// A further channel restarts it (R9): its name, not the recipient.
    mutating func beginChannel() {
        earlierRecipient = earlierRecipient ?? channel.flatMap(Self.recipient)
        part = .channel
        channel = []
        constraint = []
    }

    mutating func beginConstraint() {
        part = .constraint
        constraint = []
    }

    var everything: [UInt8] { role + (channel ?? []) }

    /// What stands behind the channel's name, without the constraint's; without a channel, behind the role.
    var body: [UInt8] { Array(Self.behindName(channel ?? role) + Self.behindName(constraint)) }

    func side(_ grammar: ChannelFormat.Grammar) -> ChannelFormat.Side {
        let recipient =
            Self.recipient(role) ?? earlierRecipient ?? channel.flatMap(Self.recipient)
            ?? Self.recipient(Array(Self.behindName(constraint)))
        switch grammar {
        case .harmony:
            if let recipient, recipient != "assistant", recipient != "user" { return .neither }
            return channel.map(Self.name) == "analysis" ? .reasoning : .content
        case .muse:
            switch recipient {
            case "self": return .reasoning
            case "user", "commentary", nil: return .content
            default: return .neither
            }
        case .inkling: return .content
        }
    }

    private static func name(_ text: [UInt8]) -> String {
        let trimmed = text.drop(while: \.isMarkupWhiteSpace)
        return String(decoding: trimmed.prefix { !$0.isMarkupWhiteSpace }, as: UTF8.self)
    }

    private static func behindName(_ text: [UInt8]) -> ArraySlice<UInt8> {
        text.drop(while: \.isMarkupWhiteSpace).drop { !$0.isMarkupWhiteSpace }.drop(while: \.isMarkupWhiteSpace)
    }

    /// The word behind `to=`, at the beginning or behind white space.
    private static func recipient(_ text: [UInt8]) -> String? {
        let words = text.split(whereSeparator: \.isMarkupWhiteSpace)
        let prefix = Array("to=".utf8)
        guard let word = words.first(where: { $0.starts(with: prefix) }) else { return nil }
        return String(decoding: word.dropFirst(prefix.count), as: UTF8.self)
    }
}
