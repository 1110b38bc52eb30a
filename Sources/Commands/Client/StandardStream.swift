import Glibc

/// The process's standard streams, unbuffered. The one place where bytes and system calls meet in this module.
enum StandardStream {
    /// Opens those of the descriptors 0, 1 and 2 that the process was started without, so that no socket gets their
    /// number, and with it what is meant for a log. Before any other descriptor is opened.
    static func fillGaps() {
        var descriptor: Int32
        repeat {
            // The lowest free number is the one that is given (open(2)).
            descriptor = open("/dev/null", O_RDWR)
        } while descriptor >= 0 && descriptor <= STDERR_FILENO
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes all of `text`, waiting where the descriptor is full.
    static func write(_ text: String, to descriptor: Int32) throws(OutputClosed) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw OutputClosed(errno: errno)
            }
        }
    }

    /// Whether standard input is a pipe, a socket or a file, and not a terminal or `/dev/null`.
    static func inputIsPiped() -> Bool {
        var status = stat()
        guard fstat(0, &status) == 0 else { return false }
        let kind = status.st_mode & S_IFMT
        return kind == S_IFIFO || kind == S_IFREG || kind == S_IFSOCK
    }

    /// Whether standard input has bytes, or its end, within `milliseconds`.
    static func inputIsReady(within milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, milliseconds) != 0
    }

    /// The next bytes of standard input, at most `limit`; none at its end.
    static func nextInput(limit: Int = 64 << 10) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            var result = 0
            repeat {
                result = read(0, buffer.baseAddress, buffer.count)
            } while result < 0 && errno == EINTR
            count = max(0, result)
        }
    }

    /// Standard input up to its end, or to `limit` bytes.
    static func readInput(limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let part = nextInput(limit: min(64 << 10, limit &- bytes.count))
            if part.isEmpty { break }
            bytes.append(contentsOf: part)
        }
        return bytes
    }
}
