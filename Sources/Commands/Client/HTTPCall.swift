import EventLoop
import HTTPTypes
import Outbound

/// A whole answer to a small request.
struct HTTPAnswer: Sendable {
    let status: Int
    let body: [UInt8]

    var isSuccess: Bool { (200..<300).contains(status) }
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Small requests, answered whole within a time.
enum HTTPCall {
    /// Longest body that is taken, in bytes.
    static let bodyLimit = 256 << 10

    /// - Parameter limit: for everything, from the connection to the body's last byte.
    /// - Throws: `UpstreamFailure`; of kind `headSilence` when the time is over.
    static func perform(
        _ method: UpstreamRequest.Method,
        _ url: String,
        bearer: String? = nil,
        on multi: MultiHandle,
        within limit: Duration
    ) async throws(UpstreamFailure) -> HTTPAnswer {
        let request = UpstreamRequest(
            method: method,
            url: url,
            headerFields: HTTPFields(bearer: bearer),
            body: method == .get ? nil : RequestBody([]),
            connectTimeout: limit,
            silenceTimeout: limit
        )
        let transfer = try Transfer(request, on: multi)
        defer { transfer.close() }
        var isOver = false
        let timer = multi.reactor.schedule(after: limit) {
            isOver = true
            transfer.close()
        }
        defer { multi.reactor.cancel(timer) }
        do throws(UpstreamFailure) {
            let head = try await transfer.responseHead()
            return HTTPAnswer(status: head.status, body: try await transfer.readAll(limit: bodyLimit))
        } catch {
            guard isOver || error.kind == .headSilence else { throw error }
            throw UpstreamFailure(kind: .headSilence, detail: "no answer within \(limit.inSeconds)")
        }
    }
}

extension HTTPFields {
    /// A bearer token where there is one.
    init(bearer token: String?) {
        self.init()
        if let token { self[.authorization] = "Bearer \(token)" }
    }
}

extension Duration {
    /// Such as `300 s` or `0.5 s`; milliseconds at the finest.
    var inSeconds: String {
        let milliseconds = max(0, wholeNanoseconds / 1_000_000)
        let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest != 0 else { return "\(seconds) s" }
        var fraction = String(String(rest + 1000).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(seconds).\(fraction) s"
    }
}
