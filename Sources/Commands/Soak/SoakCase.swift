import MockUpstream
import Pipeline

/// One completion of a soak: what the upstream says, what goes wrong with it, and what the client does. All of it follows
/// from a number, so that the upstream and the client need no other word between them.
struct SoakCase: Sendable {
    enum Fault: CaseIterable {
        /// The first attempt gets 503; the second one is answered.
        case refusedOnce
        case cut, endsEarly, errorEvent, malformed, silence
        case summaryFails, summaryIsSlow

        /// Whether the answer is whole all the same.
        var isHealed: Bool { self == .refusedOnce || self == .summaryFails || self == .summaryIsSlow }
    }

    enum Form: CaseIterable {
        case unified, events, openai, whole

        var path: String {
            switch self {
            case .unified: "/unified/v1/chat/completions"
            case .events: "/events/v1/chat/completions"
            case .openai: "/openai/v1/chat/completions"
            case .whole: "/v1/chat/completions"
            }
        }

        var streamFormat: StreamFormat? {
            switch self {
            case .unified: .unified
            case .events: .events
            case .openai: .openai
            case .whole: nil
            }
        }
    }

    enum Reader {
        case steady
        /// Waits before it reads on.
        case slow
        /// Goes after so many milliseconds.
        case leaves(Int)
    }

    /// Shares of the traffic.
    struct Mix: Sendable {
        var faults = 0.1
        var disconnects = 0.2
        var slow = 0.05
    }

    let number: UInt64
    let form: Form
    let fault: Fault?
    let reader: Reader
    /// The answer, as it is cut into deltas.
    let deltas: [String]
    private let reasoning: [String]
    private let isTagged: Bool
    private let pace: Int
    private let faultPosition: Int

    init(number: UInt64, mix: Mix) {
        var random = SplitMix64(state: number)
        self.number = number
        form = Form.allCases[Int.random(in: 0..<4, using: &random)]
        fault =
            Double.random(in: 0..<1, using: &random) < mix.faults ? Fault.allCases.randomElement(using: &random) : nil
        let mood = Double.random(in: 0..<1, using: &random)
        reader =
            mood < mix.disconnects
            ? .leaves(Int.random(in: 0...2_000, using: &random))
            : mood < mix.disconnects + mix.slow ? .slow : .steady
        isTagged = Bool.random(using: &random)
        pace = Int.random(in: 1...40, using: &random)
        reasoning = Self.pieces(Int.random(in: 0...40, using: &random), &random)
        deltas = Self.pieces(Int.random(in: 1...60, using: &random), &random)
        faultPosition = Int.random(in: 0...deltas.count, using: &random)
    }

    /// - Parameter model: as the request names it.
    init?(model: String, mix: Mix) {
        guard model.hasPrefix(Self.prefix), let number = UInt64(model.dropFirst(Self.prefix.count)) else { return nil }
        self.init(number: number, mix: mix)
    }

    private static let prefix = "soak-"
    private var model: String { Self.prefix + String(number) }

    /// What is awkward to carry: JSON's escapes, characters of all lengths, what looks like tags and like events.
    private static let words = [
        "sky ", "blue ", "the ", "\"quoted\" ", "back\\slash ", "line\n", "tab\t", "größer ", "空は", "青い", "🙂", "👩‍👩‍👧 ",
        "e\u{301} ", "</fin ", "< ", "data: ", "\r\n", "[DONE] ", "\u{2028}", "\u{1}", "{\"a\":1} ", "&amp; ",
    ]

    /// Begins and ends with a letter, so that nothing is trimmed.
    private static func pieces(_ count: Int, _ random: inout SplitMix64) -> [String] {
        guard count > 0 else { return [] }
        var pieces = (0..<count).map { _ in
            (0..<Int.random(in: 1...4, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }.joined()
        }
        pieces[0] = "A" + pieces[0]
        pieces[count - 1] += "Z"
        return pieces
    }

    // MARK: The client's side

    /// Whether the answer comes to its end.
    var isWhole: Bool { fault?.isHealed ?? true }

    var body: [UInt8] {
        let stream = form == .whole ? "" : #","stream":true"#
        let message = MockPayload.string("Why is the sky blue? \(number)")
        return Array(
            #"{"model":"\#(model)","summary_model":"\#(model)"\#(stream),"messages":[{"role":"user","content":\#(message)}]}"#
                .utf8)
    }

    /// Of the first so many bytes of the answer; nil when it does not begin with so many.
    func answerHash(ofFirst count: Int) -> TextHash? {
        var hash = TextHash()
        var length = 0
        for delta in deltas where length < count {
            // What comes is cut between deltas, and between characters where a delta is divided.
            for scalar in delta.unicodeScalars where length < count {
                hash.add(String(scalar))
                length += String(scalar).utf8.count
            }
        }
        return length == count ? hash : nil
    }

    var answerBytes: Int { deltas.reduce(0) { $0 + $1.utf8.count } }

    // MARK: The upstream's side

    /// - Parameter isFirst: whether this case's completion is asked for the first time.
    func script(isFirst: Bool) -> MockScript {
        if fault == .refusedOnce, isFirst { return .refusal(503, "busy", code: "overloaded") }
        var steps: [MockScript.Step] = [.event(MockPayload.role)]
        func add(_ payload: String) {
            steps.append(.pause(.milliseconds(pace)))
            steps.append(.event(payload))
        }
        if isTagged {
            add(MockPayload.content("<analysis>"))
            for piece in reasoning { add(MockPayload.content(piece)) }
            add(MockPayload.content("</analysis><final>"))
        } else {
            for piece in reasoning { add(MockPayload.reasoning(piece)) }
        }
        for (index, delta) in deltas.enumerated() {
            if index == faultPosition, let step = faultStep { return MockScript(steps + [step]) }
            add(MockPayload.content(delta))
        }
        if let step = faultStep { return MockScript(steps + [step]) }
        if isTagged { add(MockPayload.content("</final>")) }
        return MockScript(
            steps + [
                .event(MockPayload.finish()), .event(MockPayload.usage(prompt: 1, completion: 1)),
                .event(MockPayload.done),
            ])
    }

    private var faultStep: MockScript.Step? {
        switch fault {
        case .cut: .cut
        case .endsEarly: .pause(.zero)
        case .errorEvent: .event(#"{"error":{"message":"it broke","code":"engine_dead"}}"#)
        case .malformed: .event(#"{"choices":[{"delta":"#)
        case .silence: .hang
        case .refusedOnce, .summaryFails, .summaryIsSlow, nil: nil
        }
    }

    /// nil: an ordinary summary.
    var summaryScript: MockScript? {
        switch fault {
        case .summaryFails: .refusal(500, "no summary today")
        case .summaryIsSlow: .silent
        default: nil
        }
    }
}

/// A small generator of numbers that a seed determines (Steele, Lea and Flood, 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
