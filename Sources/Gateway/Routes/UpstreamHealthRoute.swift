internal import Inbound
internal import JSON
internal import Outbound

/// `GET /upstream-health`: whether the upstream can be reached at all, and how summary calls have fared.
struct UpstreamHealthRoute {
    let worker: Worker

    /// Bytes of the upstream's answer that are read, so that its connection can be used again.
    private static let bodyLimit = 64 << 10

    func response() async -> Response {
        let (reachable, detail) = await probe()
        var body = Array(
            reachable ? #"{"status":"ok","upstream":true"#.utf8 : #"{"status":"degraded","upstream":false"#.utf8)
        if let detail {
            body += Array(#","detail":""#.utf8)
            JSONString.appendEscaped(detail, to: &body)
            body.append(UInt8(ascii: "\""))
        }
        body += Array(#","summaries":\#(worker.shared.summaries.json)}"#.utf8)
        var response = Response.json("")
        response.body = body
        return response
    }

    private func probe() async -> (reachable: Bool, detail: String?) {
        let upstream = worker.shared.configuration.upstream
        var base = upstream.baseURL
        if !base.hasSuffix("/") { base += "/" }
        let request = UpstreamRequest(
            method: .get, url: base, connectTimeout: upstream.connectTimeout, silenceTimeout: .seconds(10))
        do throws(UpstreamFailure) {
            let transfer = try Transfer(request, on: worker.multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            _ = try? await transfer.readAll(limit: Self.bodyLimit)
            let failing = head.status == 500 || RetryPolicy.isRetryable(status: head.status)
            return (!failing, failing ? "HTTP status \(head.status)" : nil)
        } catch {
            return (false, "\(error.kind.rawValue): \(error.detail)")
        }
    }
}
