import EventLoop
import HTTPTypes
import JSON
import Outbound
import Pipeline

/// The client of one case, and its judgement of what came.
struct SoakClient {
    enum Outcome: Sendable, Equatable {
        /// Whole, and byte by byte what the upstream sent.
        case whole
        /// Incomplete, told so, and right as far as it goes.
        case incomplete
        /// The client has left, as it was to.
        case left
        /// Refused before anything was answered, which a gateway that drains may do.
        case refused
        case wrong(String)
    }

    let port: UInt16
    let soakCase: SoakCase
    let multi: MultiHandle

    func run() async -> Outcome {
        guard case .leaves(let delay) = soakCase.reader else { return await ask() }
        let reactor = multi.reactor
        return await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await ask() }
            group.addTask {
                try? await reactor.sleep(for: .milliseconds(delay))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            for await outcome in group { if let outcome { return outcome } }
            return .left
        }
    }

    private func ask() async -> Outcome {
        let request = UpstreamRequest(
            method: .post, url: "http://127.0.0.1:\(port)\(soakCase.form.path)",
            headerFields: [.contentType: "application/json"], body: RequestBody(soakCase.body),
            silenceTimeout: .seconds(60))
        var began = false
        do throws(UpstreamFailure) {
            let transfer = try Transfer(request, on: multi)
            defer { transfer.close() }
            let head = try await transfer.responseHead()
            if head.status == 503 { return .refused }
            began = true
            return try await soakCase.form == .whole ? readWhole(transfer, head) : readStream(transfer, head)
        } catch {
            if error.kind == .cancelled { return .left }
            if !began, [.connect, .cut].contains(error.kind) { return .refused }
            return .wrong("\(error.kind.rawValue): \(error.detail)")
        }
    }

    private func readStream(
        _ transfer: Transfer, _ head: UpstreamResponseHead
    ) async throws(UpstreamFailure) -> Outcome {
        guard head.status == 200 else { return judgeRefusal(head.status) }
        var grammar = StreamGrammar(format: soakCase.form.streamFormat)
        var bytes: [UInt8] = []
        while try await transfer.read(into: &bytes) {
            grammar.read(bytes.span)
            if case .slow = soakCase.reader { try? await multi.reactor.sleep(for: .milliseconds(200)) }
        }
        let verdict = grammar.finish()
        if let violation = verdict.violations.first { return .wrong("grammar: \(violation)") }
        return judge(isComplete: verdict.isComplete, bytes: verdict.answerBytes, hash: verdict.answerHash)
    }

    private func readWhole(
        _ transfer: Transfer, _ head: UpstreamResponseHead
    ) async throws(UpstreamFailure) -> Outcome {
        let body = try await transfer.readAll(limit: 16 << 20)
        guard head.status == 200 else { return judgeRefusal(head.status) }
        guard let text = Self.answer(in: body.span) else { return .wrong("the answer cannot be read") }
        var hash = TextHash()
        hash.add(text)
        return judge(isComplete: true, bytes: text.utf8.count, hash: hash)
    }

    private func judgeRefusal(_ status: Int) -> Outcome {
        !soakCase.isWhole && [502, 504].contains(status) ? .incomplete : .wrong("HTTP status \(status)")
    }

    private func judge(isComplete: Bool, bytes: Int, hash: TextHash) -> Outcome {
        guard isComplete == soakCase.isWhole else {
            return .wrong(
                isComplete ? "a broken answer is told to be whole" : "a whole answer is told to be incomplete")
        }
        guard soakCase.answerHash(ofFirst: bytes) == hash else { return .wrong("bytes were lost, changed or moved") }
        if isComplete, bytes != soakCase.answerBytes {
            return .wrong("\(bytes) of \(soakCase.answerBytes) bytes came")
        }
        return isComplete ? .whole : .incomplete
    }

    /// `choices[0].message.content`
    private static func answer(in bytes: Span<UInt8>) -> String? {
        var text: String?
        do throws(JSONError) {
            var cursor = JSONCursor()
            try cursor.value(bytes).forEachMember(in: bytes) { key, choices in
                guard key == JSONName("choices") else { return }
                choices.forEachElement(in: bytes) { choice in
                    choice.forEachMember(in: bytes) { key, message in
                        guard key == JSONName("message") else { return }
                        message.forEachMember(in: bytes) { key, content in
                            if key == JSONName("content") { text = content.string(in: bytes) }
                        }
                    }
                }
            }
        } catch {
            return nil
        }
        return text
    }
}
