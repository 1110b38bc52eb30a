/// An event stream that cannot be decoded.
public enum EventStreamError: Error, Equatable, Sendable {
    /// An event, or a comment, is longer than the decoder's limit, in bytes.
    case eventTooLarge(limit: Int)
}

/// Divides the bytes of a `text/event-stream` into events (WHATWG HTML, section 9.2.6), however they are split.
///
/// Each read is drained before the next one:
///
///     var position = 0
///     while let event = try decoder.next(bytes, &position) { … }
///
/// Lines end with LF, CR or CRLF; one byte-order mark may stand first. An event whose data is one line within one read
/// is a slice of it, without a copy. A line that has ended takes effect at once: a CR is not held for the LF that may follow.
public struct EventStreamDecoder: Sendable {
    /// The last valid `id` field, which the standard keeps over events.
    public private(set) var lastEventID = ""
    /// The last valid `retry` field, in milliseconds.
    public private(set) var reconnectionTime: Int?

    private let maximumEventBytes: Int
    /// The beginning of a line whose end has not come.
    private var partial: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    /// Bytes of the event's lines so far, comments and line ends not counted.
    private var eventBytes = 0
    private var isFirstLine = true
    private var skipsLineFeed = false
    private var hasFailed = false

    /// - Parameter maximumEventBytes: bytes that the lines of one event may have together, their ends not counted.
    ///   A comment is held to the same limit by itself.
    public init(maximumEventBytes: Int) {
        self.maximumEventBytes = maximumEventBytes
    }

    /// The next event that ends in `bytes` behind `position`; nil when all of them are used up.
    ///
    /// After an error every further call throws it again.
    public mutating func next(
        _ bytes: Span<UInt8>,
        _ position: inout Int
    ) throws(EventStreamError) -> ServerSentEvent? {
        guard !hasFailed else { throw .eventTooLarge(limit: maximumEventBytes) }
        position = max(0, position)
        // The event's only data line so far, where it lies in `bytes`.
        var slice: Range<Int>?
        while position < bytes.count {
            if skipsLineFeed {
                skipsLineFeed = false
                if bytes[position] == .lineFeed {
                    position &+= 1
                    continue
                }
            }
            let line = position..<EventStreamLine.end(bytes, from: position)
            try check(bytes, line)
            guard line.upperBound < bytes.count else {
                partial.append(bytes: bytes, line)
                position = bytes.count
                break
            }
            position = line.upperBound &+ 1
            skipsLineFeed = bytes[line.upperBound] == .carriageReturn
            if !partial.isEmpty {
                partial.append(bytes: bytes, line)
                endPartialLine(&slice, bytes)
            } else if line.isEmpty {
                isFirstLine = false
                if let event = dispatch(slice) { return event }
            } else {
                read(line, of: bytes, isInput: true, &slice, bytes)
            }
        }
        materialize(&slice, bytes)
        return nil
    }

    /// Ends the stream; nothing may follow. Gives the event that lacked its blank line (or even its last line's end), if there was one.
    ///
    /// The standard drops such an event; but some servers end with `data: [DONE]` and nothing more. Whether it is whole
    /// is for the caller to find out.
    public mutating func finish() -> ServerSentEvent? {
        guard !hasFailed else { return nil }
        var slice: Range<Int>?
        if !partial.isEmpty {
            let none: [UInt8] = []
            endPartialLine(&slice, none.span)
        }
        return dispatch(nil, isTerminated: false)
    }

    /// Throws when `line`, with what was kept of it, goes beyond the limit.
    @inline(__always)
    private mutating func check(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(EventStreamError) {
        let length = partial.count &+ line.count
        if length &+ eventBytes <= maximumEventBytes { return }
        let first = partial.first ?? (line.isEmpty ? nil : bytes[line.lowerBound])
        if first == .colon, length <= maximumEventBytes { return }
        hasFailed = true
        partial = []
        data = []
        throw .eventTooLarge(limit: maximumEventBytes)
    }

    /// Reads the line kept in `partial`, which has come to its end. It may turn out empty behind a byte-order mark only.
    private mutating func endPartialLine(_ slice: inout Range<Int>?, _ input: Span<UInt8>) {
        var line: [UInt8] = []
        swap(&line, &partial)
        read(0..<line.count, of: line.span, isInput: false, &slice, input)
        // Keeps room for the next one, unless an unusually long line has made it large.
        guard line.capacity <= 16_384 else { return }
        line.removeAll(keepingCapacity: true)
        swap(&line, &partial)
    }

    /// Reads one line, not empty, of `bytes`, which are the input or a line kept from earlier reads.
    private mutating func read(
        _ wholeLine: Range<Int>,
        of bytes: Span<UInt8>,
        isInput: Bool,
        _ slice: inout Range<Int>?,
        _ input: Span<UInt8>
    ) {
        var line = wholeLine
        if isFirstLine {
            isFirstLine = false
            if EventStreamLine.hasByteOrderMark(bytes, line) { line = line.lowerBound &+ 3..<line.upperBound }
            if line.isEmpty { return }
        }
        guard bytes[line.lowerBound] != .colon else { return }
        eventBytes &+= line.count
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[unchecked: colon] != .colon { colon &+= 1 }
        var value = min(colon &+ 1, line.upperBound)..<line.upperBound
        if !value.isEmpty, bytes[value.lowerBound] == .space { value = value.dropFirst() }

        switch Field(bytes, line.lowerBound..<colon) {
        case .data:
            if isInput, !hasData {
                slice = value
            } else {
                materialize(&slice, input)
                if hasData { data.append(.lineFeed) }
                data.append(bytes: bytes, value)
            }
            hasData = true
        case .event:
            name = String(copying: bytes, value)
        case .id:
            let id = String(copying: bytes, value)
            if !id.utf8.contains(0) { lastEventID = id }
        case .retry:
            let digits = String(copying: bytes, value)
            if digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let time = Int(digits) { reconnectionTime = time }
        case nil:
            break
        }
    }
    /// Copies the data line that lies in the input, before the input goes away or more data comes.
    private mutating func materialize(_ slice: inout Range<Int>?, _ input: Span<UInt8>) {
        guard let range = slice else { return }
        data.append(bytes: input, range)
        slice = nil
    }

    /// The event that a blank line ends, unless it has no data at all.
    @inline(__always)
    private mutating func dispatch(_ slice: Range<Int>?, isTerminated: Bool = true) -> ServerSentEvent? {
        eventBytes = 0
        guard hasData else {
            if !name.isEmpty { name = "" }
            return nil
        }
        hasData = false
        var eventName = ""
        if !name.isEmpty { swap(&eventName, &name) }
        if let slice {
            return ServerSentEvent(name: eventName, payload: .slice(slice), isTerminated: isTerminated)
        }
        var assembled: [UInt8] = []
        swap(&assembled, &data)
        return ServerSentEvent(name: eventName, payload: .assembled(assembled), isTerminated: isTerminated)
    }
}
