internal import Glibc
internal import JSON
internal import Logging

/// One log line: a JSON object, or text for a terminal.
enum LogLine {
    /// Members that metadata cannot take the place of.
    private static let reserved: Set<String> = ["timestamp", "level", "message"]

    static func json(_ time: timespec, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> [UInt8]
    {
        var writer = JSONWriter(reservingCapacity: 512)
        writer.beginObject()
        writer.key("timestamp")
        writer.string(timestamp(time))
        writer.key("level")
        writer.string(level.rawValue)
        writer.key("message")
        writer.string(message)
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            writer.key(reserved.contains(name) ? name + "_" : name)
            append(value, to: &writer)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    static func text(_ time: timespec, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> [UInt8]
    {
        var line = "\(timestamp(time)) \(level.rawValue) \(message)"
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let text = "\(value)"
            let isPlain = text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && $0.value != 0x7F }
            line += " \(name)=" + (isPlain ? text : quoted(text))
        }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    private static func append(_ value: Logger.MetadataValue, to writer: inout JSONWriter) {
        switch value {
        case .string(let text): writer.string(text)
        case .stringConvertible(let number as Int): writer.integer(number)
        case .stringConvertible(let number as UInt16): writer.integer(Int(number))
        case .stringConvertible(let flag as Bool): writer.bool(flag)
        case .stringConvertible(let number as Double) where number.isFinite:
            writer.raw(Array("\(number)".utf8).span)
        case .stringConvertible(let other): writer.string("\(other)")
        case .array(let values):
            writer.beginArray()
            for value in values { append(value, to: &writer) }
            writer.endArray()
        case .dictionary(let members):
            writer.beginObject()
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(name)
                append(value, to: &writer)
            }
            writer.endObject()
        }
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONString.appendEscaped(text, to: &bytes)
        return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
    }

    /// RFC 3339, in UTC, with milliseconds.
    static func timestamp(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: Int, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date =
            "\(padded(Int(parts.tm_year) + 1900, 4))-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday)))"
        let clock = "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
        return "\(date)T\(clock).\(padded(Int(time.tv_nsec) / 1_000_000, 3))Z"
    }
}
