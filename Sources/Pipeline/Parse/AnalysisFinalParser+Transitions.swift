/// What text and tags do in each state.
extension AnalysisFinalParser {
    /// Text that is no tag, nor can become one.
    mutating func take(_ text: Span<UInt8>, into output: inout ParsedText) {
        switch state {
        case .preamble:
            held.append(contentsOf: text)
            for index in text.indices where text[index].beginsScalar { heldCharacters &+= 1 }
            // Four bytes a scalar: malformed UTF-8 must not escape the limit, and valid UTF-8 never gets here first.
            guard heldCharacters >= preambleCharacters || held.count / 4 >= preambleCharacters else { return }
            state = .stripping(inAnalysis: false)
            releaseHeld(into: &output)
        case .leadingSpace:
            if fits(text), text.indices.allSatisfy({ text[$0].isMarkupWhiteSpace }) {
                held.append(contentsOf: text)
            } else {
                state = .verbatim
                releaseHeld(into: &output)
                release(text, into: &output)
            }
        case .candidate:
            hold(text, orGoTo: .analysis(watching: false), into: &output)
            if state != .candidate { recoveryAbandoned = true }
        case .gap(holding: true):
            hold(text, orGoTo: .gap(holding: false), into: &output)
        case .analysis, .gap(holding: false), .stripping(inAnalysis: true):
            output.reasoning.append(contentsOf: text)
        case .verbatim, .final, .stripping(inAnalysis: false):
            release(text, into: &output)
        case .ended:
            break
        }
    }

    /// A tag that counts in the present state.
    mutating func take(_ tag: ContractTag, into output: inout ParsedText) {
        switch (state, tag) {
        case (.preamble, .analysisOpening), (.leadingSpace, .analysisOpening), (.gap, .analysisOpening):
            held = []
            state = .analysis(watching: true)
            phase = .reasoning
        case (.preamble, .finalOpening), (.leadingSpace, .finalOpening), (.gap, .finalOpening):
            held = []
            state = .final
            phase = .answering
        case (.analysis, .analysisClosing), (.candidate, .analysisClosing):
            releaseHeldAsReasoning(into: &output)
            state = stripsAfterBlock ? .stripping(inAnalysis: false) : .gap(holding: true)
        case (.analysis, .finalOpening), (.candidate, .finalOpening):
            releaseHeldAsReasoning(into: &output)
            candidateEnd = nil
            state = .candidate
            take(tag.bytes.span, into: &output)
        case (.candidate, .finalClosing):
            candidateEnd = candidateEnd ?? held.count
            take(tag.bytes.span, into: &output)
        case (.final, .finalClosing):
            state = .ended
            phase = .ended
        case (.stripping, _):
            strip(tag)
        default:
            break
        }
    }

    private mutating func strip(_ tag: ContractTag) {
        switch tag {
        case .analysisOpening:
            state = .stripping(inAnalysis: true)
            if phase == .undecided { phase = .reasoning }
        case .analysisClosing:
            state = .stripping(inAnalysis: false)
        case .finalOpening:
            if state == .stripping(inAnalysis: false) { phase = .answering }
        case .finalClosing:
            break
        }
    }

    /// Content, as it stands.
    mutating func release(_ text: Span<UInt8>, into output: inout ParsedText) {
        guard !text.isEmpty else { return }
        output.content.append(contentsOf: text)
        phase = .answering
    }

    private mutating func releaseHeld(into output: inout ParsedText) {
        let bytes = held
        held = []
        release(bytes.span, into: &output)
    }

    private mutating func releaseHeldAsReasoning(into output: inout ParsedText) {
        output.reasoning += held
        held = []
    }

    private func fits(_ text: Span<UInt8>) -> Bool { text.count <= recoveryLimit &- held.count }

    /// Holds the text, or, past the limit, makes all of it reasoning and goes to another state.
    private mutating func hold(_ text: Span<UInt8>, orGoTo other: State, into output: inout ParsedText) {
        if fits(text) {
            held.append(contentsOf: text)
        } else {
            releaseHeldAsReasoning(into: &output)
            output.reasoning.append(contentsOf: text)
            state = other
        }
    }
}
