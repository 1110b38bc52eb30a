import Foundation
import Glibc
import Logging
import Testing

@testable import Gateway

@Suite("Structured logs")
struct LoggingTests {
    /// A pipe whose reading end is read only when asked.
    private final class Pipe {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [0, 0]
            pipe(&ends)
            (reading, writing) = (ends[0], ends[1])
        }

        deinit {
            close(reading)
        }

        /// All that comes until the writing end is closed.
        static func readToEnd(_ reading: Int32) -> String {
            var bytes: [UInt8] = []
            var part = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = read(reading, &part, part.count)
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += part[..<count]
            }
        }
    }

    private func object(_ line: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("a line is one JSON object; numbers stay numbers; reserved names stay ours")
    func jsonLine() throws {
        var time = timespec()
        time.tv_sec = 1_767_225_599
        time.tv_nsec = 7_000_000
        let line = LogLine.json(
            time, .warning, "a \"b\"\n\u{1}",
            [
                "count": .stringConvertible(3), "ratio": .stringConvertible(0.25), "flag": .stringConvertible(true),
                "level": "mine", "list": ["x", .stringConvertible(1)], "inner": ["k": "v"], "text": "é\u{2028}",
                "nan": .stringConvertible(Double.nan),
            ])
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.hasSuffix("}\n") && text.dropLast().allSatisfy { $0 != "\n" })
        let members = try object(text)
        #expect(members["timestamp"] as? String == "2025-12-31T23:59:59.007Z")
        #expect(members["level"] as? String == "warning" && members["level_"] as? String == "mine")
        #expect(members["message"] as? String == "a \"b\"\n\u{1}")
        #expect(
            members["count"] as? Int == 3 && members["ratio"] as? Double == 0.25 && members["flag"] as? Bool == true)
        #expect((members["list"] as? [Any])?.count == 2)
        #expect((members["inner"] as? [String: String])?["k"] == "v")
    }

    @Test("text quotes what could be taken for another member")
    func textLine() {
        let line = LogLine.text(timespec(), .info, "hello", ["a": "b c", "d": "e\nf=g"])
        #expect(
            String(decoding: line, as: UTF8.self) == "1970-01-01T00:00:00.000Z info hello a=\"b c\" d=\"e\\nf=g\"\n")
    }

    @Test("lines come whole and in order from many threads")
    func order() throws {
        let pipe = Pipe()
        let sink = try LogSink(descriptor: pipe.writing) { _ in [] }
        let reader = Reader(pipe)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<500 { sink.write(Array("{\"thread\":\(thread),\"number\":\(number)}\n".utf8)) }
        }
        #expect(sink.flush(within: .seconds(10)))
        sink.close()
        close(pipe.writing)
        let lines = reader.result().split(separator: "\n")
        #expect(lines.count == 2000)
        var next = [0, 0, 0, 0]
        for line in lines {
            let members = try object(line)
            let thread = try #require(members["thread"] as? Int)
            #expect(members["number"] as? Int == next[thread])
            next[thread] += 1
        }
    }

    /// Reads on a thread of its own: the test's threads may all be waiting.
    private final class Reader: @unchecked Sendable {
        private let done = DispatchSemaphore(value: 0)
        private var text = ""

        init(_ pipe: Pipe) {
            let descriptor = pipe.reading
            Thread.detachNewThread { [self] in
                text = Pipe.readToEnd(descriptor)
                done.signal()
            }
        }

        /// What came, once the writing end is closed.
        func result() -> String {
            done.wait()
            return text
        }
    }

    @Test("a reader that stalls costs lines, which are counted, and no time")
    func drops() throws {
        let pipe = Pipe()
        let sink = try LogSink(descriptor: pipe.writing) { count in Array("dropped \(count)\n".utf8) }
        let line = Array((String(repeating: "x", count: 1 << 16) + "\n").utf8)
        let sent = 3 * LogSink.bound / line.count
        for _ in 0..<sent { sink.write(line) }
        #expect(!sink.flush(within: .milliseconds(10)))
        let reader = Reader(pipe)
        #expect(sink.flush(within: .seconds(10)))
        sink.close()
        close(pipe.writing)
        let lines = reader.result().split(separator: "\n")
        let dropped = lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }.reduce(0, +)
        #expect(dropped > 0)
        #expect(lines.count { $0.hasPrefix("x") } + dropped == sent)
    }

    @Test("a reader that has gone ends the writing")
    func broken() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let sink = try LogSink(descriptor: ends[1]) { _ in [] }
        close(ends[0])
        sink.write(Array("x\n".utf8))
        #expect(!sink.flush(within: .seconds(10)))
        sink.write(Array("y\n".utf8))
        #expect(!sink.flush(within: .seconds(10)))
        close(ends[1])
    }
}
