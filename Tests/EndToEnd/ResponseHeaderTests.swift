import HTTPTypes
import MockUpstream
import TestSupport
import Testing

@Suite("The header of an answer", .timeLimit(.minutes(3)))
struct ResponseHeaderTests {
    private static let origin = "https://chat.example"

    /// Requests for every kind of answer, and its status.
    private static let requests: [(name: String, status: Int, text: @Sendable (_ fields: String) -> String)] = [
        ("stream", 200, { RawRequest.post(Harness.body(model: "mock-tags"), $0 + json) }),
        (
            "openai stream", 200,
            { RawRequest.post(Harness.body(model: "mock-tags"), $0 + json, path: "/openai/v1/chat/completions") }
        ),
        (
            "whole answer", 200,
            { RawRequest.post(#"{"model":"mock-tags","messages":[{"role":"user","content":"x"}]}"#, $0 + json) }
        ),
        ("failed stream", 200, { RawRequest.post(Harness.body(model: "mock-cut"), $0 + json) }),
        (
            "refusal of the model", 401,
            { RawRequest.post(Harness.body(model: "mock-refuse"), $0 + json, path: "/openai/v1/chat/completions") }
        ),
        ("no JSON", 400, { RawRequest.post("{", $0 + json) }),
        ("no length", 411, { "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\n\($0)\r\n" }),
        ("large body", 413, { RawRequest.post(String(repeating: " ", count: 3_000), $0 + json) }),
        (
            "larger body", 413,
            { "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999\r\n\($0)\r\n" }
        ),
        (
            "doubtful framing", 400,
            { "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\($0)\r\n" }
        ),
        ("models", 200, { RawRequest.get("/v1/models", $0) }),
        ("no such model", 404, { RawRequest.get("/v1/models/x", $0) }),
        ("liveness", 200, { RawRequest.get("/healthz", $0) }), ("readiness", 200, { RawRequest.get("/readyz", $0) }),
        ("health", 200, { RawRequest.get("/upstream-health", $0) }),
        ("no such path", 404, { RawRequest.get("/nowhere", $0) }),
        ("no such method", 405, { RawRequest.get("/v1/chat/completions", $0) }),
    ]

    private static let json = "Content-Type: application/json\r\n"

    /// The fields of the one answer to `request`, names in lower case, and its status.
    private static func head(_ harness: Harness, _ request: String) throws -> (status: Int?, fields: [String: [String]])
    {
        let connection = try harness.connect()
        try connection.send(request)
        let text = try connection.receive(until: "\r\n\r\n")
        let lines = text.prefix(upTo: try #require(text.firstRange(of: "\r\n\r\n")).lowerBound).components("\r\n")
        var fields: [String: [String]] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ": ", maxSplits: 1)
            fields[parts[0].lowercased(), default: []].append(parts.count > 1 ? String(parts[1]) : "")
        }
        return (lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }, fields)
    }

    @Test("says that its type is meant, and how it may be kept")
    func always() async throws {
        try await Harness.run(["MAX_BODY_BYTES": "2k"]) { harness in
            for request in Self.requests {
                let (status, fields) = try Self.head(harness, request.text(""))
                #expect(status == request.status, "\(request.name)")
                #expect(fields["x-content-type-options"] == ["nosniff"], "\(request.name)")
                let isStream = fields["content-type"]?.first?.hasPrefix("text/event-stream") == true
                #expect(fields["cache-control"] == [isStream ? "no-cache" : "no-store"], "\(request.name)")
                #expect(isStream == request.name.contains("stream"))
                if isStream { #expect(fields["x-accel-buffering"] == ["no"]) }
                #expect(!fields.keys.contains { $0.hasPrefix("access-control") })
                #expect(fields["vary"]?.contains { $0.contains("Origin") } != true)
            }
        }
    }

    @Test(
        "lets the pages of a listed origin read it, and no others",
        arguments: [
            (origin, true), ("https://chat.example.evil", false), ("http://chat.example", false), ("null", false),
            (nil, false),
        ] as [(String?, Bool)])
    func listed(origin: String?, allowed: Bool) async throws {
        let environment = [
            "MAX_BODY_BYTES": "2k", "CORS_ALLOW_ORIGINS": "http://localhost:3000, HTTPS://Chat.Example/",
        ]
        try await Harness.run(environment) { harness in
            for request in Self.requests {
                let (status, fields) = try Self.head(harness, request.text(origin.map { "Origin: \($0)\r\n" } ?? ""))
                // Without a type, a page's POST is refused before its length is looked at.
                #expect(status == request.status || status == 415, "\(request.name)")
                #expect(fields["access-control-allow-origin"] == (allowed ? [Self.origin] : nil), "\(request.name)")
                let exposed = fields["access-control-expose-headers"]?.first
                #expect(
                    (exposed?.contains("x-request-id") == true && exposed?.contains("retry-after") == true) == allowed)
                #expect(fields["access-control-allow-credentials"] == nil)
                #expect(fields["vary"]?.first?.hasSuffix("Origin") == true, "\(request.name)")
                #expect(fields["vary"]?.count == 1)
            }
        }
    }

