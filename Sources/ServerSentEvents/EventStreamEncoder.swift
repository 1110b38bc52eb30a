/// Writes a `text/event-stream` (WHATWG HTML, section 9.2.5) with LF as the line end.
public enum EventStreamEncoder {
    /// Appends one event. Each line of the data becomes a `data` line.
    ///
    /// - Parameter name: the `event` field, left out where nil. It must not hold line ends.
    public static func appendEvent(name: String? = nil, data: Span<UInt8>, to output: inout [UInt8]) {
        beginEvent(name: name, to: &output)
        var start = 0
        while true {
            let end = EventStreamLine.end(data, from: start)
            output.append(bytes: data, start..<end)
            guard end < data.count else { break }
            let isPair = data[end] == .carriageReturn && end &+ 1 < data.count && data[end &+ 1] == .lineFeed
            start = end &+ (isPair ? 2 : 1)
            output.append(.lineFeed)
            append("data: ", to: &output)
        }
        endEvent(to: &output)
    }

    /// Begins an event whose data the caller appends by itself, without line ends, before ``endEvent(to:)``.
    public static func beginEvent(name: String? = nil, to output: inout [UInt8]) {
        if let name {
            append("event: ", to: &output)
            append(name, to: &output)
            output.append(.lineFeed)
        }
        append("data: ", to: &output)
    }

    /// Ends the event begun last.
    public static func endEvent(to output: inout [UInt8]) {
        output.append(.lineFeed)
        output.append(.lineFeed)
    }

    /// Appends a comment, which clients ignore. It must not hold line ends.
    public static func appendComment(_ text: String, to output: inout [UInt8]) {
        append(": ", to: &output)
        append(text, to: &output)
        endEvent(to: &output)
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        let bytes = text.utf8.span
        output.append(bytes: bytes, bytes.indices)
    }
}
