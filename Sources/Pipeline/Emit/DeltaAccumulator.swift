internal import JSON

/// Puts the pieces of streamed JSON together again: what many deltas say of one member becomes the member of one message.
///
/// Strings are joined, objects merged, elements of arrays matched by their `index`; everything else is replaced. This
/// is how OpenAI's SDKs read a stream, with two exceptions that servers make necessary: `id`, `type` and `role` are not
/// joined when they come again, and an element whose `id` is another one begins a new element.
struct DeltaAccumulator: Sendable {
    private var root = Node(kind: .object)

    /// Bytes that were put in.
    private(set) var bytes = 0

    var isEmpty: Bool { root.keys.isEmpty }

    /// Adds members of one delta.
    /// - Parameter members: `"name":value` parted by commas. What is not JSON is left out.
    mutating func add(members: Span<UInt8>) {
        var object: [UInt8] = [UInt8(ascii: "{")]
        object.append(contentsOf: members)
        object.append(UInt8(ascii: "}"))
        add(object: object.span)
    }

    /// Adds the members of a JSON object.
    mutating func add(object: Span<UInt8>) {
        var cursor = JSONCursor()
        guard let node = try? Node.read(object, &cursor), node.kind == .object else { return }
        bytes &+= object.count
        root.merge(node, key: [])
    }

    /// Appends the members, `"name":value` parted by commas.
    func append(to output: inout [UInt8]) {
        root.appendMembers(to: &output)
    }

    /// A JSON value that can grow.
    private struct Node: Sendable {
        enum Kind { case object, array, string, other }

        var kind: Kind
        /// A string's inside, escaped; the whole of any other value that has no children.
        var text: [UInt8] = []
        /// Names of an object's members, escaped.
        var keys: [[UInt8]] = []
        var children: [Node] = []

        static func read(_ bytes: Span<UInt8>, _ cursor: inout JSONCursor) throws(JSONError) -> Node {
            switch try cursor.peekKind(bytes) {
            case .object:
                var node = Node(kind: .object)
                try cursor.enterObject(bytes)
                while let key = try cursor.nextKey(bytes) {
                    node.keys.append(copy(key.text, of: bytes))
                    node.children.append(try read(bytes, &cursor))
                }
                return node
            case .array:
                var node = Node(kind: .array)
                try cursor.enterArray(bytes)
                while try cursor.nextElement(bytes) { node.children.append(try read(bytes, &cursor)) }
                return node
            default:
                let value = try cursor.value(bytes)
                return Node(kind: value.kind == .string ? .string : .other, text: copy(value.text, of: bytes))
            }
        }

        private static func copy(_ range: Range<Int>, of bytes: Span<UInt8>) -> [UInt8] {
            var copy: [UInt8] = []
            UpstreamChoice.append(json: range, of: bytes, to: &copy)
            return copy
        }

        private func child(_ name: StaticString) -> Node? {
            let key = Array(String(describing: name).utf8)
            return keys.firstIndex(of: key).map { children[$0] }
        }

        mutating func merge(_ piece: Node, key: [UInt8]) {
            guard piece.kind == kind else {
                if piece.kind != .other || piece.text != Array("null".utf8) { self = piece }
                return
            }
            switch kind {
            case .other:
                text = piece.text
            case .string:
                if Self.replaced.contains(key) { text = piece.text } else { text += piece.text }
            case .object:
                for (name, child) in zip(piece.keys, piece.children) {
                    if let position = keys.firstIndex(of: name) {
                        children[position].merge(child, key: name)
                    } else {
                        keys.append(name)
                        children.append(child)
                    }
                }
            case .array:
                for element in piece.children {
                    if let position = match(of: element) {
                        children[position].merge(element, key: [])
                    } else {
                        children.append(element)
                    }
                }
            }
        }

        /// The element that `element` goes on with.
        private func match(of element: Node) -> Int? {
            guard element.kind == .object, let index = element.child("index")?.text else { return nil }
            guard let position = children.lastIndex(where: { $0.child("index")?.text == index }) else { return nil }
            if let id = element.child("id"), !id.text.isEmpty, let known = children[position].child("id"),
                !known.text.isEmpty, id.text != known.text
            {
                return nil
            }
            return position
        }

        func appendMembers(to output: inout [UInt8], without left: [UInt8]? = nil) {
            var comma = false
            for (key, child) in zip(keys, children) where key != left {
                if comma { output.append(",") }
                comma = true
                output.append("\"")
                output += key
                output.append("\":")
                child.append(to: &output)
            }
        }

        private func append(to output: inout [UInt8]) {
            switch kind {
            case .other:
                output += text
            case .string:
                output.append("\"")
                output += text
                output.append("\"")
            case .object:
                output.append("{")
                appendMembers(to: &output)
                output.append("}")
            case .array:
                output.append("[")
                for (number, child) in children.enumerated() {
                    if number > 0 { output.append(",") }
                    if child.kind == .object {
                        output.append("{")
                        // Only pieces of a stream are numbered.
                        child.appendMembers(to: &output, without: Array("index".utf8))
                        output.append("}")
                    } else {
                        child.append(to: &output)
                    }
                }
                output.append("]")
            }
        }

        private static let replaced: Set<[UInt8]> = [
            Array("id".utf8), Array("type".utf8), Array("role".utf8), Array("index".utf8),
        ]
    }
}
