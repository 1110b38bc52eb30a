import EventLoop
import HTTPTypes
import JSON
import Outbound
import ServerSentEvents

/// One `chat`: wakes the endpoint where asked, sends the message, and writes the stream as it comes. Confined to the
/// reactor of its multi handle.
final class ChatSession {
    private let plan: ChatPlan
    private let multi: MultiHandle
    private let screen: Screen
    private let began = MonotonicInstant.now()
    private var transcript = Transcript()
    private var outcome = ChatOutcome()
    private var firstDelta: Duration?

    /// Longest event that is taken, in bytes.
    static let eventLimit = 8 << 20

    init(plan: ChatPlan, multi: MultiHandle, screen: Screen) {
        self.plan = plan
        self.multi = multi
        self.screen = screen
    }

    /// - Throws: `OutputClosed` alone; every other failure is told to the person and is in the result.
    func run() async throws(OutputClosed) -> ClientExit {
        defer { screen.settle() }
        if let wake = plan.wake {
            try say("[info] using model: \(plan.model)")
            let runner = WakeRunner(wake: wake, multi: multi, screen: screen)
            let status = try await runner.run { (line) throws(OutputClosed) in try self.say(line) }
            guard status == .complete else { return status }
        }
        screen.await("waiting for the gateway")
        debug("POST \(plan.address.completions) model \(plan.model)")
        let transfer: Transfer
        let head: UpstreamResponseHead
        do throws(UpstreamFailure) {
            transfer = try Transfer(plan.request(), on: multi)
            head = try await headOrClose(transfer)
        } catch {
            return unreachable(error)
        }
        defer { transfer.close() }
        debug("status \(head.status), request id \(requestID(head) ?? "none")")
        guard (200..<300).contains(head.status) else { return await refused(head, transfer) }
        screen.await("summarizing the prompt")
        return try await stream(transfer)
    }

    private func headOrClose(_ transfer: Transfer) async throws(UpstreamFailure) -> UpstreamResponseHead {
        do throws(UpstreamFailure) {
            return try await transfer.responseHead()
        } catch {
            transfer.close()
            throw error
        }
    }

    // MARK: The stream

    private func stream(_ transfer: Transfer) async throws(OutputClosed) -> ClientExit {
        var decoder = EventStreamDecoder(maximumEventBytes: Self.eventLimit)
        var bytes: [UInt8] = []
        var fault: String?
        while !outcome.isDone, fault == nil {
            do throws(UpstreamFailure) {
                guard try await transfer.read(into: &bytes) else { break }
            } catch {
                fault = error.detail
                break
            }
            fault = try decode(bytes.span, &decoder)
        }
        // Of an event that the stream's end cut off, it is enough when the data is whole.
        if fault == nil, !outcome.isDone, let last = decoder.finish() { fault = try show(last, in: bytes.span) }
        screen.settle()
        debug(timings())
        return try end(fault)
    }

    /// - Returns: why the stream cannot be read any further.
    private func decode(_ bytes: Span<UInt8>, _ decoder: inout EventStreamDecoder) throws(OutputClosed) -> String? {
        var position = 0
        while !outcome.isDone {
            let event: ServerSentEvent?
            do throws(EventStreamError) {
                event = try decoder.next(bytes, &position)
            } catch {
                return "an event is longer than \(Self.eventLimit) bytes"
            }
            guard let event else { return nil }
            if let fault = try show(event, in: bytes) { return fault }
        }
        return nil
    }

    private func show(_ event: ServerSentEvent, in bytes: Span<UInt8>) throws(OutputClosed) -> String? {
        try event.withData(in: bytes) { data throws(OutputClosed) in try show(event.name, data) }
    }

    private func show(_ name: String, _ data: Span<UInt8>) throws(OutputClosed) -> String? {
        if plan.isDebug { debug("event \(name): \(text(data))") }
        let event: GatewayEvent
        do throws(JSONError) {
            event = try GatewayEvent(name: name, data: data)
        } catch {
            return "an event that is not as agreed, \(error)"
        }
        if case .outputDelta = event, firstDelta == nil { firstDelta = elapsed }
        outcome.note(event)
        try screen.write(plan.isJSON ? EventLine.render(name: name, data: data) : transcript.render(event))
        switch event {
        case .promptSummary: screen.await("the model is reasoning")
        case .reasoningSummary: screen.await("waiting for the answer")
        case .outputDelta: screen.await("receiving the answer")
        case .error(let fault) where fault.isFatal: explain(fault)
        case .promptSummaryDelta, .reasoningSummaryDelta, .outputDone, .error, .other: break
        }
        return nil
    }

    private func explain(_ fault: StreamFault) {
        if let detail = fault.detail, detail != fault.message { screen.note("[detail] \(detail)") }
        if let hint = ChatHint.fatal(fault, plan: plan) { screen.note("[hint] \(hint)") }
    }

    private func end(_ fault: String?) throws(OutputClosed) -> ClientExit {
        if !outcome.isDone {
            let reason = fault.map { ": \($0)" } ?? ""
            try say("[error] client: the stream ended without output.done\(reason)")
            if !outcome.sawGatewayEvent { screen.note("[hint] \(ChatHint.notAGateway(plan))") }
        }
        return outcome.exitStatus
    }

    // MARK: No stream

    private func unreachable(_ failure: UpstreamFailure) -> ClientExit {
        screen.settle()
        screen.note("[error] client: no answer from \(plan.address.origin): \(failure.detail)")
        screen.note("[hint] \(ChatHint.unreachable(failure, plan: plan))")
        return .unreachable
    }

    private func refused(_ head: UpstreamResponseHead, _ transfer: Transfer) async -> ClientExit {
        let body = ErrorBody((try? await transfer.readAll(limit: HTTPCall.bodyLimit)) ?? [])
        screen.settle()
        let request = requestID(head).map { " (request \($0))" } ?? ""
        screen.note("[error] gateway: HTTP \(head.status)\(body.message.map { ": \($0)" } ?? "")\(request)")
        if let hint = ChatHint.refusal(status: head.status, body: body, plan: plan) { screen.note("[hint] \(hint)") }
        return .refused
    }

    private func requestID(_ head: UpstreamResponseHead) -> String? {
        head.headerFields.first { $0.name.canonicalName == "x-request-id" }?.value
    }

    // MARK: Words

    /// A line of the transcript; where standard output holds JSON alone, a note.
    private func say(_ line: String) throws(OutputClosed) {
        if plan.isJSON { screen.note(line) } else { try screen.write(transcript.line(line)) }
    }

    private var elapsed: Duration { began.duration(to: .now()) }

    private func debug(_ text: @autoclosure () -> String) {
        if plan.isDebug { screen.note("[debug] +\(elapsed.inSeconds) \(text())") }
    }

    private func timings() -> String {
        "\(outcome.eventCount) events, first output \(firstDelta.map { "after \($0.inSeconds)" } ?? "never")"
    }

    private func text(_ bytes: Span<UInt8>) -> String {
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        return String(decoding: copy, as: UTF8.self)
    }
}
