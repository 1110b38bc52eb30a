import Testing

@testable import Commands

@Suite("The line of progress")
struct ProgressLineTests {
    static let terminals: [(Bool, [ClientEnvironment.Variable: String], Bool)] = [
        (true, [.terminal: "xterm"], true),
        (true, [.terminal: "dumb"], false),
        (true, [:], false),
        (false, [.terminal: "xterm"], false),
    ]

    @Test("is for terminals that can clear a line", arguments: terminals)
    func availability(_ isTerminal: Bool, _ variables: [ClientEnvironment.Variable: String], _ exists: Bool) {
        let line = ProgressLine(isTerminal: isTerminal, environment: ClientEnvironment(variables))
        #expect((line != nil) == exists)
    }

    static let drawings: [(Duration, String)] = [
        (.zero, "0.0 s"), (.milliseconds(1290), "1.2 s"), (.seconds(75), "75.0 s"), (.seconds(-1), "0.0 s"),
    ]

    @Test("tells the stage and the time, and clears what it drew", arguments: drawings)
    func drawing(_ elapsed: Duration, _ time: String) throws {
        var line = try #require(
            ProgressLine(isTerminal: true, environment: ClientEnvironment([.terminal: "xterm", .noColor: "1"]))
        )
        #expect(line.erase() == "")
        #expect(line.draw("waiting", elapsed: elapsed) == "\r\u{1B}[Kwaiting, \(time)")
        #expect(line.erase() == "\r\u{1B}[K")
        #expect(line.erase() == "")
    }

    @Test("is dimmed unless NO_COLOR is set")
    func dimming() throws {
        var line = try #require(
            ProgressLine(isTerminal: true, environment: ClientEnvironment([.terminal: "xterm", .noColor: ""]))
        )
        #expect(line.draw("waiting", elapsed: .zero) == "\r\u{1B}[K\u{1B}[2mwaiting, 0.0 s\u{1B}[0m")
    }

    static let texts: [(String, String)] = [
        ("a\n\tb é 😀", "a\n\tb é 😀"), ("\u{1B}[2Jx", "\u{FFFD}[2Jx"), ("a\u{7}b\u{9B}c", "a\u{FFFD}b\u{FFFD}c"),
        ("a\r\nb\rc", "a\nbc"),
    ]

    @Test("text from elsewhere cannot move the cursor", arguments: texts)
    func harmless(_ text: String, _ shown: String) {
        #expect(TerminalText.harmless(text) == shown)
    }

    static let durationCases: [(Duration, String)] = [
        (.seconds(300), "300 s"), (.milliseconds(500), "0.5 s"), (.milliseconds(1005), "1.005 s"), (.zero, "0 s"),
        (.microseconds(10), "0 s"), (.seconds(-5), "0 s"),
    ]

    @Test("a duration is told in seconds", arguments: durationCases)
    func durations(_ duration: Duration, _ text: String) {
        #expect(duration.inSeconds == text)
    }
}