    @Test("lets all pages read it where all may", arguments: ["https://anyone.example", "null"])
    func all(origin: String) async throws {
        try await Harness.run(["MAX_BODY_BYTES": "2k", "CORS_ALLOW_ORIGINS": "*"]) { harness in
            for request in Self.requests {
                let (_, fields) = try Self.head(harness, request.text("Origin: \(origin)\r\n"))
                #expect(fields["access-control-allow-origin"] == ["*"], "\(request.name)")
                #expect(fields["access-control-allow-credentials"] == nil)
            }
        }
    }

    private static func preflight(_ path: String, origin: String, _ fields: String = "") -> String {
        "OPTIONS \(path) HTTP/1.1\r\nHost: t\r\nOrigin: \(origin)\r\nAccess-Control-Request-Method: POST\r\n\(fields)\r\n"
    }

    @Test("tells a browser that asks before it sends, which needs no key", arguments: [origin, "*"])
    func preflight(list: String) async throws {
        let asked = "authorization,content-type,x-stainless-lang"
        let environment = ["CORS_ALLOW_ORIGINS": list, "GATEWAY_API_KEYS": "key-1"]
        try await Harness.run(environment) { harness in
            for (path, methods) in [
                ("/v1/chat/completions", "POST"), ("/openai/v1/chat/completions", "POST"), ("/v1/models", "GET, HEAD"),
                ("/nowhere", "GET, HEAD, POST"),
            ] {
                let (status, fields) = try Self.head(
                    harness, Self.preflight(path, origin: Self.origin, "Access-Control-Request-Headers: \(asked)\r\n"))
                #expect(status == 204)
                #expect(fields["access-control-allow-origin"] == [list == "*" ? "*" : Self.origin])
                #expect(fields["access-control-allow-methods"] == [methods])
                #expect(fields["access-control-allow-headers"] == ["authorization, content-type, x-stainless-lang"])
                #expect(fields["access-control-max-age"] == ["7200"])
                #expect(fields["vary"] == ["Origin"])
                #expect(fields["access-control-allow-credentials"] == nil && fields["content-type"] == nil)
            }
            // The answer to the request itself can be read as well, though it is a refusal.
            let (status, fields) = try Self.head(
                harness, RawRequest.post("{}", "Origin: \(Self.origin)\r\nContent-Type: application/json\r\n"))
            #expect(status == 401 && fields["access-control-allow-origin"] == [list == "*" ? "*" : Self.origin])
        }
    }

    @Test(
        "names known header fields where the browser's list is no list of names",
        arguments: ["a b", "a,(", String(repeating: "x", count: 1_025), ","])
    func strangeNames(list: String) async throws {
        try await Harness.run(["CORS_ALLOW_ORIGINS": "*"]) { harness in
            let (status, fields) = try Self.head(
                harness,
                Self.preflight("/v1/models", origin: "http://a", "Access-Control-Request-Headers: \(list)\r\n"))
            #expect(status == 204)
            #expect(
                fields["access-control-allow-headers"] == ["authorization, content-type, x-request-id, x-stream-format"]
            )
        }
    }

    @Test("tells a browser nothing for other origins, nor where none are listed", arguments: [nil, origin])
    func otherOrigins(list: String?) async throws {
        var environment: [String: String] = [:]
        environment["CORS_ALLOW_ORIGINS"] = list
        try await Harness.run(environment) { harness in
            let (status, fields) = try Self.head(harness, Self.preflight("/v1/models", origin: "https://evil.example"))
            #expect(status == (list == nil ? 405 : 204))
            #expect(!fields.keys.contains { $0.hasPrefix("access-control") })
            // An OPTIONS that no browser sends is a method like another.
            let (plain, _) = try Self.head(harness, "OPTIONS /v1/models HTTP/1.1\r\nHost: t\r\n\r\n")
            #expect(plain == 405)
        }
    }
}

extension Substring {
    fileprivate func components(_ separator: String) -> [Substring] { split(separator: separator) }
}
