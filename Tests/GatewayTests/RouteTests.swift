import HTTPTypes
import Testing

@testable import Gateway

@Suite("Names and identifiers")
struct RouteTests {
    @Test("of header fields are legal, so that none is silently another")
    func fieldNames() {
        let names: [HTTPField.Name] = [
            HTTPField.Name.requestID, HTTPField.Name.shouldRetry, HTTPField.Name.accelBuffering,
            HTTPField.Name.streamFormat,
        ]
        let texts = names.map(\.canonicalName)
        #expect(texts == ["x-request-id", "x-should-retry", "x-accel-buffering", "x-stream-format"])
    }

    @Test(
        "of requests are the client's own where they are short and harmless",
        arguments: ["a", "req-1.2_3", String(repeating: "x", count: 64)])
    func clientsID(_ id: String) {
        #expect(RequestID.choose(clients: id) == id)
    }

    @Test(
        "of requests are made up where the client's are not",
        arguments: [nil, "", "a b", "a\"b", "é", "a\nb", String(repeating: "x", count: 65)])
    func ownID(_ id: String?) {
        let first = RequestID.choose(clients: id)
        let second = RequestID.choose(clients: id)
        #expect(first.hasPrefix("req_") && first.count == 36)
        #expect(first != second)
    }
}
