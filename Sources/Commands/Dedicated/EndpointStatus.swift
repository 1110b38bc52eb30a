/// The state of a Friendli Dedicated endpoint, by the name that its API gives.
struct EndpointStatus: Equatable, Sendable {
    enum Stage: Equatable, Sendable {
        case running
        /// Wakes when asked.
        case asleep
        /// On its way from one state to another, or in one that is not known here.
        case changing
        /// For good: it has to be deployed anew.
        case terminated
        case failed
    }

    /// In capitals.
    let name: String
    /// Why it failed, or how far it has come, where the API says so.
    let note: String?

    init(_ name: String, note: String? = nil) {
        let name = name.trimmingBlanks().uppercased()
        self.name = name.isEmpty ? "UNKNOWN" : name
        self.note = note
    }

    var stage: Stage {
        switch name {
        case "RUNNING", "READY": .running
        case "SLEEPING", "ASLEEP": .asleep
        case "TERMINATED", "TERMINATING": .terminated
        case "FAILED": .failed
        default: .changing
        }
    }

    /// For a person, such as `INITIALIZING (DOWNLOADING_MODEL)`.
    var description: String { note.map { "\(name) (\($0))" } ?? name }
}

/// What a person can do about an endpoint.
enum EndpointHint {
    static let terminated =
        "a terminated Dedicated endpoint cannot be woken: redeploy it in Friendli Suite, "
        + "then set FRIENDLI_ENDPOINT_ID to its new ID"
    static let failed = "the endpoint failed to start: Friendli Suite tells why; correct that and redeploy it"
    static let asleep = "`inference-gateway chat --wake` wakes it"

    static func stage(_ stage: EndpointStatus.Stage) -> String? {
        switch stage {
        case .running: nil
        case .asleep: asleep
        case .changing: "it is not ready yet: `inference-gateway chat --wake` waits for it"
        case .terminated: terminated
        case .failed: failed
        }
    }

    static func failure(_ failure: EndpointAPIFailure) -> String? {
        switch failure {
        case .unreachable: "check the network and FRIENDLI_API_BASE"
        case .refused(let status, _):
            switch status {
            case 401, 403: "UPSTREAM_API_KEY must be a Friendli token that may manage this endpoint"
            case 404: "no such endpoint: check FRIENDLI_ENDPOINT_ID; one that was terminated must be redeployed"
            case 429: "Friendli limits requests: try again later, or raise --wake-interval"
            default: nil
            }
        case .unreadable: "FRIENDLI_API_BASE must be Friendli's API, \(EndpointAPI.defaultBase)"
        }
    }
}
