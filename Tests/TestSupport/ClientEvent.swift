internal import Foundation
internal import ServerSentEvents

/// One event as a client of the `unified` format reads it.
public struct ClientEvent: CustomStringConvertible, @unchecked Sendable {
    public let name: String
    /// Immutable JSON values, which is why sending it is sound.
    public let data: [String: Any]

    public var text: String? { data["text"] as? String }
    public var description: String { "\(name) \(data["text"] as? String ?? data["message"] as? String ?? "")" }

    /// The delta of the chunk that each event is at the same time.
    public var delta: [String: Any]? {
        ((data["choices"] as? [[String: Any]])?.first)?["delta"] as? [String: Any]
    }

    public static func decode(_ bytes: [UInt8]) throws -> [ClientEvent] {
        var decoder = EventStreamDecoder(maximumEventBytes: 1 << 26)
        var events: [ClientEvent] = []
        var position = 0
        while let event = try decoder.next(bytes.span, &position) {
            let data = event.withData(in: bytes.span) { span in Data(span.indices.map { span[$0] }) }
            let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            events.append(ClientEvent(name: event.name, data: object ?? [:]))
        }
        return events
    }
}

extension [ClientEvent] {
    public var names: [String] { map(\.name) }

    /// The names, with neighbouring equal ones as one.
    public var outline: [String] {
        reduce(into: []) { outline, event in
            if outline.last != event.name { outline.append(event.name) }
        }
    }

    /// The answer as a client puts it together.
    public var answer: String { filter { $0.name == "output.delta" }.compactMap(\.text).joined() }

    public func first(_ name: String) -> ClientEvent? { first { $0.name == name } }
}
