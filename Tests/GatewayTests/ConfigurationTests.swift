import Foundation
import Pipeline
import Testing

@testable import Gateway

@Suite("The configuration")
struct ConfigurationTests {
    private func mistakes(_ environment: [String: String]) -> [String] {
        do throws(ConfigurationError) {
            _ = try GatewayConfiguration(environment: environment)
            return []
        } catch {
            return error.lines
        }
    }

    @Test("has the documented defaults, also for empty variables")
    func defaults() throws {
        let empty = Dictionary(uniqueKeysWithValues: Variables.all.map { ($0.name, "") })
        for environment in [[:], empty] {
            let configuration = try GatewayConfiguration(environment: environment)
            #expect(
                configuration.upstream.baseURLs.map(configuration.upstream.chatCompletionsURL)
                    == ["http://localhost:8001/chat/completions"])
            #expect(configuration.upstream.ejectFailures == 5 && configuration.upstream.ejectTime == .seconds(10))
            #expect(configuration.upstream.maxStreamDuration == .zero)
            #expect(configuration.upstream.apiKey == nil)
            #expect(configuration.upstream.requestTimeout == .seconds(60))
            #expect(configuration.upstream.maxRetries == 3)
            #expect(configuration.upstream.retryBackoff == .seconds(1))
            #expect(configuration.upstream.parsesReasoningFields)
            #expect(configuration.summary.timeout == .seconds(10))
            #expect(configuration.summary.maxReasoningCharacters == 8000)
            #expect(configuration.summary.promptMode == .on && configuration.summary.reasoningMode == .final)
            #expect(configuration.serving.host == "127.0.0.1" && configuration.serving.port == 8000)
            #expect(configuration.serving.workers >= 1)
            #expect(configuration.serving.maxBodyBytes == 32 << 20)
            #expect(configuration.streams.bufferBytes == 1 << 20 && configuration.streams.preambleCharacters == 200)
            #expect(configuration.logging.format == .json && !configuration.logging.content)
            #expect(configuration.warnings.isEmpty)
        }
    }

    @Test(
        "accepts",
        arguments: [
            ("PORT", "0"), ("PORT", "65535"), ("REQUEST_TIMEOUT", "0.5"), ("MAX_BODY_BYTES", "1M"),
            ("MAX_BODY_BYTES", "2048"), ("STREAM_BUFFER_BYTES", "64k"), ("ENABLE_PARSE_REASONING", "OFF"),
            ("ENABLE_PARSE_REASONING", "1"), ("UPSTREAM_BASE_URL", "HTTPS://[::1]:8001/v1/"),
            ("UPSTREAM_BASE_URL", "http://a/, http://b ,"),
            ("UPSTREAM_EXTRA_HEADERS", "X-A: 1 | X-B: two: three"), ("LOG_LEVEL", "Debug"), ("PROMPT_SUMMARY", "off"),
            ("DRAIN_TIMEOUT", "0"), ("UPSTREAM_API_KEY", "sk-1 2"), ("CORS_ALLOW_ORIGINS", "*"),
            ("CORS_ALLOW_ORIGINS", "https://a.example, http://[::1]:3000/ ,chrome-extension://abc"),
            ("MAX_CONCURRENT_PER_KEY", "0"),
        ])
    func accepts(name: String, value: String) {
        #expect(mistakes([name: value]) == [])
    }

    @Test(
        "refuses",
        arguments: [
            ("PORT", "-1"), ("PORT", "65536"), ("PORT", "8000 "), ("PORT", "eight"), ("WORKERS", "0"),
            ("REQUEST_TIMEOUT", "0"), ("REQUEST_TIMEOUT", "-1"), ("REQUEST_TIMEOUT", "inf"), ("REQUEST_TIMEOUT", "1e3"),
            ("REQUEST_TIMEOUT", "99999999"), ("MAX_BODY_BYTES", "1t"), ("MAX_BODY_BYTES", "9999999999999999g"),
            ("MAX_BODY_BYTES", "k"), ("ENABLE_PARSE_REASONING", "maybe"), ("UPSTREAM_BASE_URL", "localhost:8001"),
            ("UPSTREAM_BASE_URL", "ftp://x"), ("UPSTREAM_BASE_URL", "http://"), ("UPSTREAM_BASE_URL", "http://a@b"),
            ("UPSTREAM_BASE_URL", "http://a,b"), ("UPSTREAM_BASE_URL", "http://a,http://a/"),
            ("UPSTREAM_BASE_URL", ","),
            ("UPSTREAM_EJECT_FAILURES", "0"), ("UPSTREAM_EJECT_TIME", "0"), ("MAX_STREAM_DURATION", "-1"),
            ("UPSTREAM_BASE_URL", "http://a?x=1"),
            ("UPSTREAM_BASE_URL", "http://a b"), ("UPSTREAM_PATH", "chat"), ("UPSTREAM_API_KEY", "a\nb"),
            ("UPSTREAM_EXTRA_HEADERS", "no colon"), ("UPSTREAM_EXTRA_HEADERS", "Bad Name: x"),
            ("UPSTREAM_EXTRA_HEADERS", "X: a\u{0}b"), ("UPSTREAM_CA_FILE", "/nonexistent/roots.pem"),
            ("CORS_ALLOW_ORIGINS", "null"), ("CORS_ALLOW_ORIGINS", "a.example"), ("CORS_ALLOW_ORIGINS", "https://"),
            ("CORS_ALLOW_ORIGINS", "https://a/b"), ("CORS_ALLOW_ORIGINS", "https://*.example"),
            ("CORS_ALLOW_ORIGINS", "*,https://a b"), ("MAX_CONCURRENT_PER_KEY", "-1"),
            ("LOG_LEVEL", "loud"), ("REASONING_SUMMARY", "sometimes"), ("UPSTREAM_MAX_RETRIES", "21"),
        ])
    func refuses(name: String, value: String) {
        let lines = mistakes([name: value])
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("\(name): ") == true)
        #expect(lines.first?.contains("it must be ") == true)
    }

    @Test("tells of every mistake, in one go")
    func allMistakes() {
        let lines = mistakes(["PORT": "x", "WORKERS": "y", "LOG_FORMAT": "xml", "SUMMARY_TIMEOUT": "never"])
        #expect(Set(lines.map { $0.prefix { $0 != ":" } }) == ["PORT", "WORKERS", "LOG_FORMAT", "SUMMARY_TIMEOUT"])
        #expect(lines.contains { $0.contains("\"xml\"") })
    }

    @Test("never shows a secret")
    func secrets() throws {
        let lines = mistakes(["UPSTREAM_API_KEY": "hush\u{1}", "UPSTREAM_EXTRA_HEADERS": "hush"])
        #expect(lines.count == 2)
        #expect(!lines.joined().contains("hush"))
        let configuration = try GatewayConfiguration(environment: ["UPSTREAM_API_KEY": "hush"])
        #expect(!"\(configuration)".contains("hush"))
        #expect(!String(reflecting: configuration).contains("hush"))
        #expect(configuration.upstream.apiKey?.value == "hush")
    }

    @Test("wants a certificate and its key, or neither", arguments: [true, false])
    func credentials(onlyKey: Bool) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).pem")
        defer { try? FileManager.default.removeItem(at: file) }
        try "hush".write(to: file, atomically: true, encoding: .utf8)
        let (given, missing) = onlyKey ? ("TLS_KEY_FILE", "TLS_CERT_FILE") : ("TLS_CERT_FILE", "TLS_KEY_FILE")
        let alone = mistakes([given: file.path])
        #expect(alone.count == 1 && alone[0].hasPrefix("\(missing): is not set, though \(given) is"))
        // A directory can be opened, and not read.
        let directory = mistakes([given: file.path, missing: "/"])
        #expect(directory == ["\(missing): \"/\": cannot be read"])
        let nowhere = mistakes([given: file.path, missing: "/nonexistent"])
        #expect(nowhere.count == 1 && nowhere[0].hasPrefix("\(missing): \"/nonexistent\" is not accepted"))
        let both = try GatewayConfiguration(environment: [given: file.path, missing: file.path])
        let key = try #require(both.serving.tls?.key)
        #expect(key.value == "hush" && !"\(key)".contains("hush"))
    }

    @Test("warns of names that look like ours")
    func unknownNames() throws {
        let configuration = try GatewayConfiguration(environment: [
            "UPSTREAM_MAX_RETRYS": "1", "GATEWAY_URL": "http://x", "SUMMARY_": "", "OTHER": "x",
        ])
        #expect(configuration.warnings.count == 2)
        #expect(
            configuration.warnings.contains("unknown variable UPSTREAM_MAX_RETRYS: did you mean UPSTREAM_MAX_RETRIES?"))
    }

    @Test("matches models by pattern")
    func allowlists() throws {
        let configuration = try GatewayConfiguration(environment: ["ALLOW_MODELS": " qwen3-* ,, gpt-oss "])
        #expect(configuration.upstream.allowModels.allows("qwen3-8b"))
        #expect(configuration.upstream.allowModels.allows("gpt-oss"))
        #expect(!configuration.upstream.allowModels.allows("gpt-oss-20b"))
    }
}

