import ArgumentParser
import Glibc
import Pipeline

/// `inference-gateway bench-parse`: what dividing a delta's text costs, in each format.
struct BenchParse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-parse", abstract: "Measure the CPU time of the reasoning parsers.",
        shouldDisplay: false)

    @Option(help: "Pieces in each run; of the large ones a hundredth.")
    var deltas = 200_000

    func validate() throws {
        guard (1_000...100_000_000).contains(deltas) else { throw ValidationError("--deltas is out of range") }
    }

    func run() throws {
        print("ns of CPU time, the best of five runs; half of the text is reasoning")
        print(Self.row("format", ["delta of 12 bytes", "byte in pieces of 1", "byte in pieces of 1024"]))
        let text = Array("hm, let's see".utf8.dropLast())
        let large = (0..<1024).map { text[$0 % text.count] }
        for format in ReasoningFormat.all {
            let delta = best(format, text, count: deltas)
            let single = best(format, [UInt8(ascii: "h")], count: deltas)
            let bulk = best(format, large, count: max(deltas / 100, 2)) / 1024
            print(
                Self.row(format.name, [delta, single, bulk].map { String((Double($0) * 10).rounded() / 10) }))
        }
    }

    /// CPU time for each piece.
    private func best(_ format: ReasoningFormat, _ piece: [UInt8], count: Int) -> Double {
        let (opening, closing) = format.example
        var best = Double.infinity
        for _ in 0..<5 {
            var parser = FormatParser(format, startsInReasoning: false)
            var parts = ParsedText()
            let start = Self.cpuSeconds
            parser.consume(opening.utf8.span, into: &parts)
            for _ in 0..<count / 2 { feed(piece, to: &parser, &parts) }
            parser.consume(closing.utf8.span, into: &parts)
            for _ in 0..<count / 2 { feed(piece, to: &parser, &parts) }
            parser.finish(into: &parts)
            best = min(best, (Self.cpuSeconds - start) * 1e9 / Double(count))
        }
        return best
    }

    private static func row(_ name: String, _ columns: [String]) -> String {
        func padding(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(1, width - text.count))
        }
        return name + padding(name, 16) + columns.map { padding($0, 24) + $0 }.joined()
    }

    private func feed(_ text: [UInt8], to parser: inout FormatParser, _ parts: inout ParsedText) {
        parser.consume(text.span, into: &parts)
        parts.clear()
    }

    private static var cpuSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
