import ArgumentParser
import Glibc
import Pipeline

/// `inference-gateway bench-parse`: what dividing a delta's text costs, in each format.
struct BenchParse: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-parse", abstract: "Measure the CPU time of the reasoning parsers, for each delta.",
        shouldDisplay: false)

    @Option(help: "Deltas in each run.")
    var deltas = 200_000

    func validate() throws {
        guard (1_000...100_000_000).contains(deltas) else { throw ValidationError("--deltas is out of range") }
    }

    func run() throws {
        print("ns of CPU time a delta of 12 bytes, the best of five runs; half of the deltas are reasoning")
        let reasoning = Array("hm, let's see".utf8)
        let content = Array("and so it is ".utf8)
        for format in ReasoningFormat.all {
            let (opening, closing) = format.example
            var best = Double.infinity
            for _ in 0..<5 {
                var parser = FormatParser(format, startsInReasoning: false)
                var parts = ParsedText()
                let start = Self.cpuSeconds
                parser.consume(opening.utf8.span, into: &parts)
                for _ in 0..<deltas / 2 { feed(reasoning, to: &parser, &parts) }
                parser.consume(closing.utf8.span, into: &parts)
                for _ in 0..<deltas / 2 { feed(content, to: &parser, &parts) }
                parser.finish(into: &parts)
                best = min(best, (Self.cpuSeconds - start) * 1e9 / Double(deltas))
            }
            let number = String(Int(best.rounded()))
            print(format.name + String(repeating: " ", count: max(1, 24 - format.name.count - number.count)) + number)
        }
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
