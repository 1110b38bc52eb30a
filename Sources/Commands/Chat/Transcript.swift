/// Writes a stream's events as a person reads them (protocol.md, "Client transcript"). Pure: text comes out.
struct Transcript {
    private enum Section: Int {
        case prompt = 1
        case reasoning
        case output

        var heading: String {
            switch self {
            case .prompt: "=== 1) Summary of the prompt ==="
            case .reasoning: "=== 2) Summary of the model's reasoning ==="
            case .output: "=== 3) The model's final output ==="
            }
        }
    }

    /// Whether the next character stands at a line's start.
    private(set) var isAtLineStart = true
    private var begun: Set<Section> = []

    /// Text for one event; empty for what is not shown.
    mutating func render(_ event: GatewayEvent) -> String {
        switch event {
        case .promptSummary(let text): summary(.prompt, text)
        case .reasoningSummary(let text): summary(.reasoning, text)
        case .promptSummaryDelta(let text): note(begin(.prompt) + text)
        case .reasoningSummaryDelta(let text): note(begin(.reasoning) + text)
        case .outputDelta(let text): note(begin(.output) + text)
        case .outputDone: done()
        case .error(let fault): line("[error] \(fault.stage): \(fault.message)")
        case .other: ""
        }
    }

    /// Text for a line that stands by itself, such as `[info] …`.
    mutating func line(_ text: String) -> String {
        note((isAtLineStart ? "" : "\n") + text.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n")
    }

    private mutating func summary(_ section: Section, _ text: String) -> String {
        let heading = begin(section)
        // What was shown in pieces is not shown again.
        guard !heading.isEmpty else { return isAtLineStart ? "" : note("\n") }
        return note(heading + text + (text.hasSuffix("\n") ? "" : "\n"))
    }

    private mutating func done() -> String {
        let heading = begin(.output)
        let isOpen = heading.isEmpty ? !isAtLineStart : true
        return note(heading + (isOpen ? "\n" : "") + "\n[done]\n")
    }

    /// The section's heading, the first time.
    private mutating func begin(_ section: Section) -> String {
        guard begun.insert(section).inserted else { return "" }
        return (isAtLineStart ? "\n" : "\n\n") + section.heading + "\n"
    }

    private mutating func note(_ text: String) -> String {
        if let last = text.utf8.last { isAtLineStart = last == UInt8(ascii: "\n") }
        return text
    }
}
