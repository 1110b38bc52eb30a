import EventLoop

@testable import Commands

/// A console that keeps what is written to it, and tells who waits for it.
final class RecordingConsole: Sendable {
    private struct Record {
        var output = ""
        var diagnostics = ""
        var everything = ""
        var waiters: [(text: String, continuation: CheckedContinuation<Void, Never>)] = []

        func holds(_ text: String) -> Bool { output.contains(text) || diagnostics.contains(text) }

        mutating func takeReady() -> [CheckedContinuation<Void, Never>] {
            let (ready, others) = (waiters.filter { holds($0.text) }, waiters.filter { !holds($0.text) })
            waiters = others
            return ready.map(\.continuation)
        }
    }

    private let record = Locked(Record())

    /// Standard output.
    var output: String { record.withLock { $0.output } }
    /// Standard error.
    var diagnostics: String { record.withLock { $0.diagnostics } }
    /// Both, in the order in which a terminal shows them.
    var everything: String { record.withLock { $0.everything } }

    /// - Parameter outputLimit: characters that standard output takes before it is closed.
    func console(outputIsTerminal: Bool = false, diagnosticsIsTerminal: Bool = false, outputLimit: Int = .max)
        -> Console
    {
        Console(
            output: { text throws(OutputClosed) in
                if self.output.count >= outputLimit { throw OutputClosed(errno: 32) }
                self.change {
                    $0.output += text
                    $0.everything += text
                }
            },
            diagnostics: { text in
                self.change {
                    $0.diagnostics += text
                    $0.everything += text
                }
            },
            outputIsTerminal: outputIsTerminal,
            diagnosticsIsTerminal: diagnosticsIsTerminal
        )
    }

    /// Waits until `text` has been written to either stream.
    func shows(_ text: String) async {
        await withCheckedContinuation { continuation in
            self.change { $0.waiters.append((text, continuation)) }
        }
    }

    private func change(_ body: (inout Record) -> Void) {
        let ready = record.withLock { record in
            body(&record)
            return record.takeReady()
        }
        for continuation in ready { continuation.resume() }
    }
}
