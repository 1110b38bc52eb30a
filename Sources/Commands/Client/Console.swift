import Glibc

/// Where a command writes: its result, and what is said beside it.
struct Console: Sendable {
    /// Writes to standard output at once.
    var output: @Sendable (String) throws(OutputClosed) -> Void
    /// Writes to standard error at once. A failure there is nobody's business.
    var diagnostics: @Sendable (String) -> Void
    var outputIsTerminal: Bool
    var diagnosticsIsTerminal: Bool

    /// The process's own streams.
    static func process() -> Console {
        Console(
            output: { text throws(OutputClosed) in try StandardStream.write(text, to: 1) },
            diagnostics: { text in try? StandardStream.write(text, to: 2) },
            outputIsTerminal: isatty(1) == 1,
            diagnosticsIsTerminal: isatty(2) == 1
        )
    }
}

/// Standard output takes nothing more: its reader has gone, or the disk is full.
struct OutputClosed: Error, Equatable {
    let errno: Int32
}

/// Text from elsewhere, on its way to a terminal.
enum TerminalText {
    /// Control characters could move the cursor or reprogram the terminal: all but tab and line feed are replaced.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHarmful) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar != "\r" {
            result.append(isHarmful(scalar) ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0: true
        default: false
        }
    }
}
