internal import CMicroHTTPD
import Glibc

/// Finds what libmicrohttpd below 1.0 lets pass in a request's head: line ends that are a bare LF, folded lines, NULs, and
/// blanks where there may be one only. Others read such a head in another way, so it is refused (RFC 9112, sections 2.2
/// and 5.2; RFC 9110, section 5.5).
///
/// The library parses a head where it lies in its buffer. It puts a NUL in place of the blank behind the method and the
/// target, of the colon, and of each CR and LF that ends a line, and hands out pointers between them. So each part must
/// begin right where the one before it ended; where it does not, something else lay between them.
///
/// From 1.0 on the library refuses all this by itself (`MHD_OPTION_STRICT_FOR_CLIENT`).
struct HeadShape {
    /// Where the head begins. Compared only.
    private var start: UnsafePointer<CChar>?
    /// Where the next part must begin.
    private var expected: UnsafePointer<CChar>?
    private(set) var isBroken = false

    /// Whether the library needs this.
    private static let isNeeded = MHD_get_version().map { String(cString: $0).hasPrefix("0.") } ?? false

    /// - Parameter target: as `TargetPlace` had it when the request line was read.
    init(method: UnsafePointer<CChar>?, target: TargetPlace?, version: UnsafePointer<CChar>?) {
        guard Self.isNeeded else { return }
        guard let method, let version, let target else {
            isBroken = true
            return
        }
        isBroken = method + strlen(method) + 1 != target.start || target.start + target.length + 1 != version
        start = method
        expected = version + strlen(version) + 2
    }

    /// The next header field, in the order in which they came.
    mutating func field(
        name: UnsafePointer<CChar>?, _ nameLength: Int, value: UnsafePointer<CChar>?, _ valueLength: Int
    ) {
        guard let expected else { return }
        guard let name, let value, name == expected, value > name + nameLength else {
            isBroken = true
            return
        }
        self.expected = value + valueLength + 2
    }

    /// Something else is wrong with it.
    mutating func reject() {
        isBroken = true
    }

    /// All header fields have been given.
    /// - Parameter size: of the whole head, in bytes, as the library counts it.
    mutating func end(size: Int) {
        guard let start, let expected, !isBroken else { return }
        // The empty line is the head's last, and two bytes. Where it is not, what follows would be read behind the head.
        guard start + size == expected + 2 else {
            isBroken = true
            return
        }
        // A NUL that is the last value's last byte is not told from a line's end; the value is read without it.
        if expected[-1] != 0 || expected[0] != 0 || expected[1] != 0 { isBroken = true }
    }
}

/// Where a request's target lay before the library took it apart.
struct TargetPlace {
    /// Compared only.
    let start: UnsafePointer<CChar>
    let length: Int

    init(_ target: UnsafePointer<CChar>) {
        start = target
        length = strlen(target)
    }
}
