import ArgumentParser

/// How a client command ends, for scripts. Numbers from sysexits(3) where it has one.
enum ClientExit: Int32, Sendable {
    case complete = 0
    /// An incomplete answer, a fatal `error` event, an endpoint that cannot serve, a gateway that is not healthy.
    case incomplete = 1
    /// An HTTP status other than 2xx instead of a stream.
    case refused = 2
    /// `EX_USAGE`: the command line is wrong; the argument parser's own number.
    case usage = 64
    /// `EX_UNAVAILABLE`: no connection, or no answer on it.
    case unreachable = 69
    /// `EX_IOERR`: standard output takes nothing more.
    case outputClosed = 74
    /// `EX_TEMPFAIL`
    case wakeTimedOut = 75
    /// `EX_CONFIG`: a variable is missing or wrong.
    case configuration = 78

    /// Ends the command with this status. Returns only on success.
    func leave() throws(ExitCode) {
        if self != .complete { throw ExitCode(rawValue) }
    }
}
