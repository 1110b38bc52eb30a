import Foundation
import TestSupport
import Testing

/// One whole response as a raw client reads it.
struct RawResponse {
    let status: Int
    /// Names in lower case.
    let fields: [String: String]
    let body: String

    /// Reads a response that announces its length, or that ends with its connection.
    init(from connection: RawConnection) throws {
        var text = try connection.receive(until: "\r\n\r\n")
        let end = try #require(text.range(of: "\r\n\r\n"))
        let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
        status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = try #require(line.firstIndex(of: ":"))
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        self.fields = fields
        let head = text[..<end.upperBound].utf8.count
        let length = try #require(fields["content-length"].flatMap { Int($0) })
        while text.utf8.count < head + length {
            let bytes = try connection.receive()
            try #require(!bytes.isEmpty)
            text += String(decoding: bytes, as: UTF8.self)
        }
        body = String(text[end.upperBound...])
    }
}

/// An error in OpenAI's envelope, checked for its form.
struct ErrorEnvelope {
    let message: String
    let type: String
    let param: String?
    let code: String?

    /// - Parameter ofUpstream: whether `detail` has the upstream's status beside the message, which it repeats otherwise.
    init(_ body: String, ofUpstream: Bool = false) throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        let error = try #require(object["error"] as? [String: Any])
        #expect(Set(object.keys) == ["error", "detail"])
        #expect(Set(error.keys) == ["message", "type", "param", "code"])
        message = try #require(error["message"] as? String)
        type = try #require(error["type"] as? String)
        param = error["param"] as? String
        code = error["code"] as? String
        let detail = try #require(object["detail"] as? String)
        #expect(ofUpstream || detail == message)
    }
}
