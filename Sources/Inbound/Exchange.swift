internal import CMicroHTTPD
public import EventLoop
public import HTTPTypes

/// One request of a client and its answer.
///
/// Threading: confined to the reactor of its connection; every entry checks that.
///
/// `@unchecked Sendable` is sound because of that confinement.
public final class Exchange: @unchecked Sendable {
    enum State {
        case readingBody
        /// The body is read and dropped; then this is answered.
        case refusing(Response)
        /// The handler runs and has not answered yet.
        case handling
        /// The handler has answered; libmicrohttpd has not taken it yet.
        case answered(Answer)
        /// libmicrohttpd is sending.
        case sending
        /// libmicrohttpd is done with the request, for good or ill.
        case complete
    }

    enum Answer {
        case whole(Response)
        case stream(status: Int, headerFields: HTTPFields)
    }

    public let head: RequestHead
    public let reactor: Reactor
    let client: ClientConnection
    let endsWithClient: Bool
    var state: State
    var body: [UInt8] = []
    var droppedBytes = 0
    var output = OutputQueue()
    private var isStream = false
    /// Whether the stream shall break off instead of ending.
    var aborted = false
    var task: Task<Void, Never>?
    private var roomWaiter: (number: Int, level: Int, continuation: CheckedContinuation<Void, Never>)?
    private var lastWaiter = 0

    init(head: RequestHead, client: ClientConnection, reactor: Reactor, endsWithClient: Bool, state: State) {
        self.head = head
        self.client = client
        self.reactor = reactor
        self.endsWithClient = endsWithClient
        self.state = state
    }

    /// Hands the request's body over; a second call gives nothing.
    public func takeBody() -> [UInt8] {
        reactor.checkIsolated()
        defer { body = [] }
        return body
    }

    /// Whether the client has gone, or all of the answer has been sent.
    public var isComplete: Bool {
        reactor.checkIsolated()
        if case .complete = state { return true }
        return aborted
    }

    /// Whether an answer has begun.
    public var isAnswered: Bool {
        reactor.checkIsolated()
        if case .handling = state { return false }
        return true
    }

    /// Whether some of the request is still to come.
    var isIncomplete: Bool {
        switch state {
        case .readingBody, .refusing: true
        case .handling, .answered, .sending, .complete: false
        }
    }

    /// Answers with a whole response. No effect when an answer has begun or the client has gone.
    public func respond(_ response: Response) {
        answer(.whole(response))
    }

    /// Begins a response of unknown length. The head is sent at once. A handler that returns without `finish` breaks
    /// the connection off, by which the client knows that the response is not whole.
    ///
    /// When the client has gone already, writing to the stream has no effect.
    public func startStream(status: Int, headerFields: HTTPFields) -> ResponseStream {
        answer(.stream(status: status, headerFields: headerFields))
        return ResponseStream(exchange: self)
    }

    private func answer(_ answer: Answer) {
        reactor.checkIsolated()
        guard case .handling = state else { return }
        if case .stream = answer { isStream = true }
        state = .answered(answer)
        client.resume()
    }

    /// Breaks the connection off, in the middle of the answer if one has begun. The handler's task is cancelled.
    public func breakOff() {
        guard !isComplete else { return }
        client.end()
    }

    /// Nobody is left who could answer, or end the stream that was begun.
    func handlerReturned(orElse response: Response) {
        if case .handling = state { return respond(response) }
        if isStream, !output.isFinished { breakOff() }
    }

    /// Ends the exchange at once: the handler's task is cancelled and the connection closed.
    func abort() {
        guard !aborted else { return }
        if case .complete = state { return }
        aborted = true
        task?.cancel()
        wakeWaiter()
        client.resume()
    }

    /// libmicrohttpd is done with the request.
    func completed(normally: Bool) {
        state = .complete
        // To HEAD a stream is complete before its end.
        if !normally || !output.isFinished { task?.cancel() }
        output = OutputQueue()
        wakeWaiter()
    }

    // MARK: Stream

    func write(_ fill: (inout [UInt8]) -> Void) {
        reactor.checkIsolated()
        guard !isComplete, !output.isFinished else { return }
        let before = output.count
        output.append(fill)
        if output.count > before { client.outputWaits() }
    }

    func finish() {
        reactor.checkIsolated()
        guard !isComplete else { return }
        output.isFinished = true
        client.outputWaits()
    }

    /// Waits until at most `level` bytes wait to be sent, the client has gone, or the task is cancelled.
    func drained(to level: Int) async {
        reactor.checkIsolated()
        guard needsRoom(level) else { return }
        lastWaiter &+= 1
        let number = lastWaiter
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wakeWaiter()
                // Getting here can take a turn of the loop, in which the output may have moved.
                guard needsRoom(level) else { return continuation.resume() }
                roomWaiter = (number, level, continuation)
            }
        } onCancel: {
            // From any thread. It runs after the waiter is registered, or the waiter has seen the cancellation.
            reactor.execute { if self.roomWaiter?.number == number { self.wakeWaiter() } }
        }
    }

    private func needsRoom(_ level: Int) -> Bool {
        output.count > level && !isComplete && !Task.isCancelled
    }

    /// Bytes were handed to libmicrohttpd.
    func outputTaken() {
        if let waiter = roomWaiter, output.count <= waiter.level { wakeWaiter() }
    }

    private func wakeWaiter() {
        roomWaiter?.continuation.resume()
        roomWaiter = nil
    }
}

/// The body of a streamed response. Confined, like its exchange, to the exchange's reactor.
public struct ResponseStream: Sendable {
    let exchange: Exchange

    /// Appends what `fill` appends to the output. It is sent in the present tick of the reactor.
    /// - Parameter fill: must only append.
    public func write(_ fill: (inout [UInt8]) -> Void) {
        exchange.write(fill)
    }

    /// Ends the body. No effect after the first call.
    public func finish() {
        exchange.finish()
    }

    /// Bytes that the client has not taken yet, save those in libmicrohttpd's and the kernel's buffers.
    public var pendingBytes: Int {
        exchange.reactor.checkIsolated()
        return exchange.output.count
    }

    /// Waits until at most `level` bytes wait to be sent, the client has gone, or the task is cancelled. One waiter at a
    /// time: an earlier one is let go.
    public func drained(to level: Int) async {
        await exchange.drained(to: level)
    }
}
