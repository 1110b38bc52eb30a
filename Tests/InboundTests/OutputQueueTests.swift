import TestSupport
import Testing

@testable import Inbound

@Suite("Output that waits for a client")
struct OutputQueueTests {
    /// Takes up to `count` bytes.
    private func take(_ count: Int, from queue: inout OutputQueue) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            length = queue.take(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    @Test("comes out in order, whatever the sizes in which it goes in and out", arguments: 1...5)
    func order(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = OutputQueue()
        var written: [UInt8] = []
        var read: [UInt8] = []
        for round in 0..<300 {
            if Bool.random(using: &random) {
                let count = Int.random(in: 0...(Bool.random(using: &random) ? 100 : 50_000), using: &random)
                let part = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: count)
                queue.append { $0 += part }
                written += part
            } else {
                let wanted = Int.random(in: 1...40_000, using: &random)
                let available = queue.count
                let bytes = take(wanted, from: &queue)
                #expect(bytes.count == min(wanted, available))
                read += bytes
            }
            #expect(queue.count == written.count - read.count)
        }
        read += take(queue.count, from: &queue)
        #expect(read == written)
    }

    @Test("gives nothing where nothing waits")
    func empty() {
        var queue = OutputQueue()
        #expect(take(10, from: &queue).isEmpty)
        queue.append { _ in }
        #expect(queue.count == 0 && take(10, from: &queue).isEmpty)
        queue.append { $0 += [1, 2, 3] }
        #expect(take(2, from: &queue) == [1, 2])
        queue.append { $0 += [4] }
        #expect(take(10, from: &queue) == [3, 4])
        #expect(queue.count == 0)
    }
}
