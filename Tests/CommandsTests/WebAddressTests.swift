import Testing

@testable import Commands

@Suite("An address")
struct WebAddressTests {
    static let completionCases: [(String, String)] = [
        ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
        ("localhost:8000", "http://localhost:8000/v1/chat/completions"),
        (" HTTPS://GW.example/v1/ \n", "https://gw.example/v1/chat/completions"),
        ("https://gw.example/unified/v1", "https://gw.example/unified/v1/chat/completions"),
        ("http://[::1]:9/events/v1/chat/completions", "http://[::1]:9/events/v1/chat/completions"),
        ("http://h/other?x=1#y", "http://h/other?x=1"),
        ("http://h?x=1", "http://h/v1/chat/completions?x=1"),
    ]

    @Test("leads to the completions", arguments: completionCases)
    func completions(_ text: String, _ url: String) throws {
        #expect(try WebAddress(text).completions == url)
    }

    static let modelCases: [(String, String)] = [
        ("http://h:1", "http://h:1/v1/models"),
        ("http://h:1/v1/chat/completions", "http://h:1/v1/models"),
        ("http://h/p/v1/", "http://h/p/v1/models"),
    ]

    @Test("leads to the models", arguments: modelCases)
    func models(_ text: String, _ url: String) throws {
        #expect(try WebAddress(text).models == url)
    }

    static let resourceCases: [(String, String)] = [
        ("http://h:1", "http://h:1/healthz"),
        ("http://h:1/", "http://h:1/healthz"),
        ("http://h:1/healthz", "http://h:1/healthz"),
        ("http://h:1/v1/chat/completions", "http://h:1/healthz"),
        ("https://h/gateway/v1", "https://h/gateway/healthz"),
    ]

    @Test("leads to the gateway's own resources", arguments: resourceCases)
    func resources(_ text: String, _ url: String) throws {
        #expect(try WebAddress(text).resource("/healthz") == url)
    }

    @Test(
        "is refused where nothing can be called",
        arguments: [
            "", " ", "ftp://h", "http://", "http:///x", "http://h:0", "http://h:65536", "http://h:x", "http://h:+1",
            "http://[::1", "http://a b", "http://h\u{7F}", "http://[::1]x",
        ]
    )
    func refused(_ text: String) {
        #expect(throws: WebAddressError.self) { try WebAddress(text) }
    }

    @Test("with a password is refused without showing it")
    func secrets() {
        let error = #expect(throws: WebAddressError.self) { try WebAddress("http://u:secret@h") }
        #expect(error?.description.contains("secret") == false)
    }

    static let loopbackCases: [(String, Bool)] = [
        ("localhost", true), ("http://LOCALHOST:1/x", true), ("127.8.0.1:1", true), ("http://[::1]", true),
        ("http://10.0.0.1", false), ("http://localhost.example", false),
    ]

    @Test("is this machine's or not", arguments: loopbackCases)
    func loopback(_ text: String, _ isLoopback: Bool) throws {
        #expect(try WebAddress(text).isLoopback == isLoopback)
    }

    static let segmentCases: [(String, String)] = [
        ("dep_1-a~b", "dep_1-a~b"), ("a/b", "a%2Fb"), ("..", "%2E%2E"), ("a b?#\u{1}é", "a%20b%3F%23%01%C3%A9"),
    ]

    @Test("escapes a segment of its path", arguments: segmentCases)
    func segments(_ text: String, _ escaped: String) {
        #expect(WebAddress.segment(text) == escaped)
    }

    static let noProxyCases: [(String?, String)] = [
        (nil, "localhost,127.0.0.1,::1"), ("", "localhost,127.0.0.1,::1"), ("*", "*"),
        ("a.example", "a.example,localhost,127.0.0.1,::1"),
    ]

    @Test("of this machine is never asked through a proxy", arguments: noProxyCases)
    func noProxy(_ list: String?, _ expected: String) {
        #expect(NoProxy.withLoopback(list) == expected)
    }
}
