internal import CCurl
internal import EventLoop
public import HTTPTypes

/// The head of an upstream's response.
public struct UpstreamResponseHead: Sendable {
    public let status: Int
    public let headerFields: HTTPFields
}

/// One request to an upstream and its response, read as it comes.
///
/// The reader pulls: what it does not read stays here up to a watermark, then libcurl is told to pause, and so on back
/// to the upstream. Close a transfer when done with it, from the task that uses it.
///
/// Threading: confined to the reactor of its multi handle, which every entry checks; only `cancel` may come from
/// elsewhere.
///
/// `@unchecked Sendable` is sound because of that confinement.
public final class Transfer: @unchecked Sendable {
    private enum Phase { case head, body, finished }

    private let owner: MultiHandle
    private let request: UpstreamRequest
    let easy: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var phase = Phase.head
    private var failure: UpstreamFailure?
    private var head: UpstreamResponseHead?
    private var fields = HTTPFields()
    private var fieldBytes = 0
    private var buffer: [UInt8] = []
    private var paused = false
    private var waiter: CheckedContinuation<Void, Never>?
    /// Something has come that the reader has not looked at.
    private var isSignalled = false
    private var silence: SilenceTimer?
    private var closed = false
    private var lingering: TimerToken?

    /// Bytes of response header fields; more is refused.
    static let headerLimit = 64 << 10
    static let errorTextSize = Int(CURL_ERROR_SIZE)

    /// Starts the request. On the reactor's thread.
    /// - Throws: `UpstreamFailure` of kind `unusable`.
    public init(_ request: UpstreamRequest, on owner: MultiHandle) throws(UpstreamFailure) {
        owner.reactor.checkIsolated()
        guard let easy = curl_easy_init() else {
            throw UpstreamFailure(kind: .unusable, detail: "out of memory")
        }
        self.owner = owner
        self.request = request
        self.easy = easy
        errorText = .allocate(capacity: Self.errorTextSize)
        errorText.initialize(repeating: 0, count: Self.errorTextSize)
        CurlCallbacks.attach(self, to: easy)
        configure()
        guard owner.add(self) else {
            throw UpstreamFailure(kind: .unusable, detail: "libcurl refused the request")
        }
        silence = SilenceTimer(reactor: owner.reactor, limit: request.silenceTimeout) { [unowned self] in
            silenceElapsed()
        }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    // MARK: Reading

    /// Waits for the final response head.
    /// - Throws: `UpstreamFailure`; of kind `cancelled` when the task is cancelled.
    public func responseHead() async throws(UpstreamFailure) -> UpstreamResponseHead {
        owner.reactor.checkIsolated()
        while true {
            if let head { return head }
            if let failure { throw failure }
            if phase == .finished {
                throw UpstreamFailure(kind: .cut, detail: "the connection ended in the response head")
            }
            await wait()
        }
    }

    /// Waits for bytes of the body and swaps them into `bytes`, whose storage is used again.
    /// - Returns: false when the body has ended; then `bytes` is empty.
    /// - Throws: `UpstreamFailure`, after all bytes that came before it have been given out.
    public func read(into bytes: inout [UInt8]) async throws(UpstreamFailure) -> Bool {
        owner.reactor.checkIsolated()
        bytes.removeAll(keepingCapacity: bytes.capacity <= owner.settings.highWatermark)
        while buffer.isEmpty {
            if let failure { throw failure }
            if phase == .finished { return false }
            await wait()
        }
        swap(&bytes, &buffer)
        resume()
        return true
    }

    /// Collects the rest of the body.
    /// - Throws: `UpstreamFailure`, of kind `tooLarge` when there are more than `limit` bytes.
    public func readAll(limit: Int) async throws(UpstreamFailure) -> [UInt8] {
        var all: [UInt8] = []
        var part: [UInt8] = []
        while try await read(into: &part) {
            guard all.count &+ part.count <= limit else {
                throw UpstreamFailure(kind: .tooLarge, detail: "more than \(limit) bytes")
            }
            all.append(contentsOf: part)
        }
        return all
    }

    /// Ends the transfer if it has not ended, and frees its connection. From the task, never from a callback.
    public func close() {
        owner.reactor.checkIsolated()
        guard !closed else { return }
        closed = true
        owner.remove(self)
        fail(UpstreamFailure(kind: .cancelled, detail: "closed"))
    }

    /// Gives the transfer up, but lets its response end by itself within `limit` first, so that the connection can be
    /// used again. What still comes is dropped.
    public func endInBackground(within limit: Duration = .seconds(1)) {
        owner.reactor.checkIsolated()
        guard !closed else { return }
        closed = true
        silence?.stop()
        guard phase != .finished else { return owner.remove(self) }
        failure = UpstreamFailure(kind: .cancelled, detail: "closed")
        lingering = owner.reactor.schedule(after: limit) { [weak self] in
            guard let self else { return }
            lingering = nil
            owner.remove(self)
        }
        buffer = []
        resume()
    }

    private func wait() async {
        await withTaskCancellationHandler {
            guard !Task.isCancelled else { return cancelled() }
            await withCheckedContinuation { continuation in
                // Something may have come since the caller looked: getting here can take a turn of the loop.
                guard !isSignalled else { return continuation.resume() }
                waiter = continuation
            }
            isSignalled = false
        } onCancel: {
            if owner.reactor.isOnReactor {
                cancelled()
            } else {
                owner.reactor.execute { self.cancelled() }
            }
        }
    }

    private func cancelled() {
        fail(UpstreamFailure(kind: .cancelled, detail: "cancelled"))
    }

    /// The transfer is over for its reader; the C handle stays until `close`.
    func fail(_ failure: UpstreamFailure) {
        guard phase != .finished else { return }
        phase = .finished
        self.failure = failure
        silence?.stop()
        wake()
    }

    private func wake() {
        isSignalled = true
        waiter?.resume()
        waiter = nil
    }

    /// Lets libcurl go on once the buffer has been taken.
    private func resume() {
        guard paused, phase != .finished else { return }
        paused = false
        if !closed { silence?.restart() }
        // Delivers what libcurl held back, through `received`, before it returns.
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    private func silenceElapsed() {
        // While paused it is our reader that is silent.
        guard !paused else { return }
        let limit = request.silenceTimeout.wholeNanoseconds / 1_000_000
        guard curl_has_connection(easy) else {
            return fail(UpstreamFailure(kind: .connectTimeout, detail: "no connection to the upstream for \(limit) ms"))
        }
        let kind: UpstreamFailure.Kind = head == nil ? .headSilence : .bodySilence
        fail(UpstreamFailure(kind: kind, detail: "no byte from the upstream for \(limit) ms"))
    }

    // MARK: Called back

    func headerLine(_ line: UnsafeRawBufferPointer) {
        silence?.touch()
        fieldBytes &+= line.count
        guard phase == .head else { return }
        guard fieldBytes <= Self.headerLimit else {
            return fail(
                UpstreamFailure(kind: .malformed, detail: "more than \(Self.headerLimit) bytes of header fields"))
        }
        let text = String(decoding: line, as: UTF8.self).drop { $0.isWhitespace }
        if text.isEmpty {
            let status = curl_get_long(easy, CURLINFO_RESPONSE_CODE)
            // Interim responses (RFC 9110, section 15.2) announce another head.
            guard status >= 200 else { return fields = HTTPFields() }
            head = UpstreamResponseHead(status: status, headerFields: fields)
            phase = .body
            wake()
        } else if let colon = text.firstIndex(of: ":"), let name = HTTPField.Name(String(text[..<colon])) {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { !$0.isWhitespace }
            fields.append(HTTPField(name: name, value: end.map { String(value[...$0]) } ?? ""))
        }
    }

    /// - Returns: false to pause; libcurl then offers the same bytes again.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        silence?.touch()
        if phase == .finished || closed { return true }
        if !buffer.isEmpty, buffer.count &+ bytes.count > owner.settings.highWatermark {
            paused = true
            return false
        }
        buffer.append(contentsOf: bytes)
        wake()
        return true
    }

    func finished(_ code: CURLcode) {
        if let lingering {
            owner.reactor.cancel(lingering)
            self.lingering = nil
            return owner.remove(self)
        }
        guard phase != .finished else { return }
        guard code != CURLE_OK else {
            phase = .finished
            silence?.stop()
            return wake()
        }
        fail(UpstreamFailure(kind: kind(of: code), detail: words(for: code)))
    }

    private func words(for code: CURLcode) -> String {
        let own = String(cString: errorText)
        return own.isEmpty ? String(cString: curl_easy_strerror(code)) : own
    }

    private func kind(of code: CURLcode) -> UpstreamFailure.Kind {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: head == nil ? .connectTimeout : .bodySilence
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY,
            CURLE_SSL_CONNECT_ERROR:
            .connect
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_URL_MALFORMAT, CURLE_OUT_OF_MEMORY:
            .unusable
        // An answer that is not HTTP at all is an unsupported protocol to libcurl: HTTP/0.9.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING:
            .malformed
        default: .cut
        }
    }

