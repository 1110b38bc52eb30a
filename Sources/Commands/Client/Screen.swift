import EventLoop

/// What a person sees of a command: results on standard output, notes on standard error, and at a terminal a line of
/// progress that is gone before anything else appears. Confined to its reactor.
final class Screen {
    private let console: Console
    private let reactor: Reactor
    private var progress: ProgressLine?
    private var stage: String?
    private var began = MonotonicInstant.now()
    private var timer: TimerToken?
    /// Whether the last thing on standard output ended its line.
    private var isAtLineStart = true

    static let interval = Duration.milliseconds(200)

    init(console: Console, environment: ClientEnvironment, reactor: Reactor) {
        self.console = console
        self.reactor = reactor
        progress = ProgressLine(isTerminal: console.diagnosticsIsTerminal, environment: environment)
    }

    /// Writes to standard output.
    func write(_ text: String) throws(OutputClosed) {
        guard let last = text.utf8.last else { return }
        eraseProgress()
        isAtLineStart = last == UInt8(ascii: "\n")
        try console.output(console.outputIsTerminal ? TerminalText.harmless(text) : text)
    }

    /// Writes a line to standard error.
    func note(_ line: String) {
        eraseProgress()
        let lead = isAtLineStart || !sharesTerminal ? "" : "\n"
        if !lead.isEmpty { isAtLineStart = true }
        console.diagnostics(lead + (console.diagnosticsIsTerminal ? TerminalText.harmless(line) : line) + "\n")
    }

    /// Tells what is waited for from now on; the time counts from the first stage.
    func await(_ stage: String) {
        guard progress != nil else { return }
        if self.stage == nil {
            began = .now()
            arm()
        }
        self.stage = stage
    }

    /// Ends the progress line.
    func settle() {
        eraseProgress()
        stage = nil
        if let timer { reactor.cancel(timer) }
        timer = nil
    }

    private var sharesTerminal: Bool { console.outputIsTerminal && console.diagnosticsIsTerminal }

    private func arm() {
        timer = reactor.schedule(after: Self.interval) { [weak self] in self?.tick() }
    }

    private func tick() {
        timer = nil
        guard let stage else { return }
        // In the middle of a line of output there is no room for another.
        if isAtLineStart || !sharesTerminal, let drawn = draw(stage) { console.diagnostics(drawn) }
        arm()
    }

    private func draw(_ stage: String) -> String? {
        progress?.draw(stage, elapsed: began.duration(to: .now()))
    }

    private func eraseProgress() {
        if let erased = progress?.erase(), !erased.isEmpty { console.diagnostics(erased) }
    }
}
