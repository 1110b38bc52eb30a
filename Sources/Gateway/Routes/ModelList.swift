internal import JSON
internal import Pipeline

/// The models that a client may name, each as the upstream describes it: `{"id":…,"object":"model",…}`.
struct ModelList {
    /// Names, and descriptions as JSON objects.
    private(set) var models: [(name: String, json: [UInt8])] = []

    /// Reads an upstream's list and leaves out what is not allowed.
    /// - Returns: nil where it is no list.
    init?(upstream body: Span<UInt8>, allowed: ModelAllowlist) {
        do throws(JSONError) {
            var isList = false
            var cursor = JSONCursor()
            try cursor.enterObject(body)
            while let key = try cursor.nextKey(body) {
                guard key.name(in: body) == JSONName("data"), try cursor.peekKind(body) == .array else {
                    _ = try cursor.value(body)
                    continue
                }
                isList = true
                try cursor.enterArray(body)
                while try cursor.nextElement(body) {
                    add(try cursor.value(body), of: body, allowed)
                }
            }
            try cursor.end(body)
            guard isList else { return nil }
        } catch {
            return nil
        }
    }

    /// A list of names of which nothing else is known.
    init(names: [String]) {
        models = names.map { name in
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("id")
            writer.string(name)
            writer.key("object")
            writer.string("model")
            writer.key("created")
            writer.integer(0)
            writer.key("owned_by")
            writer.string("upstream")
            writer.endObject()
            return (name, writer.bytes)
        }
    }

    private mutating func add(_ value: JSONValue, of body: Span<UInt8>, _ allowed: ModelAllowlist) {
        var name: String?
        value.forEachMember(in: body) { key, member in
            if key == JSONName("id") { name = member.string(in: body) }
        }
        guard let name, allowed.allows(name) else { return }
        let json = body.extracting(value.range)
        models.append((name, json.indices.map { json[$0] }))
    }

    /// The whole list as OpenAI's API gives it.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("object")
        writer.string("list")
        writer.key("data")
        writer.beginArray()
        for model in models { writer.raw(model.json.span) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    subscript(name: String) -> [UInt8]? {
        models.first { $0.name == name }?.json
    }
}