@Suite("env.example")
struct EnvironmentExampleTests {
    private var root: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    @Test("is what the code says; `inference-gateway env-example > env.example` writes it")
    func isCurrent() throws {
        let text = try String(contentsOf: root.appendingPathComponent("env.example"), encoding: .utf8)
        #expect(text == GatewayConfiguration.example)
    }

    @Test("is usable as an environment file, and says the defaults")
    func isUsable() throws {
        let variables = EnvironmentFile.parse(GatewayConfiguration.example)
        #expect(variables["PORT"] == "8000")
        #expect(variables["HOST"] == nil)
        for line in GatewayConfiguration.example.split(separator: "\n") where !line.hasPrefix("#") {
            #expect(line.wholeMatch(of: #/[A-Z_]+=[^\s"'#]+/#) != nil, "\(line)")
        }
        let fromFile = try GatewayConfiguration(environment: variables)
        let fromDefaults = try GatewayConfiguration(environment: [:])
        #expect("\(fromFile)" == "\(fromDefaults)")
    }

    @Test("lies below the process's environment")
    func layers() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).env")
        defer { try? FileManager.default.removeItem(at: file) }
        try "# comment\nexport PORT=1\nHOST = \"::\"\nWORKERS=3\nLOG_LEVEL='debug'\nnonsense\n"
            .write(to: file, atomically: true, encoding: .utf8)
        let layered = try EnvironmentFile.layered(under: ["ENV_FILE": file.path, "PORT": "2", "WORKERS": ""])
        #expect(layered["PORT"] == "2" && layered["HOST"] == "::" && layered["LOG_LEVEL"] == "debug")
        #expect(layered["WORKERS"] == "3")
        #expect(throws: ConfigurationError.self) { try EnvironmentFile.layered(under: ["ENV_FILE": "/nonexistent"]) }
    }

    @Test(
        "a CPU quota is rounded up",
        arguments: [
            ("max 100000", nil), ("150000 100000\n", 2), ("50000 100000", 1), ("200000 100000", 2), ("", nil),
            ("-1 100000", nil), ("1 0", nil),
        ] as [(String, Int?)])
    func quota(text: String, count: Int?) {
        #expect(AvailableCPUs.parse(cpuMax: text) == count)
    }

    @Test(
        "lowers MAX_CONNECTIONS to what there are descriptors for, and says so",
        arguments: [(1_048_576, 10_000), (20_000, 10_000), (4_096, 1_344), (1_024, 320), (64, 1)])
    func descriptors(limit: Int, connections: Int) throws {
        var configuration = try GatewayConfiguration(environment: ["WORKERS": "2"])
        configuration.fit(descriptors: limit)
        #expect(configuration.serving.maxConnections == connections)
        let warnings = configuration.warnings.filter { $0.contains("MAX_CONNECTIONS") && $0.contains("\(limit)") }
        #expect(warnings.count == (connections == 10_000 ? 0 : 1))
    }
}
