import HTTPTypes
import Testing

@testable import Gateway

@Suite("API keys")
struct APIKeysTests {
    private static let keys = APIKeys(["alpha", "beta-2", String(repeating: "k", count: 512)].map { Secret($0) })

    @Test(
        "are found whole only",
        arguments: [
            ("alpha", true), ("beta-2", true), (String(repeating: "k", count: 512), true), ("", false),
            ("alph", false), ("alphaa", false), ("Alpha", false), ("alpha\0", false), ("beta-3", false),
            ("alpha,beta-2", false), (String(repeating: "k", count: 511), false),
            (String(repeating: "k", count: 513), false), (String(repeating: "k", count: 8_000), false),
            (String(repeating: "\0", count: 512), false),
        ])
    func contains(token: String, isKey: Bool) {
        #expect(Self.keys.contains(Substring(token)) == isKey)
    }

    @Test("of which there are none let nobody through by themselves")
    func none() {
        #expect(APIKeys([]).isEmpty && !APIKeys([]).contains("") && !APIKeys([]).contains("x"))
    }

    @Test("take as long to compare wherever the difference is")
    func constantTime() {
        let same = String(repeating: "k", count: APIKeys.longest - 1)
        let keys = APIKeys((0..<16).map { Secret(same + String($0, radix: 16)) })
        let clock = ContinuousClock()
        func time(_ token: String) -> Duration {
            let token = Substring(token)
            return clock.measure {
                for _ in 0..<20 { #expect(!keys.contains(token)) }
            }
        }
        // An early end would make one of them hundreds of times faster. Tried again where another process took the CPU.
        let isConstant = (0..<10).contains { _ in
            let atTheStart = time("x" + same)
            let atTheEnd = time(same + "x")
            return atTheEnd < atTheStart * 4 && atTheStart < atTheEnd * 4
        }
        #expect(isConstant)
    }

    @Test(
        "come as a bearer token",
        arguments: [
            ("Bearer a", "a"), ("bearer a", "a"), ("BEARER   a ", "a"), ("Bearer a b", "a b"), ("Bearer", nil),
            ("Bearer ", nil), ("Basic a", nil), ("a", nil), ("Bearera", nil), ("", nil),
        ] as [(String, String?)])
    func bearer(value: String, token: String?) {
        let fields: HTTPFields = [.authorization: value]
        #expect(fields.bearerToken.map { String($0) } == token)
    }

    @Test("come once")
    func bearerOnce() {
        var fields: HTTPFields = [.authorization: "Bearer a"]
        fields.append(HTTPField(name: .authorization, value: "Bearer a"))
        #expect(fields.bearerToken == nil)
        #expect(HTTPFields().bearerToken == nil)
    }

    @Test("are redacted wherever a configuration is shown, and a list of nothing is refused")
    func configured() throws {
        let configuration = try GatewayConfiguration(environment: ["GATEWAY_API_KEYS": " hush-1 ,, hush-2"])
        #expect(configuration.serving.apiKeys.map(\.value) == ["hush-1", "hush-2"])
        #expect(!"\(configuration)".contains("hush"))
        #expect(!String(reflecting: configuration).contains("hush"))
        for wrong in [",", " ", "hush a", "hush\u{1}", "hü", String(repeating: "x", count: 513)] {
            let error = #expect(throws: ConfigurationError.self) {
                try GatewayConfiguration(environment: ["GATEWAY_API_KEYS": wrong])
            }
            #expect(error?.lines.count == 1 && error?.description.contains("hush") == false)
            #expect(error?.description.hasPrefix("GATEWAY_API_KEYS: a secret is not accepted") == true)
        }
    }
}

@Suite("Places for completions")
struct CompletionPlacesTests {
    private let one = ClientKey("one")
    private let two = ClientKey("two")

    @Test("are so many in all")
    func all() {
        let places = CompletionPlaces(limit: 2, perKey: 0)
        #expect(places.enter(one) == nil && places.enter(one) == nil)
        #expect(places.shortage(for: two) == .all && places.enter(two) == .all && places.enter(nil) == .all)
        #expect(places.taken == 2 && places.keys == 0)
        places.leave(one)
        #expect(places.shortage(for: nil) == nil && places.enter(nil) == nil)
    }

    @Test("are so many for each key, and a key without one is not kept")
    func perKey() {
        let places = CompletionPlaces(limit: 5, perKey: 2)
        #expect(places.enter(one) == nil && places.enter(one) == nil)
        #expect(places.shortage(for: one) == .ofKey && places.enter(one) == .ofKey)
        #expect(places.shortage(for: two) == nil && places.enter(two) == nil)
        #expect(places.enter(nil) == nil && places.enter(nil) == nil)
        #expect(places.shortage(for: two) == .all && places.enter(two) == .all)
        #expect(places.taken == 5 && places.keys == 2)
        for key in [one, one, two, nil, nil] { places.leave(key) }
        #expect(places.taken == 0 && places.keys == 0)
        #expect(places.shortage(for: one) == nil)
    }
}
