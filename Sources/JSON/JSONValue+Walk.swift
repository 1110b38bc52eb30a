extension JSONValue {
    /// Calls `body` with each element of a validated array; never for the other kinds.
    public func forEachElement(in bytes: Span<UInt8>, _ body: (JSONValue) -> Void) {
        guard kind == .array else { return }
        var cursor = JSONCursor(at: range.lowerBound)
        // An error cannot come, because the array has been validated.
        guard (try? cursor.enterArray(bytes)) != nil else { return }
        while (try? cursor.nextElement(bytes)) == true, let element = try? cursor.value(bytes) {
            body(element)
        }
    }

    /// Calls `body` with each member of a validated object; never for the other kinds.
    public func forEachMember(in bytes: Span<UInt8>, _ body: (JSONName, JSONValue) -> Void) {
        guard kind == .object else { return }
        var cursor = JSONCursor(at: range.lowerBound)
        // An error cannot come, because the object has been validated.
        guard (try? cursor.enterObject(bytes)) != nil else { return }
        while let key = try? cursor.nextKey(bytes), let member = try? cursor.value(bytes) {
            body(key.name(in: bytes), member)
        }
    }

    /// Whether this is an array of no elements.
    public func isEmptyArray(in bytes: Span<UInt8>) -> Bool {
        guard kind == .array, range.upperBound <= bytes.count else { return false }
        for index in range.dropFirst().dropLast() where bytes[index] > 0x20 { return false }
        return true
    }
}
