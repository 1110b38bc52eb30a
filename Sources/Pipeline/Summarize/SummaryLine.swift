/// The way of one summary into the stream: pieces of its text as they come, then the summary itself.
struct SummaryLine: Sendable {
    enum State {
        /// Its text is not known, or not whole.
        case awaited
        case ready(Summary, StreamError?)
        case sent
    }

    private(set) var state = State.awaited
    /// All pieces so far.
    private(set) var text = ""
    /// Those that have not been written.
    private var waiting = ""
    private var nextIndex = 0

    var isAwaited: Bool {
        if case .awaited = state { return true }
        return false
    }

    var isSent: Bool {
        if case .sent = state { return true }
        return false
    }

    mutating func append(_ piece: String) {
        guard isAwaited else { return }
        text += piece
        waiting += piece
    }

    /// What was shown in pieces is the summary's text, whatever `summary` has.
    mutating func settle(_ summary: Summary, _ error: StreamError? = nil) {
        guard isAwaited else { return }
        let shown = text.isEmpty ? summary.text : text
        state = .ready(Summary(text: shown, source: summary.source), error)
    }

    /// The piece to be written now, and its number.
    mutating func takePiece() -> (text: String, index: Int)? {
        guard !waiting.isEmpty else { return nil }
        defer {
            waiting = ""
            nextIndex += 1
        }
        return (waiting, nextIndex)
    }

    /// The summary to be written now.
    mutating func takeSummary() -> (summary: Summary, error: StreamError?, shown: Bool)? {
        guard case .ready(let summary, let error) = state else { return nil }
        state = .sent
        return (summary, error, nextIndex > 0)
    }
}
