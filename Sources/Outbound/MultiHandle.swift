internal import CCurl
public import EventLoop
internal import Synchronization

/// One loop's libcurl multi handle, driven by the loop's descriptors and timers (`curl_multi_socket_action`).
///
/// Threading: confined to its reactor, which every entry checks.
///
/// `@unchecked Sendable` is sound because of that confinement.
public final class MultiHandle: @unchecked Sendable {
    public let reactor: Reactor
    let settings: OutboundSettings
    private let multi: OpaquePointer
    private var timer: TimerToken?
    private var transfers: [ObjectIdentifier: Transfer] = [:]
    private var watched: Set<Int32> = []
    private var isClosed = false

    /// On the reactor's thread.
    /// - Throws: `SystemError` when libcurl has no memory.
    public init(reactor: Reactor, settings: OutboundSettings) throws {
        reactor.checkIsolated()
        try CurlLibrary.initialize()
        guard let multi = curl_multi_init() else { throw SystemError(call: "curl_multi_init", errno: 0) }
        self.reactor = reactor
        self.settings = settings
        self.multi = OpaquePointer(multi)
        CurlCallbacks.attach(self, to: multi)
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, settings.idleConnections)
        curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHost)
    }

    deinit {
        // Closing connections calls back, which must happen on the reactor's thread.
        assert(isClosed, "a multi handle is closed before it is released")
    }

    /// Ends all transfers and closes all connections. Must come before the handle is released; nothing can be started
    /// afterwards.
    public func close() {
        reactor.checkIsolated()
        guard !isClosed else { return }
        for transfer in Array(transfers.values) {
            transfer.fail(UpstreamFailure(kind: .cancelled, detail: "shutting down"))
            remove(transfer)
        }
        isClosed = true
        if let timer { reactor.cancel(timer) }
        timer = nil
        for descriptor in watched { reactor.unwatch(descriptor) }
        watched = []
        curl_multi_cleanup(handle)
    }

    /// Transfers that have been started and not closed.
    public var openTransfers: Int {
        reactor.checkIsolated()
        return transfers.count
    }

    private var handle: UnsafeMutableRawPointer { UnsafeMutableRawPointer(multi) }

    // MARK: Transfers

    func add(_ transfer: Transfer) -> Bool {
        guard !isClosed else { return false }
        transfers[ObjectIdentifier(transfer)] = transfer
        guard curl_multi_add_handle(handle, transfer.easy) == CURLM_OK else {
            transfers[ObjectIdentifier(transfer)] = nil
            return false
        }
        return true
    }

    /// Never inside one of libcurl's callbacks.
    func remove(_ transfer: Transfer) {
        guard transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
        curl_multi_remove_handle(handle, transfer.easy)
    }

    private func act(_ descriptor: Int32, _ mask: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(handle, descriptor, mask, &running)
        collectFinished()
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            CurlCallbacks.transfer(of: easy)?.finished(curl_message_result(message))
        }
    }

    // MARK: Called back by libcurl

    func watch(_ descriptor: Int32, _ what: Int32) {
        guard !isClosed else { return }
        if what == CURL_POLL_REMOVE {
            if watched.remove(descriptor) != nil { reactor.unwatch(descriptor) }
            return
        }
        var interest: ReadinessEvents = []
        if what & CURL_POLL_IN != 0 { interest.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.writable) }
        if watched.contains(descriptor) {
            try? reactor.rewatch(descriptor, interest)
            return
        }
        do {
            try reactor.watch(descriptor, interest) { [unowned self] seen in
                var mask: Int32 = 0
                if !seen.isDisjoint(with: [.readable, .hangUp, .peerClosed]) { mask |= CURL_CSELECT_IN }
                if seen.contains(.writable) { mask |= CURL_CSELECT_OUT }
                if seen.contains(.error) { mask |= CURL_CSELECT_ERR }
                act(descriptor, mask)
            }
            watched.insert(descriptor)
        } catch {
            // libcurl's own timeouts end the transfer; nothing else can be done inside its callback.
        }
    }

    func setTimer(milliseconds: Int) {
        guard !isClosed else { return }
        if let timer { reactor.cancel(timer) }
        timer = nil
        guard milliseconds >= 0 else { return }
        // Also with 0: libcurl must not be entered from its own callback.
        timer = reactor.schedule(after: .milliseconds(milliseconds)) { [unowned self] in
            timer = nil
            act(CURL_SOCKET_TIMEOUT, 0)
        }
    }
}

/// libcurl's global state, made once in a process, before any handle.
private enum CurlLibrary {
    private static let status = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    static func initialize() throws {
        guard status == CURLE_OK else { throw SystemError(call: "curl_global_init", errno: Int32(status.rawValue)) }
    }
}
