/// A glob pattern for model names, as `ALLOW_MODELS` has them: `*` stands for any run of characters, `?` for one
/// character (a Unicode scalar), everything else for itself, case-sensitive.
///
/// Matching compares scalars, so names that only look alike are different. It takes no memory, does not recurse, and at
/// worst takes the name's length times the pattern's.
public struct ModelPattern: Sendable, Hashable {
    /// The pattern as it was written.
    public let text: String

    private enum Element: Sendable, Hashable {
        case scalar(Unicode.Scalar)
        case any
        case run
    }

    private let elements: [Element]

    public init(_ text: String) {
        self.text = text
        var elements: [Element] = []
        for scalar in text.unicodeScalars {
            switch scalar {
            case "*":
                if elements.last != .run { elements.append(.run) }
            case "?": elements.append(.any)
            default: elements.append(.scalar(scalar))
            }
        }
        self.elements = elements
    }

    /// True when the pattern is a plain name.
    public var isLiteral: Bool {
        elements.allSatisfy { element in
            if case .scalar = element { true } else { false }
        }
    }

    /// True when the pattern describes the whole of `name`.
    public func matches(_ name: String) -> Bool {
        let name = name.unicodeScalars
        var position = name.startIndex
        var element = 0
        // Only the last `*` ever has to take more: what stands before it has matched as early as it can.
        var retry: (element: Int, position: String.UnicodeScalarView.Index)?
        while position < name.endIndex {
            if element < elements.count {
                switch elements[element] {
                case .run:
                    element += 1
                    if element == elements.count { return true }
                    retry = (element, position)
                    continue
                case .any:
                    element += 1
                    name.formIndex(after: &position)
                    continue
                case .scalar(let scalar) where scalar == name[position]:
                    element += 1
                    name.formIndex(after: &position)
                    continue
                case .scalar:
                    break
                }
            }
            guard var next = retry else { return false }
            name.formIndex(after: &next.position)
            retry = next
            (element, position) = next
        }
        return elements[element...].allSatisfy { $0 == .run }
    }
}

/// The models that requests may name: `ALLOW_MODELS`, `ALLOW_SUMMARY_MODELS`.
public struct ModelAllowlist: Sendable, Equatable {
    public let patterns: [ModelPattern]

    /// - Parameter patterns: glob patterns; none of them allows every model.
    public init(_ patterns: [String] = []) {
        self.patterns = patterns.map(ModelPattern.init)
    }

    public var allowsEverything: Bool { patterns.isEmpty }

    /// The patterns that are plain names, in order: a list of models where the upstream has none.
    public var literalNames: [String] { patterns.filter(\.isLiteral).map(\.text) }

    public func allows(_ model: String) -> Bool {
        patterns.isEmpty || patterns.contains { $0.matches(model) }
    }
}
