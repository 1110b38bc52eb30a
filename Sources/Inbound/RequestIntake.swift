internal import HTTPTypes

/// The rules by which a request is taken in: its framing, its size, and what is answered where they are broken.
enum RequestIntake {
    /// A small body of a refused request is read and dropped, so that its connection lives on and the answer is not
    /// lost to a reset. In bytes.
    static let droppedBody = 64 << 10

    enum Decision {
        case accept(endsWithClient: Bool)
        /// Read the body, drop it, then answer.
        case dropThenRefuse(Response)
        /// Answer at once and close.
        case refuseAndClose(Response)
    }

    /// RFC 9112 section 6: what frames a body must be unambiguous, or a proxy in front of us and we could disagree
    /// where the next request begins.
    /// - Parameter isOld: whether the request is of HTTP/1.0, which knows no chunks.
    static func framingFault(_ fields: HTTPFields, isOld: Bool) -> String? {
        let lengths = fields[values: .contentLength]
        let codings = fields[values: .transferEncoding]
        if lengths.count > 1 { return "more than one Content-Length" }
        if let length = lengths.first, !isLength(length) { return "a Content-Length that is not a number" }
        if codings.count > 1 { return "more than one Transfer-Encoding" }
        if let coding = codings.first {
            if isOld { return "a Transfer-Encoding in HTTP/1.0" }
            if !lengths.isEmpty { return "both Content-Length and Transfer-Encoding" }
            if coding.lowercased() != "chunked" { return "a Transfer-Encoding other than chunked" }
        }
        if fields[values: hostName].count > 1 { return "more than one Host" }
        return nil
    }

    /// `HTTPField.Name` has no constant for it.
    private static let hostName = HTTPField.Name("Host") ?? .userAgent

    private static func isLength(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && Int(text) != nil
    }

    /// - Parameters:
    ///   - isWellFormed: whether the head's bytes have the form that everyone reads alike.
    ///   - isOld: whether the request is of HTTP/1.0.
    static func decide(
        _ head: RequestHead, isWellFormed: Bool, isOld: Bool, limits: InboundLimits, handler: any RequestHandler
    ) -> Decision {
        let fault = isWellFormed ? framingFault(head.headerFields, isOld: isOld) : "a malformed head"
        if let fault {
            return .refuseAndClose(handler.refusal(.badFraming(fault), to: head))
        }
        switch handler.admit(head) {
        case .refuse(let response):
            let small = !head.hasBody || (head.contentLength ?? .max) <= droppedBody
            return small ? .dropThenRefuse(response) : .refuseAndClose(response)
        case .accept(let endsWithClient):
            if head.method == .post, !head.hasBody {
                return .dropThenRefuse(handler.refusal(.lengthRequired, to: head))
            }
            let limit = head.takesBody ? limits.bodyBytes : droppedBody
            if let length = head.contentLength, length > limit {
                let response = handler.refusal(.bodyTooLarge(limit: limit), to: head)
                return length <= droppedBody ? .dropThenRefuse(response) : .refuseAndClose(response)
            }
            return .accept(endsWithClient: endsWithClient)
        }
    }
}

/// What the server itself finds wrong with a request; the handler gives it the form of its errors.
public enum InboundFault: Sendable, Equatable {
    /// The body's framing is ambiguous or unknown (RFC 9112, section 6): 400.
    case badFraming(String)
    /// A POST without a body's length: 411.
    case lengthRequired
    /// 413. The limit in bytes.
    case bodyTooLarge(limit: Int)
    /// The handler returned without an answer: 500.
    case unanswered
}
