import JSON
import Testing

@testable import Commands

@Suite("Friendli's endpoint API")
struct EndpointAPITests {
    static let addresses: [(String, String, String)] = [
        ("https://api.friendli.ai", "ep1", "https://api.friendli.ai/dedicated/beta/endpoint/ep1/status"),
        ("https://api.friendli.ai/", "ep1", "https://api.friendli.ai/dedicated/beta/endpoint/ep1/status"),
        ("http://h:1/proxy", "a/../b", "http://h:1/proxy/dedicated/beta/endpoint/a%2F%2E%2E%2Fb/status"),
    ]

    @Test("is addressed by base and ID", arguments: addresses)
    func urls(_ base: String, _ id: String, _ url: String) throws {
        let api = EndpointAPI(base: try WebAddress(base), endpointID: id, token: "t")
        #expect(api.url("status") == url)
    }

    static let bodies: [(String, EndpointStatus?)] = [
        (#"{"status":"RUNNING","createdAt":"2025-01-01T00:00:00Z"}"#, EndpointStatus("RUNNING")),
        (#"{"status":" awaking "}"#, EndpointStatus("AWAKING")),
        (
            #"{"status":"INITIALIZING","phase":"DOWNLOADING_MODEL","errorCode":null}"#,
            EndpointStatus("INITIALIZING", note: "DOWNLOADING_MODEL")
        ),
        (
            #"{"status":"FAILED","errorCode":"WORKLOAD_INIT_SETTINGS_ERROR","phase":"X"}"#,
            EndpointStatus("FAILED", note: "WORKLOAD_INIT_SETTINGS_ERROR")
        ),
        (#"{"status":""}"#, EndpointStatus("UNKNOWN")),
        (#"{"status":1}"#, nil),
        (#"{}"#, nil),
    ]

    @Test("tells a status", arguments: bodies)
    func reading(_ body: String, _ status: EndpointStatus?) throws {
        #expect(try EndpointAPI.read(body.utf8.span) == status)
    }

    @Test("may answer with something else", arguments: ["", "<html>", "[]", #"{"status":"RUNNING""#])
    func malformed(_ body: String) {
        #expect(throws: JSONError.self) { try EndpointAPI.read(body.utf8.span) }
    }

    static let stageCases: [(String, EndpointStatus.Stage)] = [
        ("RUNNING", .running), ("READY", .running), ("SLEEPING", .asleep), ("AWAKING", .changing),
        ("INITIALIZING", .changing), ("UPDATING", .changing), ("STOPPING", .changing), ("UNKNOWN", .changing),
        ("TERMINATING", .terminated), ("TERMINATED", .terminated), ("terminated", .terminated), ("FAILED", .failed),
        ("NEVER_HEARD_OF", .changing),
    ]

    @Test("has these states", arguments: stageCases)
    func stages(_ name: String, _ stage: EndpointStatus.Stage) {
        #expect(EndpointStatus(name).stage == stage)
    }

    static let hintCases: [(EndpointAPIFailure, String?)] = [
        (.refused(401, nil), "UPSTREAM_API_KEY"), (.refused(403, nil), "UPSTREAM_API_KEY"),
        (.refused(404, nil), "FRIENDLI_ENDPOINT_ID"), (.refused(429, nil), "--wake-interval"),
        (.refused(500, nil), nil),
        (.unreachable("x"), "FRIENDLI_API_BASE"), (.unreadable(200), "FRIENDLI_API_BASE"),
    ]

    @Test("a failure names the variable to look at", arguments: hintCases)
    func hints(_ failure: EndpointAPIFailure, _ variable: String?) {
        let hint = EndpointHint.failure(failure)
        guard let variable else {
            #expect(hint == nil)
            return
        }
        #expect(hint?.contains(variable) == true)
    }
}
