import Testing

@testable import Commands

@Suite("Where health is asked")
struct HealthTargetTests {
    typealias Variables = [ClientEnvironment.Variable: String]

    static let targetCases: [(String?, Variables, String)] = [
        (nil, [:], "http://127.0.0.1:8000/healthz"),
        (nil, [.host: "0.0.0.0", .port: "9000"], "http://127.0.0.1:9000/healthz"),
        (nil, [.host: "::"], "http://127.0.0.1:8000/healthz"),
        (nil, [.host: "::1", .port: "1"], "http://[::1]:1/healthz"),
        (nil, [.host: "[fe80::1]"], "http://[fe80::1]:8000/healthz"),
        (nil, [.host: "10.0.0.7"], "http://10.0.0.7:8000/healthz"),
        (nil, [.host: "", .port: " "], "http://127.0.0.1:8000/healthz"),
        (nil, [.tlsCertificate: "/c.pem"], "https://127.0.0.1:8000/healthz"),
        ("http://gw:1", [.port: "2", .host: "x"], "http://gw:1/healthz"),
        ("gw.example:1/v1/chat/completions", [:], "http://gw.example:1/healthz"),
    ]

    @Test("is --url, then HOST and PORT", arguments: targetCases)
    func targets(_ option: String?, _ variables: Variables, _ url: String) throws {
        let environment = ClientEnvironment(variables)
        #expect(try HealthTarget(option: option, environment: environment, checksUpstream: false).url == url)
    }

    @Test("of the upstream is another resource")
    func upstream() throws {
        let target = try HealthTarget(option: nil, environment: ClientEnvironment(), checksUpstream: true)
        #expect(target.url == "http://127.0.0.1:8000/upstream-health")
    }

    static let certificates: [(String, Bool)] = [
        ("https://127.0.0.1", true), ("https://localhost", true), ("http://localhost", false),
        ("https://gw.example", false),
    ]

    @Test("skips a certificate's name on this machine only", arguments: certificates)
    func verification(_ url: String, _ skips: Bool) throws {
        let target = try HealthTarget(option: url, environment: ClientEnvironment(), checksUpstream: false)
        #expect(target.skipsVerification == skips)
    }

    static let wrongCases: [(String?, Variables, String)] = [
        (nil, [.port: "http"], "PORT is http"), (nil, [.port: "65536"], "PORT is 65536"), (nil, [.port: "0"], "--url"),
        ("ftp://x", [:], "ftp://x"),
    ]

    @Test("must be known", arguments: wrongCases)
    func wrong(_ option: String?, _ variables: Variables, _ words: String) {
        let error = #expect(throws: HealthTargetError.self) {
            try HealthTarget(option: option, environment: ClientEnvironment(variables), checksUpstream: false)
        }
        #expect(error?.description.contains(words) == true)
    }

    static let reportCases: [(String, Bool?)] = [
        (#"{"status":"ok","upstream":true}"#, true), (#"{"status":"degraded","upstream":false,"x":[1]}"#, false),
        (#"{"status":"ok"}"#, nil), (#"{"upstream":"yes"}"#, nil), ("", nil), ("[true]", nil),
    ]

    @Test("an upstream's report is read", arguments: reportCases)
    func reports(_ body: String, _ isReachable: Bool?) {
        #expect(UpstreamReport.isReachable(Array(body.utf8)) == isReachable)
    }
}
