internal import Inbound
internal import JSON
internal import Outbound

/// `GET /upstream-health`: whether the upstream can be reached at all, how the members of its pool are doing, and how
/// summary calls have fared.
struct UpstreamHealthRoute {
    let worker: Worker

    /// Bytes of the upstream's answer that are read, so that its connection can be used again.
    private static let bodyLimit = 64 << 10
    /// Members that are asked at the same time.
    private static let probesAtOnce = 16

    private struct Reachability: Sendable {
        var isReachable = false
        var detail: String?
    }

    func response() async -> Response {
        let found = await probeAll()
        let statuses = worker.shared.upstreams.statuses()
        let isReachable = found.contains(where: \.isReachable)
        let isWhole = found.allSatisfy(\.isReachable) && statuses.allSatisfy { $0.state == .healthy }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.string(isWhole ? "ok" : "degraded")
        writer.key("upstream")
        writer.bool(isReachable)
        if let detail = found.lazy.compactMap(\.detail).first {
            writer.key("detail")
            writer.string(detail)
        }
        writer.key("members")
        writer.beginArray()
        for (index, url) in worker.shared.upstreams.baseURLs.enumerated() {
            guard found.indices.contains(index), statuses.indices.contains(index) else { continue }
            append(url, statuses[index], found[index], to: &writer)
        }
        writer.endArray()
        writer.key("summaries")
        worker.shared.summaries.append(to: &writer)
        writer.endObject()
        var response = Response.json("")
        response.body = writer.bytes
        return response
    }

    private func append(
        _ url: String, _ status: UpstreamPool.Status, _ found: Reachability, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("url")
        writer.string(url)
        writer.key("state")
        writer.string(status.state.rawValue)
        writer.key("in_flight")
        writer.integer(status.inFlight)
        writer.key("consecutive_failures")
        writer.integer(status.consecutiveFailures)
        writer.key("reachable")
        writer.bool(found.isReachable)
        if let detail = found.detail {
            writer.key("detail")
            writer.string(detail)
        }
        writer.endObject()
    }

    private func probeAll() async -> [Reachability] {
        let urls = worker.shared.upstreams.baseURLs
        var found = [Reachability](repeating: Reachability(), count: urls.count)
        await withTaskGroup(of: (Int, Reachability).self) { group in
            for (index, url) in urls.enumerated() {
                if index >= Self.probesAtOnce, let (done, reachability) = await group.next() {
                    found[done] = reachability
                }
                group.addTask { (index, await probe(url)) }
            }
            for await (done, reachability) in group { found[done] = reachability }
        }
        return found
    }

    private func probe(_ url: String) async -> Reachability {
        let request = UpstreamRequest(
            method: .get, url: url.hasSuffix("/") ? url : url + "/",
            connectTimeout: worker.shared.configuration.upstream.connectTimeout, silenceTimeout: .seconds(10))
        do throws(UpstreamFailure) {
            let transfer = try Transfer(request, on: worker.multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            _ = try? await transfer.readAll(limit: Self.bodyLimit)
            let failing = head.status == 500 || RetryPolicy.isRetryable(status: head.status)
            return Reachability(isReachable: !failing, detail: failing ? "HTTP status \(head.status)" : nil)
        } catch {
            return Reachability(detail: "\(error.kind.rawValue): \(error.detail)")
        }
    }
}
