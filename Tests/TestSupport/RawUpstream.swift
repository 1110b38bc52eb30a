internal import Foundation
internal import Glibc

/// An HTTP server of which every byte is the test's, and the way in which each connection ends. One request for each
/// connection, on a thread of its own.
public final class RawUpstream: Sendable {
    public enum Ending: Sendable {
        case close
        /// With a reset instead of a FIN.
        case reset
        /// Nothing more, until the client goes.
        case hang
    }

    public struct Reply: Sendable {
        public var bytes: [UInt8]
        public var ending: Ending

        public init(_ bytes: [UInt8], _ ending: Ending) {
            self.bytes = bytes
            self.ending = ending
        }
    }

    private let listener: Int32
    public let port: UInt16

    /// - Parameter reply: told the request, head and body.
    public init(_ reply: @escaping @Sendable (String) -> Reply) throws {
        let socket = try LoopbackSocket(backlog: 128)
        let listener = socket.descriptor
        self.listener = listener
        port = socket.port
        Thread {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard client >= 0 else { break }
                Thread { Self.serve(client, reply) }.start()
            }
            Glibc.close(listener)
        }.start()
    }

    /// Takes no further connections.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    public var origin: String { "http://127.0.0.1:\(port)" }

    private static func serve(_ client: Int32, _ reply: (String) -> Reply) {
        guard let request = request(from: client) else {
            Glibc.close(client)
            return
        }
        let reply = reply(request)
        var rest = reply.bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        switch reply.ending {
        case .close: break
        case .reset:
            var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        case .hang: while receive(from: client)?.isEmpty == false {}
        }
        Glibc.close(client)
    }

    private static func request(from client: Int32) -> String? {
        var bytes: [UInt8] = []
        while true {
            guard let part = receive(from: client), !part.isEmpty else { return nil }
            bytes += part
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let length = text[..<end.lowerBound].split(separator: "\r\n").compactMap { line -> Int? in
                guard line.lowercased().hasPrefix("content-length:") else { return nil }
                return Int(line.dropFirst("content-length:".count).filter(\.isNumber))
            }
            if text[end.upperBound...].utf8.count >= length.first ?? 0 { return text }
        }
    }

    private static func receive(from client: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(client, &bytes, bytes.count, 0)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }
}
