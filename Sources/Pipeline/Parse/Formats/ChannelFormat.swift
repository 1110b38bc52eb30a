/// A reasoning format whose text comes in messages, each with a header that tells where it belongs: data, read by
/// `ChannelParser`.
public struct ChannelFormat: Sendable {
    /// Which side a message is on.
    enum Side: Sendable {
        case reasoning
        case content
        /// Addressed to a tool (R8).
        case neither
    }

    enum Token: Sendable, Equatable {
        /// Begins a header.
        case start
        /// Begins the channel's name in a header, or begins a header with it.
        case channel
        /// Begins the name of a constraint.
        case constrain
        /// Ends a header: the body follows, on the side that the header tells.
        case message
        /// Ends a header: the body follows, on this side.
        case body(Side)
        /// Ends a body.
        case end
    }

    /// How a header tells the side of its message.
    enum Grammar: Sendable {
        /// By the channel's name, and by the recipient behind ` to=`.
        case harmony
        /// By the recipient.
        case muse
        /// By the token that ends the header.
        case inkling
    }

    let grammar: Grammar
    let tokens: [(bytes: [UInt8], token: Token)]
    /// What a stream may begin with in place of a token, because the prompt ends inside a header.
    let leads: [[UInt8]]
    /// Whether two messages of the same side are parted by a line feed (R14).
    var joinsWithLineFeed: Bool { grammar != .inkling }

    var longestMarker: Int { (tokens.map(\.bytes.count) + leads.map(\.count)).reduce(0, max) }

    init(_ grammar: Grammar, _ tokens: [(String, Token)], leads: [String] = []) {
        self.grammar = grammar
        self.tokens = tokens.map { (Array($0.utf8), $1) }
        self.leads = leads.map { Array($0.utf8) }
    }

    static let harmony = ChannelFormat(
        .harmony,
        [
            ("<|start|>", .start), ("<|channel|>", .channel), ("<|constrain|>", .constrain), ("<|message|>", .message),
            ("<|end|>", .end), ("<|return|>", .end), ("<|call|>", .end),
        ], leads: [" to=", "to="])

    static let muse = ChannelFormat(
        .muse, [("<|start|>", .start), ("<|message|>", .message), ("<|eom|>", .end), ("<|eot|>", .end)],
        leads: [" to=", "to="])

    static let inkling = ChannelFormat(
        .inkling,
        [
            ("<|message_model|>", .start), ("<|content_thinking|>", .body(.reasoning)),
            ("<|content_text|>", .body(.content)), ("<|content_invoke_tool_text|>", .body(.content)),
            ("<|content_invoke_tool_json|>", .body(.neither)), ("<|end_message|>", .end),
            ("<|content_model_end_sampling|>", .end),
        ])
}
