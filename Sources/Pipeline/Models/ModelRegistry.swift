/// What a request says of the model's reasoning.
public struct ReasoningSwitches: Sendable, Equatable {
    /// Whether reasoning is switched on or off; nil where nothing is said of it.
    public var isOn: Bool?
    /// `reasoning_effort`, in lower case.
    public var effort: String?

    public init(isOn: Bool? = nil, effort: String? = nil) {
        self.isOn = isOn
        self.effort = effort
    }

    var hasEffort: Bool { effort.map { $0 != "none" && $0 != "no_think" } ?? false }
}

/// What follows for one request from its model's name and its switches.
public struct ModelCapabilities: Sendable {
    /// Patterns of the rows from which this comes, in the order in which they were asked; none for a model nobody knows.
    public var patterns: [String] = []
    public var format = ReasoningFormat.analysisFinal
    public var startsInReasoning = false
    /// Whether our instruction may be put in front of the messages.
    public var injectsTags = true
    public var usesReasoningFields = true
    public var extraBody: [ChatRequest.ExtraMember] = []
    public var summaryBody: [ChatRequest.ExtraMember] = []
    /// Whether the markers are special tokens, which a server may strip unless told not to (`skip_special_tokens: false`).
    public var hasSpecialTokens = false
    /// The rule behind `startsInReasoning`.
    public var start = ModelRow.Start.content

    /// Whether nothing is known of the model's reasoning.
    public var isUnknown: Bool { patterns.isEmpty }
}

/// The table of models: the operator's rows, then the built-in ones.
public struct ModelRegistry: Sendable {
    private let operatorRows: [ModelRow]

    public init(operatorRows: [ModelRow] = []) {
        self.operatorRows = operatorRows
    }

    /// - Parameters:
    ///   - model: the name that the request has; what stands before its last `/` does not count.
    ///   - promptSwitch: what the last `/think` or `/no_think` in the prompt says; asked only for models that know them.
    public func capabilities(
        of model: String, switches: ReasoningSwitches = .init(), promptSwitch: () -> Bool? = { nil }
    ) -> ModelCapabilities {
        let name = model.split(separator: "/", omittingEmptySubsequences: false).last.map { $0.lowercased() } ?? ""
        // An operator's row fills in what it does not say from the built-in one.
        let matching = [operatorRows, ModelRow.builtIn].compactMap { rows in
            rows.first { $0.glob.matches(name) && (!$0.needsEffort || switches.hasEffort) }
        }
        var capabilities = ModelCapabilities()
        capabilities.patterns = matching.map(\.pattern)
        capabilities.format = matching.firstValue(\.format) ?? .analysisFinal
        // What a built-in row says of its format's start and tokens says nothing of another format's.
        let applicable = matching.filter { $0.format == nil || $0.format?.name == capabilities.format.name }
        capabilities.start =
            applicable.firstValue(\.start) ?? (capabilities.format.startsInReasoning ? .reasoning : .content)
        let promptSwitch = applicable.contains(where: \.readsPromptSwitches) ? promptSwitch() : nil
        capabilities.startsInReasoning = Self.starts(capabilities.start, switches, promptSwitch)
        capabilities.injectsTags =
            matching.firstValue(\.injectsTags) ?? (capabilities.format.name == ReasoningFormat.analysisFinal.name)
        capabilities.usesReasoningFields = matching.firstValue(\.usesReasoningFields) ?? true
        capabilities.extraBody = matching.firstValue(\.extraBody) ?? []
        capabilities.summaryBody = matching.firstValue(\.summaryBody) ?? []
        capabilities.hasSpecialTokens = applicable.contains(where: \.hasSpecialTokens)
        return capabilities
    }

    private static func starts(
        _ start: ModelRow.Start, _ switches: ReasoningSwitches, _ promptSwitch: Bool?
    ) -> Bool {
        switch start {
        case .content: false
        case .reasoning: true
        case .reasoningUnlessOff: switches.isOn ?? promptSwitch ?? true
        case .contentUnlessOn: switches.isOn ?? false
        case .reasoningWithEffort: switches.hasEffort && switches.isOn != false
        }
    }
}

extension [ModelRow] {
    fileprivate func firstValue<Value>(_ value: (ModelRow) -> Value?) -> Value? {
        for row in self {
            if let found = value(row) { return found }
        }
        return nil
    }
}
