internal import HTTPTypes
internal import Inbound

extension HTTPFields {
    /// The token of the one `Authorization: Bearer TOKEN` (RFC 6750, section 2.1); nil where there is none, or two.
    var bearerToken: Substring? {
        let values = self[values: .authorization]
        guard values.count == 1, let value = values.first else { return nil }
        let scheme = value.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        let token = value[scheme.endIndex...].trimmingBlanks()
        return token.isEmpty ? nil : token
    }
}

/// Whose completion one is, as far as that is counted: a token's hash, with the process's own random seed.
struct ClientKey: Hashable, Sendable {
    private let hash: Int

    init(_ token: Substring) {
        var hasher = Hasher()
        hasher.combine(token)
        hash = hasher.finalize()
    }
}

extension RequestHead {
    var clientKey: ClientKey? { headerFields.bearerToken.map { ClientKey($0) } }
}
