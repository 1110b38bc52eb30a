import JSON

/// A stream's event as one line of JSON: `{"event":NAME,"data":…}`, for programs.
enum EventLine {
    /// The data as it came where it is JSON, else as a string.
    static func render(name: String, data: Span<UInt8>) -> String {
        var writer = JSONWriter(reservingCapacity: data.count &+ 64)
        writer.beginObject()
        writer.key("event")
        writer.string(name)
        writer.key("data")
        if (try? JSONCursor.document(data)) != nil {
            writer.raw(onOneLine(data).span)
        } else {
            writer.string(utf8: data)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    /// A line end in valid JSON is white space between tokens.
    private static func onOneLine(_ json: Span<UInt8>) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(json.count)
        for index in json.indices {
            let byte = json[index]
            line.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte)
        }
        return line
    }
}
