/// Builds JSON text from the outside in; it puts the commas. What is begun must be ended by the caller.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    public init(reservingCapacity capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func beginObject() { begin(.objectStart) }
    public mutating func endObject() { end(.objectEnd) }
    public mutating func beginArray() { begin(.arrayStart) }
    public mutating func endArray() { end(.arrayEnd) }

    /// A member's name and colon.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(.colon)
        needsComma = false
    }

    public mutating func string(_ text: String) {
        string(utf8: text.utf8.span)
    }

    /// A string of UTF-8 bytes; invalid ones become U+FFFD.
    public mutating func string(utf8 text: Span<UInt8>) {
        separate()
        bytes.append(.quote)
        JSONString.appendEscaped(text, to: &bytes)
        bytes.append(.quote)
    }

    public mutating func integer(_ number: Int) {
        raw(String(number).utf8.span)
    }

    public mutating func bool(_ value: Bool) {
        raw((value ? "true" : "false").utf8.span)
    }

    public mutating func null() {
        raw("null".utf8.span)
    }

    /// A value, or a whole `"name":value` in an object, that is JSON already.
    public mutating func raw(_ json: Span<UInt8>) {
        separate()
        bytes.append(bytes: json, 0..<json.count)
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(.comma) }
        needsComma = true
    }
}
