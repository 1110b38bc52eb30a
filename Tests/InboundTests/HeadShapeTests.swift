import Inbound
import TestSupport
import Testing

@Suite("A request's head", .timeLimit(.minutes(5)))
struct HeadShapeTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String

        init(_ name: String, _ text: String) {
            testDescription = name
            self.text = text
        }

        /// One whose fields these are, framing and all.
        init(_ name: String, fields: String) {
            self.init(name, "POST /a HTTP/1.1\r\nHost: t\r\n\(fields)\r\nabc")
        }
    }

    private static let length = "Content-Length: 3\r\n"

    static let malformed = [
        Shape("bare line feeds", "POST /a HTTP/1.1\nHost: t\nContent-Length: 3\n\nabc"),
        Shape("a bare line feed behind the request line", "POST /a HTTP/1.1\nHost: t\r\n\(length)\r\nabc"),
        Shape("a bare line feed behind a field", fields: "X-A: b\n\(length)"),
        Shape("a bare line feed behind the last field", fields: "Content-Length: 3\n"),
        Shape("an empty line that is a bare line feed", "POST /a HTTP/1.1\r\nHost: t\r\n\(length)\nabc"),
        Shape("a field hidden behind a bare line feed", fields: "X-A: b\nTransfer-Encoding: chunked\r\n\(length)"),
        Shape("a bare carriage return", fields: "X-A: b\rc\r\n\(length)"),
        Shape("a field hidden behind a bare carriage return", fields: "X-A: b\rX-B: c\r\n\(length)"),
        Shape("a NUL in the method", "PO\0ST /a HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a NUL in the path", "POST /a\0b HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a NUL behind the path", "POST /a\0 HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a NUL in the query", "POST /a?b\0c HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a request line within one", "POST /a\0HTTP/1.1\0\0 HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a NUL in the version", "POST /a HTTP/1.1\0\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a NUL in a field's name", fields: "X\0A: b\r\n\(length)"),
        Shape("a NUL in a field's value", fields: "X-A: b\0c\r\n\(length)"),
        Shape("two NULs in a field's value", fields: "X-A: b\0\0c\r\n\(length)"),
        Shape("a NUL in the last field's value", fields: "\(length)X-A: b\0c\r\n"),
        Shape("a NUL at the end of a value", fields: "X-A: b\0\r\n\(length)"),
        Shape("a folded line", fields: "X-A: b\r\n c\r\n\(length)"),
        Shape("a folded line behind a tab", fields: "X-A: b\r\n\tc\r\n\(length)"),
        Shape("a folded last line", fields: "\(length)X-A: b\r\n c\r\n"),
        Shape("a folded length", fields: "Content-Length:\r\n 3\r\n"),
        Shape("a folded coding", fields: "Transfer-Encoding:\r\n chunked\r\n"),
        Shape("a folded first line", "POST /a HTTP/1.1\r\n X: b\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a blank before a colon", fields: "X-A : b\r\n\(length)"),
        Shape("a blank before the length's colon", fields: "Content-Length : 3\r\n"),
        Shape("a tab before a coding's colon", fields: "Transfer-Encoding\t: chunked\r\n\(length)"),
        Shape("a field without a colon", fields: "X-A\r\n\(length)"),
        Shape("a field without a name", fields: ": b\r\n\(length)"),
        Shape("a name that is no token", fields: "X(A: b\r\n\(length)"),
        Shape("a control character in a value", fields: "X-A: \u{1}b\r\n\(length)"),
        Shape("a control character before the coding", fields: "Transfer-Encoding: \u{B}chunked\r\n"),
        Shape("a deleted character in a value", fields: "X-A: b\u{7F}\r\n\(length)"),
        Shape("two blanks behind the method", "POST  /a HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("two blanks before the version", "POST /a  HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a blank behind the version", "POST /a HTTP/1.1 \r\nHost: t\r\n\(length)\r\nabc"),
        Shape("tabs in the request line", "POST\t/a\tHTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a blank in the path", "POST /a b HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("two hosts", fields: "Host: u\r\n\(length)"),
        Shape("no host", "POST /a HTTP/1.1\r\n\(length)\r\nabc"),
        Shape("no version", "POST /a\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a version in small letters", "POST /a http/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("another version", "POST /a HTTP/2.0\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("chunks in HTTP/1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        Shape(
            "chunks in HTTP/1.0, kept alive",
            "POST /a HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ]

    /// Heads with nothing behind them, as the second request of their connections.
    @Test(
        "of a request without a body is refused for a bare line feed at its end",
        arguments: ["t\r\n\n", "t\n\r\n", "t\n\n", "t\r\nX-A:\n\r\n", "t\r\nX-A:\r\n\n"])
    func lastLines(end: String) async throws {
        try await TestServer.run { server in
            let connection = try server.connect()
            try connection.send(RawRequest.get("/first"))
            _ = try connection.receive(until: "GET /first []")
            try connection.send("GET /a HTTP/1.1\r\nHost: \(end)")
            #expect(try connection.receiveToEnd().hasPrefix("HTTP/1.1 400 "))
        }
    }

    private static let chunked = "POST /a HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"

    static let malformedBodies = [
        Shape("a negative chunk", "\(chunked)-3\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk in C's way", "\(chunked)0x3\r\nabc\r\n"),
        Shape("a blank before a chunk's size", "\(chunked) 3\r\nabc\r\n"),
        Shape("a blank behind a chunk's size", "\(chunked)3 \r\nabc\r\n"),
        Shape("a sign before a chunk's size", "\(chunked)+3\r\nabc\r\n"),
        Shape("no chunk size", "\(chunked)\r\nabc\r\n"), Shape("an extension only", "\(chunked);a=b\r\nabc\r\n"),
        Shape("letters for a chunk's size", "\(chunked)zz\r\nabc\r\n"),
        Shape("a chunk beyond 64 bits", "\(chunked)10000000000000000\r\nabc\r\n"),
        Shape("a chunk that is longer than its size", "\(chunked)2\r\nabc\r\n0\r\n\r\n"),
        Shape("a chunk that is shorter than its size", "\(chunked)5\r\nabc\r\n0\r\n\r\nxxxxx"),
    ]

    @Test(
        "that others may read in another way is refused, with all that comes behind it",
        arguments: malformed + malformedBodies)
    func refused(_ shape: Shape) async throws {
        let handled = Signal()
        try await TestServer.run(handle: { exchange in
            handled.fire()
            exchange.respond(.echo(exchange))
        }) { server in
            let connection = try server.connect()
            try connection.send(shape.text + RawRequest.get("/smuggled", "Connection: close\r\n"))
            let answer = try connection.receiveToEnd()
            #expect(
                answer.isEmpty || ["400", "413", "505"].contains { answer.hasPrefix("HTTP/1.1 \($0) ") }, "\(answer)")
            #expect(handled.count == 0 && !answer.contains("smuggled"))
        }
    }

    static let wellFormed = [
        Shape("no more than it must be", fields: length),
        Shape("blanks around values", fields: "X-A:b\r\nX-B: \t c \t \r\nX-C:\r\nX-D:   \r\n\(length)"),
        Shape("a query, and escapes", "POST /a?b=%00&c=d+e&f HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("a query without anything", "POST /a? HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("the absolute form", "POST http://t/a HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("many fields", fields: (0..<100).map { "X-Field-\($0): value \($0)\r\n" }.joined() + length),
        Shape("cookies", fields: "Cookie: a=b; c=\"d\"; e\r\n\(length)Cookie: f\r\n"),
        Shape("text in UTF-8", fields: "X-A: \u{fc}\u{20ac}\u{1f600}\r\n\(length)"),
        Shape("a long value at its end", fields: length + "X-A: \(String(repeating: "x", count: 7_000))\r\n"),
        Shape("an empty line before it", "\r\nPOST /a HTTP/1.1\r\nHost: t\r\n\(length)\r\nabc"),
        Shape("chunks", "\(chunked)3\r\nabc\r\n0\r\n\r\n"),
        Shape("chunks with a trailer", "\(chunked)1\r\na\r\n2;x=y\r\nbc\r\n0\r\nX-A: b\r\n\r\n"),
        Shape("the old version", "POST /a HTTP/1.0\r\nConnection: keep-alive\r\n\(length)\r\nabc"),
        Shape("the old version without a host", "POST /a HTTP/1.0\r\n\(length)Connection: keep-alive\r\n\r\nabc"),
    ]

    @Test("that has its right form is taken, in one piece, in many, and again and again", arguments: wellFormed)
    func taken(_ shape: Shape) async throws {
        try await TestServer.run { server in
            let connection = try server.connect()
            for _ in 0..<3 {
                try connection.send(shape.text)
                #expect(try connection.receive(until: "POST /a [abc]").hasPrefix("HTTP/1."))
            }
            for byte in shape.text.utf8 { try connection.send([byte]) }
            #expect(try connection.receive(until: "POST /a [abc]").hasPrefix("HTTP/1."))
            // Several at once: what is left of one lies in the buffer of the next.
            try connection.send(shape.text + shape.text + shape.text)
            var text = ""
            while text.ranges(of: "POST /a [abc]").count < 3 {
                let bytes = try connection.receive()
                try #require(!bytes.isEmpty, "\(text)")
                text += String(decoding: bytes, as: UTF8.self)
            }
            #expect(text.ranges(of: " 200 ").count == 3)
        }
    }
}
