import Glibc

/// Ctrl-C at a terminal: the line of progress goes, then the process ends as by default (status 130 in a shell).
enum InterruptHandling {
    /// For a process that draws progress; without it the default is right already.
    static func clearsProgress() {
        signal(SIGINT) { number in
            let clearing: StaticString = "\r\u{1B}[K"
            clearing.withUTF8Buffer { _ = write(2, $0.baseAddress, $0.count) }
            signal(number, SIG_DFL)
            raise(number)
        }
    }
}
