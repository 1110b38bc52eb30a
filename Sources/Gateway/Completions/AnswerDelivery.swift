internal import HTTPTypes
internal import Inbound
internal import Pipeline

/// How the bytes of one completion reach the client: as a stream, whose head may be held back until the upstream's status
/// is known, or as one JSON object at the end.
struct AnswerDelivery {
    private enum State {
        /// No head has been sent.
        case held
        case streaming(ResponseStream)
        /// A refusal was sent, or all of a whole answer.
        case over
    }

    private let exchange: Exchange
    private let requestID: String
    private let isWhole: Bool
    private var state = State.held
    /// What was written before the head.
    private var waiting: [UInt8] = []

    init(form: AnswerForm, exchange: Exchange, requestID: String) {
        self.exchange = exchange
        self.requestID = requestID
        isWhole = form == .whole
    }

    /// Sends the head of a stream, and what waits for it. No effect for a whole answer, and after the first call.
    mutating func open() {
        guard case .held = state, !isWhole else { return }
        let stream = exchange.startStream(status: 200, headerFields: fields("text/event-stream; charset=utf-8"))
        state = .streaming(stream)
        let bytes = waiting
        waiting = []
        if !bytes.isEmpty { stream.write { $0 += bytes } }
    }

    /// - Parameter fill: must only append.
    mutating func write(_ fill: (inout [UInt8]) -> Void) {
        switch state {
        case .held: fill(&waiting)
        case .streaming(let stream): stream.write(fill)
        case .over:
            var dropped: [UInt8] = []
            fill(&dropped)
        }
    }

    /// All has been written.
    mutating func finish() {
        if !isWhole { open() }
        switch state {
        case .held:
            exchange.respond(Response(status: 200, headerFields: fields("application/json"), body: waiting))
            waiting = []
            state = .over
        case .streaming(let stream): stream.finish()
        case .over: break
        }
    }

    /// Whether an error can still be an HTTP status.
    var canRefuse: Bool {
        if case .held = state { return true }
        return false
    }

    /// Answers with an error in place of everything written so far.
    mutating func refuse(_ response: Response) {
        guard canRefuse else { return }
        waiting = []
        state = .over
        exchange.respond(response)
    }

    /// Whether the head of a stream has been sent.
    var isStreaming: Bool {
        if case .streaming = state { return true }
        return false
    }

    /// Bytes that the client has not taken yet.
    var pendingBytes: Int {
        if case .streaming(let stream) = state { return stream.pendingBytes }
        return waiting.count
    }

    /// Waits until the client has taken all but `level` bytes.
    func drained(to level: Int) async {
        if case .streaming(let stream) = state { await stream.drained(to: level) }
    }

    private func fields(_ contentType: String) -> HTTPFields {
        [
            .contentType: contentType, .cacheControl: isWhole ? "no-store" : "no-cache", .accelBuffering: "no",
            .requestID: requestID, .vary: "X-Stream-Format, X-Stainless-Lang, User-Agent",
        ]
    }
}
