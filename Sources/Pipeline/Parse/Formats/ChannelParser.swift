/// Divides a stream of messages into reasoning and content, by a `ChannelFormat`.
///
/// Any division of the text gives the same result. Held are a part of one token, a header up to `longestHeader` bytes, and white
/// space outside of messages.
public struct ChannelParser: Sendable {
    private enum State {
        /// Nothing but what may become a header has come.
        case beginning
        case outside
        case header
        case body(ChannelFormat.Side)
    }

    /// Bytes of a header; a longer one is no header but text.
    static let longestHeader = 1 << 10

    private let format: ChannelFormat
    private var state = State.beginning
    private var held: [UInt8] = []
    private var header = ChannelHeader()
    /// White space outside of messages, which counts only in front of text.
    private var space: [UInt8] = []
    private var outsideHasText = false
    /// What the next text must be parted from.
    private var reasoningJoin = false
    private var contentJoin = false
    private var reasoningSeen = false
    private(set) var contentSeen = false
    private(set) var markerSeen = false

    init(_ format: ChannelFormat) {
        self.format = format
    }

    var isThinking: Bool {
        if case .body(.reasoning) = state { return true }
        return false
    }
    var isAnswering: Bool { contentSeen && !isThinking }
    var heldBytes: Int { held.count }

    public mutating func consume(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard !held.isEmpty else { return scan(text, into: &output) }
        var bytes: [UInt8] = []
        swap(&bytes, &held)
        bytes.append(contentsOf: text)
        scan(bytes.span, into: &output)
    }

    public mutating func finish(into output: inout ParsedText) {
        var rest: [UInt8] = []
        swap(&rest, &held)
        if case .beginning = state { state = .outside }
        take(rest.span, into: &output)
        if case .header = state { endMalformedHeader(atEndOfStream: true, into: &output) }
        state = .outside
    }

