/// Divides a stream of text by the markers of a `TagFormat`.
///
/// Any division of the text gives the same result. At most a part of one marker is held, and no byte is looked at more often than a
/// marker is long.
public struct TagParser: Sendable {
    private enum State {
        case content
        case reasoning
        /// In a block that is neither.
        case dropping
    }

    let format: TagFormat
    private var state: State
    private var held: [UInt8] = []
    /// There has been content that is no white space.
    private var contentSeen = false
    /// There has been text that is no white space in the present reasoning.
    private var reasoningSeen = false
    /// The format's label may come next.
    private var awaitsLabel = false
    private var isAtLineStart = true
    /// Whether any marker has been acted upon.
    private(set) var markerSeen = false

    public init(_ format: TagFormat, startsInReasoning: Bool) {
        self.format = format
        state = startsInReasoning ? .reasoning : .content
        // The label stands behind the opening marker, also where the prompt holds that.
        awaitsLabel = startsInReasoning && !format.label.isEmpty
    }

    var isThinking: Bool { state == .reasoning }
    var isAnswering: Bool { state != .reasoning && contentSeen }
    var heldBytes: Int { held.count }

    /// True when any text at all is content, verbatim.
    var passesEverything: Bool { format.endsWithContent && passesPlainText }

    /// True when text in which no marker can begin is content, verbatim.
    var passesPlainText: Bool { state == .content && contentSeen && held.isEmpty }

    public mutating func consume(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard !held.isEmpty else { return scan(text, into: &output) }
        var joined: [UInt8] = []
        swap(&joined, &held)
        joined.append(contentsOf: text)
        scan(joined.span, into: &output)
    }

    public mutating func finish(into output: inout ParsedText) {
        var rest: [UInt8] = []
        swap(&rest, &held)
        if awaitsLabel, rest == format.label { return }
        emit(rest.span, into: &output)
    }

    private mutating func scan(_ bytes: Span<UInt8>, into output: inout ParsedText) {
        var start = 0
        var index = 0
        while index < bytes.count {
            guard awaitsLabel || format.firstBytes[Int(bytes[index])] else {
                index &+= 1
                continue
            }
            emit(bytes.extracting(start..<index), into: &output)
            start = index
            if awaitsLabel {
                switch label(bytes, at: index) {
                case .some(let length):
                    index &+= length
                    start = index
                    continue
                case nil:
                    held.append(contentsOf: bytes.extracting(index..<bytes.count))
                    return
                }
            }
            switch match(bytes, at: index) {
            case .none: index &+= 1
            case .partial:
                held.append(contentsOf: bytes.extracting(index..<bytes.count))
                return
            case .marker(let marker):
                act(on: marker, into: &output)
                index &+= marker.bytes.count
                start = index
            }
        }
        emit(bytes.extracting(start..<bytes.count), into: &output)
    }

    /// Bytes of a label that begins at `index`, and ends in a line feed or in front of a closing marker; 0 where there is none; nil
    /// while that cannot be told.
    private mutating func label(_ bytes: Span<UInt8>, at index: Int) -> Int? {
        // The opening marker may come again in front of it.
        if case .marker(let marker) = match(bytes, at: index), marker.role == .opening { return marker.bytes.count }
        if case .partial = match(bytes, at: index) { return nil }
        var endings = format.closings
        endings.append([0x0A])
        var isPartial = false
        for ending in endings {
            switch bytes.match(format.label + ending, at: index) {
            case .whole:
                awaitsLabel = false
                return ending.count == 1 ? format.label.count &+ 1 : format.label.count
            case .partial: isPartial = true
            case .none: break
            }
        }
        if isPartial { return nil }
        awaitsLabel = false
        return 0
    }

    private enum Match {
        case none
        /// What is there may yet become a marker.
        case partial
        case marker(TagFormat.Marker)
    }

    private func match(_ bytes: Span<UInt8>, at index: Int) -> Match {
        var isPartial = false
        for marker in format.markers where marker.bytes.first == bytes[index] && counts(marker.role) {
            switch bytes.match(marker.bytes, at: index) {
            case .whole: return .marker(marker)
            case .partial: isPartial = true
            case .none: break
            }
        }
        return isPartial ? .partial : .none
    }

    /// Whether a marker is more than text here.
    private func counts(_ role: TagFormat.Role) -> Bool {
        switch state {
        case .reasoning:
            switch role {
            case .opening: !reasoningSeen
            case .closing, .tool, .answerWrapper: true
            case .toolAtLineStart: isAtLineStart
            case .wrapper, .droppedOpening, .droppedClosing: false
            }
        case .content:
            switch role {
            case .opening, .closing: format.opensAnywhere || !contentSeen
            case .wrapper, .answerWrapper, .droppedOpening, .droppedClosing: true
            case .tool, .toolAtLineStart: false
            }
        case .dropping: role == .droppedClosing
        }
    }

    private mutating func act(on marker: TagFormat.Marker, into output: inout ParsedText) {
        markerSeen = true
        switch marker.role {
        case .opening:
            state = .reasoning
            reasoningSeen = false
            isAtLineStart = true
            awaitsLabel = !format.label.isEmpty
        case .closing, .answerWrapper:
            state = .content
        case .tool, .toolAtLineStart:
            state = .content
            emit(marker.bytes.span, into: &output)
        case .wrapper: break
        case .droppedOpening: state = .dropping
        case .droppedClosing: state = .content
        }
    }

    private mutating func emit(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard !text.isEmpty else { return }
        switch state {
        case .content:
            output.content.append(contentsOf: text)
            if !contentSeen { contentSeen = text.hasMoreThanWhiteSpace }
        case .reasoning:
            output.reasoning.append(contentsOf: text)
            if !reasoningSeen { reasoningSeen = text.hasMoreThanWhiteSpace }
            isAtLineStart = text[text.count &- 1] == 0x0A
        case .dropping: break
        }
    }
}

extension Span<UInt8> {
    enum MarkerMatch {
        case none
        /// The bytes end inside it.
        case partial
        case whole
    }

    func match(_ marker: [UInt8], at index: Int) -> MarkerMatch {
        let available = Swift.min(marker.count, count &- index)
        for offset in 0..<available where self[index &+ offset] != marker[offset] { return .none }
        return available == marker.count ? .whole : .partial
    }

    var hasMoreThanWhiteSpace: Bool {
        for index in indices where !self[index].isMarkupWhiteSpace { return true }
        return false
    }
}
