extension [UInt8] {
    /// Appends the bytes of a span in one reservation.
    mutating func append(contentsOf span: Span<UInt8>) {
        // Appending nothing to an empty array would still write the count of the one empty array that all threads share.
        guard !span.isEmpty else { return }
        append(addingCapacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }
}

extension UInt8 {
    /// Space, tab, CR or LF: what the reasoning formats take for white space.
    var isMarkupWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D || self == 0x0A }

    /// True for every byte that begins a Unicode scalar in valid UTF-8; counting these counts the scalars.
    var beginsScalar: Bool { self & 0xC0 != 0x80 }
}
