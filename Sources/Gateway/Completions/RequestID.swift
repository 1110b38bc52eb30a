/// The name of one request in answers, logs and towards the upstream.
enum RequestID {
    /// Longest name that is taken over from a client, in bytes.
    static let longest = 64

    /// The client's own name for its request where it is short and harmless, else a random one.
    static func choose(clients: String?) -> String {
        if let clients, isHarmless(clients) { return clients }
        var generator = SystemRandomNumberGenerator()
        return "req_" + hexadecimal(generator.next()) + hexadecimal(generator.next())
    }

    private static func isHarmless(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= longest
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
