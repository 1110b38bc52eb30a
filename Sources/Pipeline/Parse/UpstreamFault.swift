public import JSON

/// An error that an upstream reports in a payload or an answer's body, in any of the shapes that servers use:
/// `{"error":{…}}`, `{"error":"text"}`, `{"object":"error","message":…}`, `{"detail":"text"}`.
public struct UpstreamFault: Sendable, Equatable {
    /// The error as it came: the value of `error`, else the whole payload.
    public let range: Range<Int>
    /// A string.
    public let message: JSONValue?
    /// A string, such as `server_error`.
    public let type: JSONValue?
    /// A string or a number.
    public let code: JSONValue?
    /// An HTTP status, 400 to 599, where `code` or `status` is one.
    public let status: Int?

    /// Members of an error, wherever they stand.
    struct Members {
        var message: JSONValue?
        var detail: JSONValue?
        var type: JSONValue?
        var code: JSONValue?
        var status: JSONValue?

        mutating func note(_ name: JSONName, _ value: JSONValue) {
            let names = ChunkNames.shared
            switch name {
            case names.message: message = value.ifString
            case names.detail: detail = value.ifString
            case names.type: type = value.ifString
            case names.code: code = value.kind == .string || value.kind == .number ? value : nil
            case names.status, names.statusCode: status = value
            default: break
            }
        }
    }

    /// Reads the value of `error`; nil for null and whatever else is no error.
    init?(error value: JSONValue, in payload: Span<UInt8>) {
        var members = Members()
        switch value.kind {
        case .string where !value.isEmptyString:
            members.message = value
        case .object:
            value.forEachMember(in: payload) { name, member in members.note(name, member) }
        default:
            return nil
        }
        self.init(members, range: value.range, in: payload)
    }

    /// An error whose members stand at the top; nil where neither the type of object nor a message tells of one.
    init?(_ members: Members, whole: Range<Int>, isErrorObject: Bool, in payload: Span<UInt8>) {
        guard isErrorObject || members.message != nil || members.detail != nil else { return nil }
        self.init(members, range: whole, in: payload)
    }

    private init(_ members: Members, range: Range<Int>, in payload: Span<UInt8>) {
        self.range = range
        message = members.message ?? members.detail
        type = members.type
        code = members.code
        func status(_ value: JSONValue?) -> Int? {
            guard let value else { return nil }
            let number = value.integer(in: payload) ?? value.string(in: payload).flatMap { Int($0) }
            return number.flatMap { (400...599).contains($0) ? $0 : nil }
        }
        self.status = status(members.code) ?? status(members.status)
    }
}
