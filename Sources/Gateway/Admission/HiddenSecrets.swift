internal import HTTPTypes
internal import Pipeline

extension GatewayConfiguration {
    /// Shorter values are no secrets, and would be found in any text.
    private static let shortestSecret = 6

    /// What upstreams are sent and clients must not see.
    var upstreamSecrets: [String] {
        var secrets = [upstream.apiKey, summary.apiKey].compactMap { $0?.value }
        for header in upstream.extraHeaders {
            // A credential may stand behind its scheme (RFC 9110, section 11.4), and is quoted without it.
            let parts = header.value.split { $0 == " " || $0 == "\t" }
            secrets.append(header.value)
            secrets += parts.dropFirst().map(String.init)
        }
        // The longest first: one may be part of another.
        return secrets.filter { $0.utf8.count >= Self.shortestSecret }.sorted { $0.count > $1.count }
    }
}

extension StreamFault {
    /// The fault without what an upstream quotes of the gateway's own secrets, as some do with a key that is wrong.
    func hiding(_ secrets: [String]) -> StreamFault {
        var fault = self
        for secret in secrets {
            fault.message = fault.message.replacing(secret, with: "<redacted>")
            fault.detail = fault.detail.replacing(secret, with: "<redacted>")
            fault.code = fault.code.replacing(secret, with: "<redacted>")
            fault.type = fault.type?.replacing(secret, with: "<redacted>")
        }
        return fault
    }
}
