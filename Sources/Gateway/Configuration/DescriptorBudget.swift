internal import Outbound

extension GatewayConfiguration {
    /// Lowers `MAX_CONNECTIONS` to what the process's bound on descriptors (`RLIMIT_NOFILE`) has room for, with a warning.
    ///
    /// Beyond our own limit a connection is refused; beyond the system's, libmicrohttpd stops accepting until one of its
    /// connections ends, which with long streams can be minutes.
    /// - Parameter limit: descriptors that the process may have.
    public mutating func fit(descriptors limit: Int) {
        let kept = 2 * OutboundSettings().idleConnections * serving.workers
        let calls = min(serving.maxConnections, serving.maxConcurrentRequests) + summary.concurrency
        guard Self.ownDescriptors + kept + serving.maxConnections + calls > limit else { return }
        // Of a client, of its upstream, and of a summary or a connection that is kept for later.
        let lowered = max(1, (limit - Self.ownDescriptors) / 3)
        guard lowered < serving.maxConnections else { return }
        warnings.append(
            "MAX_CONNECTIONS is lowered from \(serving.maxConnections) to \(lowered): "
                + "the process may have only \(limit) open descriptors (ulimit -n)")
        serving.maxConnections = lowered
    }

    /// Standard streams, listening sockets, epoll and event descriptors, files.
    private static let ownDescriptors = 64
}
