/// Where a gateway's health is asked, by option or by the variables that the gateway itself was started with.
struct HealthTarget: Equatable, Sendable {
    let url: String
    let isLoopback: Bool
    /// A certificate is made out to a name, which this machine's own address is not.
    var skipsVerification: Bool { isLoopback && url.hasPrefix("https:") }

    /// - Parameter option: `--url`, the gateway's root or any address of it.
    /// - Throws: `HealthTargetError`.
    init(option: String?, environment: ClientEnvironment, checksUpstream: Bool) throws(HealthTargetError) {
        let text = if let option { option } else { try Self.own(environment) }
        do {
            let address = try WebAddress(text)
            url = address.resource(checksUpstream ? "/upstream-health" : "/healthz")
            isLoopback = address.isLoopback
        } catch {
            throw HealthTargetError(description: error.description)
        }
    }

    private static func own(_ environment: ClientEnvironment) throws(HealthTargetError) -> String {
        let scheme = environment[.tlsCertificate] == nil ? "http" : "https"
        let text = environment[.port] ?? "8000"
        guard let port = UInt16(text) else {
            throw HealthTargetError(description: "PORT is \(text): it must be a number from 1 to 65535")
        }
        guard port != 0 else {
            throw HealthTargetError(description: "PORT is 0, so the gateway chose its own: give --url")
        }
        return "\(scheme)://\(host(environment[.host])):\(port)"
    }

    /// `::` listens on IPv4 too, and there the loopback address exists on every machine.
    private static func host(_ host: String?) -> String {
        switch host {
        case nil, "0.0.0.0", "::", "[::]", "*": "127.0.0.1"
        case let host? where host.contains(":") && !host.hasPrefix("["): "[\(host)]"
        case let host?: host
        }
    }
}

/// Why no health can be asked.
struct HealthTargetError: Error, Equatable {
    let description: String
}