    private mutating func scan(_ bytes: Span<UInt8>, into output: inout ParsedText) {
        var start = 0
        var index = 0
        if case .beginning = state {
            switch lead(bytes) {
            case .partial:
                held.append(contentsOf: bytes)
                return
            case .whole:
                state = .header
                header = ChannelHeader(isLead: true)
            case .none:
                if bytes.isEmpty { return }
                state = .outside
            }
        }
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "<") else {
                index &+= 1
                continue
            }
            switch token(bytes, at: index) {
            case .none: index &+= 1
            case .partial:
                take(bytes.extracting(start..<index), into: &output)
                held.append(contentsOf: bytes.extracting(index..<bytes.count))
                return
            case .token(let token, let length):
                take(bytes.extracting(start..<index), into: &output)
                if counts(token) {
                    markerSeen = true
                    act(on: token, into: &output)
                } else {
                    take(bytes.extracting(index..<(index &+ length)), into: &output)
                }
                index &+= length
                start = index
            }
        }
        take(bytes.extracting(start..<bytes.count), into: &output)
    }

    private func lead(_ bytes: Span<UInt8>) -> Span<UInt8>.MarkerMatch {
        var isPartial = false
        for lead in format.leads {
            switch bytes.match(lead, at: 0) {
            case .whole: return .whole
            case .partial: isPartial = true
            case .none: break
            }
        }
        return isPartial ? .partial : .none
    }

    private enum Match {
        case none
        case partial
        case token(ChannelFormat.Token, Int)
    }

    private func token(_ bytes: Span<UInt8>, at index: Int) -> Match {
        var isPartial = false
        for (marker, token) in format.tokens {
            switch bytes.match(marker, at: index) {
            case .whole: return .token(token, marker.count)
            // In a body only the tokens that end it have to be waited for.
            case .partial: if counts(token) { isPartial = true }
            case .none: break
            }
        }
        return isPartial ? .partial : .none
    }

    /// Whether a token is more than text here: in a body only those are that end it.
    private func counts(_ token: ChannelFormat.Token) -> Bool {
        if case .body = state { return token == .end }
        return true
    }

    private mutating func act(on token: ChannelFormat.Token, into output: inout ParsedText) {
        var isHeader = false
        if case .header = state { isHeader = true }
        switch token {
        case .start:
            if isHeader { endMalformedHeader(atEndOfStream: false, into: &output) }
            beginHeader()
        case .channel:
            if !isHeader { beginHeader() }
            header.beginChannel()
        case .constrain:
            if !isHeader { beginHeader() }
            header.beginConstraint()
        case .message:
            begin(isHeader ? header.side(format.grammar) : .content)
        case .body(let side):
            begin(side)
        case .end:
            if isHeader { endMalformedHeader(atEndOfStream: false, into: &output) }
            state = .outside
            endMessage()
        }
    }

    private mutating func beginHeader() {
        endMessage()
        header = ChannelHeader()
        state = .header
    }

    private mutating func begin(_ side: ChannelFormat.Side) {
        endMessage()
        state = .body(side)
    }

    private mutating func endMessage() {
        outsideHasText = false
        space = []
        guard format.joinsWithLineFeed else { return }
        reasoningJoin = reasoningSeen
        contentJoin = contentSeen
    }

    /// A header without a body (R9).
    private mutating func endMalformedHeader(atEndOfStream: Bool, into output: inout ParsedText) {
        let header = header
        self.header = ChannelHeader()
        if header.isLead, !markerSeen {
            // There were no tokens at all (R13).
            emit(header.everything.span, .content, into: &output)
        } else if format.grammar == .harmony {
            endMessage()
            emit(header.body.span, header.side(.harmony), into: &output)
        }
        state = .outside
    }

    private mutating func take(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard !text.isEmpty else { return }
        switch state {
        case .beginning, .outside: outside(text, into: &output)
        case .body(let side): emit(text, side, into: &output)
        case .header:
            // Nothing in such a header counts.
            if format.grammar == .inkling { return }
            // The limit is kept to the byte, so that a division of the text changes nothing.
            let room = Self.longestHeader &- header.count
            guard text.count > room else { return header.append(text) }
            header.append(text.extracting(0..<room))
            // Without any token it was no header, but looked like the rest of one (R13).
            let isText = header.isLead && !markerSeen
            let side = isText ? .content : header.side(format.grammar)
            let body = format.grammar == .harmony && !header.isLead ? header.body : header.everything
            endMessage()
            state = .body(side)
            emit(body.span, side, into: &output)
            emit(text.extracting(room..<text.count), side, into: &output)
        }
    }

    /// White space around a text outside of messages is dropped, that inside it is not.
    private mutating func outside(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard format.joinsWithLineFeed else { return emit(text, .content, into: &output) }
        var start = 0
        if !outsideHasText {
            while start < text.count, text[start].isMarkupWhiteSpace { start &+= 1 }
        }
        var end = text.count
        while end > start, text[end &- 1].isMarkupWhiteSpace { end &-= 1 }
        if end > start {
            emitSpace(into: &output)
            emit(text.extracting(start..<end), .content, into: &output)
            outsideHasText = true
        }
        space.append(contentsOf: text.extracting(end..<text.count))
        if space.count > Self.longestHeader { emitSpace(into: &output) }
    }

    private mutating func emitSpace(into output: inout ParsedText) {
        let bytes = space
        space = []
        emit(bytes.span, .content, into: &output)
    }

    private mutating func emit(_ text: Span<UInt8>, _ side: ChannelFormat.Side, into output: inout ParsedText) {
        guard !text.isEmpty else { return }
        switch side {
        case .reasoning:
            if reasoningJoin { output.reasoning.append(0x0A) }
            reasoningJoin = false
            output.reasoning.append(contentsOf: text)
            reasoningSeen = true
        case .content:
            if contentJoin { output.content.append(0x0A) }
            contentJoin = false
            output.content.append(contentsOf: text)
            if !contentSeen { contentSeen = text.hasMoreThanWhiteSpace }
        case .neither: break
        }
    }
}
