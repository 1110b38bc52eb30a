import Gateway
import Glibc

/// The environment variables that client commands read (configuration.md). An empty one counts as unset.
struct ClientEnvironment: Sendable {
    enum Variable: String, CaseIterable, Sendable {
        case gatewayURL = "GATEWAY_URL"
        case gatewayAPIKey = "GATEWAY_API_KEY"
        case friendliEndpointID = "FRIENDLI_ENDPOINT_ID"
        case friendliAPIBase = "FRIENDLI_API_BASE"
        case upstreamAPIKey = "UPSTREAM_API_KEY"
        case host = "HOST"
        case port = "PORT"
        case tlsCertificate = "TLS_CERT_FILE"
        case terminal = "TERM"
        case noColor = "NO_COLOR"
    }

    private let values: [Variable: String]

    init(_ values: [Variable: String] = [:]) {
        self.values = values.compactMapValues { value in
            let trimmed = value.trimmingBlanks()
            return trimmed.isEmpty ? nil : trimmed
        }
    }

    /// The process's own environment, and below it that of a `.env` file. One that is named and cannot be read is the
    /// server's mistake to tell, not ours.
    static func process() -> ClientEnvironment {
        let process = EnvironmentFile.process()
        let layered = (try? EnvironmentFile.layered(under: process)) ?? process
        var values: [Variable: String] = [:]
        for variable in Variable.allCases {
            values[variable] = layered[variable.rawValue]
        }
        return ClientEnvironment(values)
    }

    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    subscript(_ variable: Variable) -> String? { values[variable] }
}

extension String {
    /// Without the white space and line ends around it.
    func trimmingBlanks() -> String {
        let scalars = unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[start...end])
    }
}
