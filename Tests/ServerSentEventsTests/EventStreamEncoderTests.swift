import ServerSentEvents
import Testing

@Suite struct EventStreamEncoderTests {
    private func encoded(_ write: (inout [UInt8]) -> Void) -> String {
        var output: [UInt8] = []
        write(&output)
        return String(decoding: output, as: UTF8.self)
    }

    @Test func eventsAndCommentsAreWritten() {
        let data = Array("{}".utf8)
        #expect(encoded { EventStreamEncoder.appendEvent(data: data.span, to: &$0) } == "data: {}\n\n")
        #expect(
            encoded { EventStreamEncoder.appendEvent(name: "output.delta", data: data.span, to: &$0) }
                == "event: output.delta\ndata: {}\n\n"
        )
        #expect(encoded { EventStreamEncoder.appendComment("keep-alive", to: &$0) } == ": keep-alive\n\n")
        let inPlace = encoded {
            EventStreamEncoder.beginEvent(name: "x", to: &$0)
            $0.append(contentsOf: data)
            EventStreamEncoder.endEvent(to: &$0)
        }
        #expect(inPlace == "event: x\ndata: {}\n\n")
    }

    @Test(arguments: ["", "a", "a\nb", "a\r\nb\rc\n\n", "\n", "\r\n", " a", "é\n"])
    func dataComesBackWithItsLineEndsAsLineFeeds(_ text: String) throws {
        var output: [UInt8] = []
        let data = Array(text.utf8)
        EventStreamEncoder.appendEvent(name: "n", data: data.span, to: &output)
        let expected = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        #expect(try decode([output]) == [ReadEvent(name: "n", data: expected)])
    }
}
