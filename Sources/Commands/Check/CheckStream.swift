import ArgumentParser
import Pipeline

/// `inference-gateway check-stream`: reads a recorded stream and says whether it keeps the protocol.
struct CheckStream: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-stream",
        abstract: "Check a recorded stream, read from standard input, against the protocol.",
        discussion: """
            Prints what the stream held and every violation: order, events that must come exactly once, one end, valid chunks. \
            Ends with status 1 where there is one.
            """)

    @Option(
        help: "unified, openai or events. (default: told from the first event)",
        transform: { text in
            guard let format = StreamFormat(rawValue: text) else { throw ValidationError("unknown format: \(text)") }
            return format
        })
    var format: StreamFormat?

    func run() throws {
        var grammar = StreamGrammar(format: format)
        while true {
            let bytes = StandardStream.nextInput()
            if bytes.isEmpty { break }
            grammar.read(bytes.span)
        }
        let verdict = grammar.finish()
        print(Self.report(verdict))
        if !verdict.isValid { throw ExitCode(1) }
    }

    static func report(_ verdict: StreamGrammar.Verdict) -> String {
        var lines = [
            "\(verdict.isValid ? "valid" : "invalid") \(verdict.format?.rawValue ?? "stream"): \(verdict.events) events, "
                + "\(verdict.summaryBytes) bytes of summaries, \(verdict.answerBytes) bytes of the answer, "
                + (verdict.isComplete ? "completed" : "incomplete")
                + (verdict.finishReason.map { ", finish_reason \($0)" } ?? "")
        ]
        lines += verdict.violations.map { "  " + $0 }
        return TerminalText.harmless(lines.joined(separator: "\n"))
    }
}
