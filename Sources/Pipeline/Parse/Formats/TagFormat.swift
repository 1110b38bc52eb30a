/// A reasoning format that divides text by markers: data, read by `TagParser`.
///
/// The letters are those of the conformance corpus' rules.
public struct TagFormat: Sendable {
    /// What a marker does.
    enum Role: UInt8, Sendable {
        /// Opens reasoning (R2). At the beginning of reasoning it is swallowed (R6).
        case opening
        /// Closes it (R5). Before any content it is dropped; after it, it is text or dropped, as the format says (R3).
        case closing
        /// Ends the reasoning and stays, as content (R7).
        case tool
        /// Does so at the start of a line alone.
        case toolAtLineStart
        /// Removed outside reasoning (R8).
        case wrapper
        /// Removed outside reasoning, and ends it (R8).
        case answerWrapper
        /// Outside reasoning it begins a block that is dropped up to its end (R8).
        case droppedOpening
        case droppedClosing
    }

    struct Marker: Sendable {
        let bytes: [UInt8]
        let role: Role
    }

    let markers: [Marker]
    /// Whether an opening marker counts at any place, being a special token, or only before all content (R2).
    let opensAnywhere: Bool
    /// A word behind an opening marker that is removed together with its line feed.
    let label: [UInt8]
    /// For each byte, whether a marker begins with it.
    let firstBytes: [Bool]

    /// The longest marker, in bytes.
    var longestMarker: Int { markers.reduce(0) { max($0, $1.bytes.count) } + label.count + 1 }

    init(
        _ openings: [String], _ closings: [String], anywhere: Bool = false, tools: [String] = [],
        toolsAtLineStart: [String] = [], wrappers: [String] = [], answerWrappers: [String] = [],
        dropped: (opening: String, closing: String)? = nil, label: String = ""
    ) {
        func make(_ texts: [String], _ role: Role) -> [Marker] {
            texts.map { Marker(bytes: Array($0.utf8), role: role) }
        }
        markers =
            make(openings, .opening) + make(closings, .closing) + make(tools, .tool)
            + make(toolsAtLineStart, .toolAtLineStart) + make(wrappers, .wrapper)
            + make(answerWrappers, .answerWrapper) + make([dropped?.opening].compactMap(\.self), .droppedOpening)
            + make([dropped?.closing].compactMap(\.self), .droppedClosing)
        opensAnywhere = anywhere
        self.label = Array(label.utf8)
        var firstBytes = [Bool](repeating: false, count: 256)
        for marker in markers {
            if let first = marker.bytes.first { firstBytes[Int(first)] = true }
        }
        self.firstBytes = firstBytes
    }

    var openings: [[UInt8]] { markers.filter { $0.role == .opening }.map(\.bytes) }
    var closings: [[UInt8]] { markers.filter { $0.role == .closing }.map(\.bytes) }

    /// The closing markers alone, each of which is dropped in front of all content.
    var closingsAlone: TagFormat {
        TagFormat([], closings.map { String(decoding: $0, as: UTF8.self) })
    }

    /// Whether nothing is a marker any more once there is content.
    var endsWithContent: Bool {
        !opensAnywhere
            && markers.allSatisfy {
                $0.role == .opening || $0.role == .closing || $0.role == .tool || $0.role == .toolAtLineStart
            }
    }
}
