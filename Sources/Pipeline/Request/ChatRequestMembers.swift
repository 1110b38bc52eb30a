internal import JSON

/// The top-level members of a request body that the gateway reads or changes, found in one pass.
struct ChatRequestMembers: Sendable {
    enum Name: String, CaseIterable, Sendable {
        case model
        case messages
        case stream
        case streamOptions = "stream_options"
        case n
        case tools
        case functions
        case responseFormat = "response_format"
        case summaryModel = "summary_model"
        case streamFormat = "stream_format"
        case promptSummary = "prompt_summary"
        case reasoningSummary = "reasoning_summary"

        /// Whether the member is the gateway's own, and not for the upstream.
        var isExtension: Bool {
            switch self {
            case .summaryModel, .streamFormat, .promptSummary, .reasoningSummary: true
            default: false
            }
        }
    }

    private static let names = Name.allCases.map { (packed: JSONName($0.rawValue), name: $0) }

    private var values: [Name: JSONValue] = [:]
    /// The first of the members above that occurs twice. Servers differ in which one they take, so a second `model` could
    /// pass an allowlist unseen.
    private(set) var duplicate: Name?
    private(set) var messageCount = 0
    private(set) var firstMessageNotObject: Int?
    /// Behind the last member's value, where further members are put.
    private(set) var end = 0
    /// What to cut out so that the gateway's own members go, each with one comma. In order.
    private(set) var removals: [Range<Int>] = []

    subscript(name: Name) -> JSONValue? { values[name] }

    init(reading body: Span<UInt8>, maximumDepth: Int) throws(JSONError) {
        var keptEnd: Int?
        var cutStart: Int?
        var cursor = JSONCursor(maximumDepth: maximumDepth)
        try cursor.enterObject(body)
        end = cursor.position
        while let key = try cursor.nextKey(body) {
            let packed = key.name(in: body)
            let name = ChatRequestMembers.names.first { $0.packed == packed }?.name
            let value = try name == .messages ? readMessages(body, &cursor) : cursor.value(body)
            if let name {
                if values[name] != nil, duplicate == nil { duplicate = name }
                values[name] = value
            }
            // A run of own members is cut up to the next member that stays.
            if let name, name.isExtension {
                cutStart = cutStart ?? key.range.lowerBound
            } else {
                if let start = cutStart { removals.append(start..<key.range.lowerBound) }
                cutStart = nil
                keptEnd = value.range.upperBound
            }
            end = value.range.upperBound
        }
        try cursor.end(body)
        // At the end the comma before the run goes with it.
        if let cutStart { removals.append((keptEnd ?? cutStart)..<end) }
    }

    private mutating func readMessages(
        _ body: Span<UInt8>,
        _ cursor: inout JSONCursor
    ) throws(JSONError) -> JSONValue {
        guard try cursor.peekKind(body) == .array else { return try cursor.value(body) }
        let start = cursor.position
        messageCount = 0
        firstMessageNotObject = nil
        try cursor.enterArray(body)
        while try cursor.nextElement(body) {
            if try cursor.value(body).kind != .object, firstMessageNotObject == nil {
                firstMessageNotObject = messageCount
            }
            messageCount += 1
        }
        return JSONValue(kind: .array, start: start, end: cursor.position)
    }
}
