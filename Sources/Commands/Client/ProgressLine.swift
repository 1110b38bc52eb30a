import EventLoop

/// The line on a terminal that tells what is waited for, drawn over itself. Pure: text comes out.
struct ProgressLine {
    /// Back to the line's start and clear it (ECMA-48, EL).
    static let clearing = "\r\u{1B}[K"

    let isDimmed: Bool
    private(set) var isShown = false

    /// - Returns: nil where a line cannot be drawn over: no terminal, or one that cannot.
    init?(isTerminal: Bool, environment: ClientEnvironment) {
        guard isTerminal, let terminal = environment[.terminal], terminal != "dumb" else { return nil }
        isDimmed = environment[.noColor] == nil
    }

    mutating func draw(_ stage: String, elapsed: Duration) -> String {
        isShown = true
        let tenths = max(0, elapsed.wholeNanoseconds / 100_000_000)
        let text = "\(stage), \(tenths / 10).\(tenths % 10) s"
        return Self.clearing + (isDimmed ? "\u{1B}[2m\(text)\u{1B}[0m" : text)
    }

    /// Empty when nothing is shown.
    mutating func erase() -> String {
        guard isShown else { return "" }
        isShown = false
        return Self.clearing
    }
}
