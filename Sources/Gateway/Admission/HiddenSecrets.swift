internal import HTTPTypes
internal import Pipeline

extension GatewayConfiguration {
    /// Shorter values are no secrets, and would be found in any text.
    private static let shortestSecret = 6

    /// What upstreams are sent and clients must not see.
    var upstreamSecrets: [String] {
        let keys = [upstream.apiKey, summary.apiKey].compactMap { $0?.value }
        return (keys + upstream.extraHeaders.map(\.value)).filter { $0.utf8.count >= Self.shortestSecret }
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