    // MARK: Set-up

    private func configure() {
        let settings = owner.settings
        curl_set_error_buffer(easy, errorText)
        curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        curl_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        // Else the end of a transfer waits for a name that is still being looked up, and the loop with it.
        curl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
        curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        curl_set_long(easy, CURLOPT_BUFFERSIZE, settings.receiveBuffer)
        let connect = request.connectTimeout.wholeNanoseconds / 1_000_000
        curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(connect)))
        curl_set_string(easy, CURLOPT_USERAGENT, settings.userAgent)
        if let caFile = settings.caFile { curl_set_string(easy, CURLOPT_CAINFO, caFile) }
        if settings.insecure {
            curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0)
            curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        curl_set_string(easy, CURLOPT_URL, request.url)
        setMethod()
        // libcurl waits up to a second for "100 Continue" before a large body; an empty Expect forbids that.
        append("Expect:")
        for field in request.headerFields { append("\(field.name.rawName): \(field.value)") }
        curl_set_headers(easy, headers)
    }

    private func setMethod() {
        switch request.method {
        case .get: curl_set_long(easy, CURLOPT_HTTPGET, 1)
        case .post: curl_set_long(easy, CURLOPT_POST, 1)
        case .put:
            curl_set_long(easy, CURLOPT_POST, 1)
            curl_set_string(easy, CURLOPT_CUSTOMREQUEST, "PUT")
        }
        guard request.method != .get else { return }
        curl_set_post_body(easy, request.body?.bytes.baseAddress, request.body?.count ?? 0)
    }

    /// Header injection is impossible: `HTTPField` holds no CR, LF or NUL.
    private func append(_ line: String) {
        if let longer = curl_slist_append(headers, line) { headers = longer }
    }
}
