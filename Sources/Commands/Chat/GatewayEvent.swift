import JSON

/// One event of a gateway's stream (protocol.md, "The stream"), as far as a reader of text needs it.
enum GatewayEvent: Equatable, Sendable {
    case promptSummary(text: String)
    case reasoningSummary(text: String)
    /// A piece of a summary, ahead of it.
    case promptSummaryDelta(text: String)
    case reasoningSummaryDelta(text: String)
    case outputDelta(text: String)
    case outputDone(isComplete: Bool)
    case error(StreamFault)
    /// Anything else, to be ignored.
    case other(name: String)

    /// - Throws: `JSONError` when the data of a known event is not a JSON object.
    init(name: String, data: Span<UInt8>) throws(JSONError) {
        switch name {
        case "summary.prompt": self = .promptSummary(text: try Fields(data).text)
        case "summary.reasoning": self = .reasoningSummary(text: try Fields(data).text)
        case "summary.prompt.delta": self = .promptSummaryDelta(text: try Fields(data).text)
        case "summary.reasoning.delta": self = .reasoningSummaryDelta(text: try Fields(data).text)
        case "output.delta": self = .outputDelta(text: try Fields(data).text)
        case "output.done": self = .outputDone(isComplete: try Fields(data).status != "incomplete")
        case "error": self = .error(StreamFault(try Fields(data)))
        default: self = .other(name: name)
        }
    }

    /// The members that a reader needs. A member of an unexpected kind counts as missing.
    struct Fields {
        var text = ""
        var status: String?
        var message: String?
        var stage: String?
        var detail: String?
        var code: String?
        var isFatal: Bool?

        init(_ data: Span<UInt8>) throws(JSONError) {
            var cursor = JSONCursor()
            try cursor.enterObject(data)
            while let key = try cursor.nextKey(data) {
                let name = key.name(in: data)
                let value = try cursor.value(data)
                switch name {
                case Self.textName: text = value.string(in: data) ?? ""
                case Self.statusName: status = value.string(in: data)
                case Self.messageName: message = value.string(in: data)
                case Self.stageName: stage = value.string(in: data)
                case Self.detailName: detail = value.string(in: data) ?? raw(value, data)
                case Self.codeName: code = value.string(in: data)
                case Self.fatalName: isFatal = value.bool
                default: break
                }
            }
            try cursor.end(data)
        }

        private func raw(_ value: JSONValue, _ data: Span<UInt8>) -> String? {
            guard value.kind != .null else { return nil }
            var bytes: [UInt8] = []
            for index in value.range.clamped(to: 0..<data.count) { bytes.append(data[index]) }
            return String(decoding: bytes, as: UTF8.self)
        }

        private static let textName = JSONName("text")
        private static let statusName = JSONName("status")
        private static let messageName = JSONName("message")
        private static let stageName = JSONName("stage")
        private static let detailName = JSONName("detail")
        private static let codeName = JSONName("code")
        private static let fatalName = JSONName("fatal")
    }
}

/// What an `error` event says.
struct StreamFault: Equatable, Sendable {
    let stage: String
    let message: String
    let detail: String?
    let code: String?
    let isFatal: Bool

    init(stage: String, message: String, detail: String? = nil, code: String? = nil, isFatal: Bool) {
        self.stage = stage
        self.message = message
        self.detail = detail
        self.code = code
        self.isFatal = isFatal
    }

    /// Where the event does not say whether it is fatal, its stage does: a summary's failure never is.
    init(_ fields: GatewayEvent.Fields) {
        let stage = fields.stage ?? "unknown"
        self.init(
            stage: stage,
            message: fields.message ?? "no message",
            detail: fields.detail,
            code: fields.code,
            isFatal: fields.isFatal ?? (stage != "prompt_summary" && stage != "reasoning_summary")
        )
    }
}
