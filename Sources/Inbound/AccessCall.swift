internal import CMicroHTTPD
internal import EventLoop
import Glibc
internal import HTTPTypes

/// One call of libmicrohttpd's access handler. It comes once for the head, then for each part of the body, then once
/// with nothing more, and again whenever the connection was suspended there.
struct AccessCall {
    let daemon: InboundDaemon
    let connection: OpaquePointer
    let url: UnsafePointer<CChar>?
    let method: UnsafePointer<CChar>?
    let version: UnsafePointer<CChar>?

    func serve(
        _ data: UnsafePointer<CChar>?, _ length: UnsafeMutablePointer<Int>,
        _ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    ) -> MHD_Result {
        if daemon.isStopping { return .NO }
        guard let pointer = request.pointee else { return headComplete(request) }
        let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
        if exchange.aborted { return .NO }
        if length.pointee > 0 {
            let part = UnsafeRawBufferPointer(start: data, count: length.pointee)
            length.pointee = 0
            return bodyPart(part, exchange)
        }
        switch exchange.state {
        case .readingBody: return requestComplete(exchange)
        case .refusing(let response):
            exchange.state = .sending
            return queue(response, exchange)
        case .answered(let answer):
            exchange.state = .sending
            return queue(answer, exchange)
        case .handling, .sending, .complete: return .YES
        }
    }

    // MARK: Stages

    private func headComplete(_ request: UnsafeMutablePointer<UnsafeMutableRawPointer?>) -> MHD_Result {
        guard let client = Callbacks.client(of: connection), !client.isEnding,
            let method = method.flatMap({ HTTPRequest.Method(String(cString: $0)) }),
            let path = url.map({ RequestHead.path(ofTarget: String(cString: $0)) })
        else { return .NO }
        var shape = HeadShape(method: self.method, target: client.target, version: version)
        let fields = Callbacks.headerFields(of: connection, &shape)
        let length = fields[.contentLength].flatMap { Int($0) }
        let head = RequestHead(
            method: method, path: path, headerFields: fields, clientAddress: client.clientAddress,
            contentLength: length, hasBody: fields.contains(.contentLength) || fields.contains(.transferEncoding))
        let decision = RequestIntake.decide(
            head, isWellFormed: !shape.isBroken, isOld: version.map { strcmp($0, "HTTP/1.1") < 0 } ?? true,
            limits: daemon.limits, handler: daemon.handler)
        var endsWithClient = false
        var state = Exchange.State.readingBody
        var immediate: Response?
        switch decision {
        case .accept(let ends): endsWithClient = ends
        case .dropThenRefuse(let response): state = .refusing(response)
        case .refuseAndClose(let response):
            state = .sending
            immediate = response
        }
        let exchange = Exchange(
            head: head, client: client, reactor: daemon.reactor, endsWithClient: endsWithClient, state: state)
        request.pointee = Unmanaged.passRetained(exchange).toOpaque()
        daemon.exchangeStarted()
        client.requestStarted(exchange)
        if var immediate {
            immediate.headerFields[.connection] = "close"
            return queue(immediate, exchange)
        }
        return .YES
    }

    private func bodyPart(_ part: UnsafeRawBufferPointer, _ exchange: Exchange) -> MHD_Result {
        if case .readingBody = exchange.state, exchange.head.takesBody {
            exchange.client.inputMoved()
            if exchange.body.count &+ part.count <= daemon.limits.bodyBytes {
                exchange.body.append(contentsOf: part)
                return .YES
            }
            // libmicrohttpd takes no answer in the middle of an upload, so the rest is read first.
            exchange.body = []
            let fault = InboundFault.bodyTooLarge(limit: daemon.limits.bodyBytes)
            exchange.state = .refusing(daemon.handler.refusal(fault, to: exchange.head))
        }
        // No byte of what is dropped moves the deadline: a client that is refused holds its connection no longer for it.
        exchange.droppedBytes &+= part.count
        let limit = exchange.head.takesBody ? daemon.limits.bodyBytes : 0
        return exchange.droppedBytes <= max(RequestIntake.droppedBody, limit) ? .YES : .NO
    }

    private func requestComplete(_ exchange: Exchange) -> MHD_Result {
        let client = exchange.client
        if client.peerClosed, exchange.endsWithClient { return .NO }
        exchange.state = .handling
        client.clientWaits()
        client.suspend()
        let handler = daemon.handler
        exchange.task = Task(executorPreference: daemon.reactor) {
            await handler.handle(exchange)
            exchange.handlerReturned(orElse: handler.refusal(.unanswered, to: exchange.head))
        }
        return .YES
    }

    // MARK: Answering

    private func queue(_ answer: Exchange.Answer, _ exchange: Exchange) -> MHD_Result {
        switch answer {
        case .whole(let response):
            return queue(response, exchange)
        case .stream(let status, let fields):
            let response = pulledResponse(exchange, size: nil)
            // To HEAD the library would send the last chunk too, where the next response belongs.
            if let response, exchange.head.method == .head { _ = mhd_response_closes_unchunked(response) }
            return queue(response, status: status, fields, exchange)
        }
    }

    private func queue(_ whole: Response, _ exchange: Exchange) -> MHD_Result {
        exchange.output.isFinished = true
        var body = whole.body
        // The library does not tell how far it is with a body that it holds, and a client that takes a large one slowly
        // must be told from one that does not take it.
        if body.count > daemon.limits.connectionMemory {
            exchange.output.append { $0 = body }
            let response = pulledResponse(exchange, size: UInt64(body.count))
            return queue(response, status: whole.status, whole.headerFields, exchange)
        }
        let response = body.withUnsafeMutableBytes { bytes in
            MHD_create_response_from_buffer(bytes.count, bytes.baseAddress, .RESPMEM_MUST_COPY)
        }
        return queue(response, status: whole.status, whole.headerFields, exchange)
    }

    /// A response whose body is the exchange's output.
    /// - Parameter size: in bytes; nil when it is not known yet.
    private func pulledResponse(_ exchange: Exchange, size: UInt64?) -> OpaquePointer? {
        let context = Unmanaged.passRetained(exchange)
        let response = MHD_create_response_from_callback(
            size ?? mhd_size_unknown, daemon.limits.connectionMemory, Callbacks.reader, context.toOpaque(),
            Callbacks.release)
        if response == nil { context.release() }
        return response
    }

    private func queue(
        _ response: OpaquePointer?, status: Int, _ fields: HTTPFields, _ exchange: Exchange
    ) -> MHD_Result {
        guard let response else { return .NO }
        exchange.client.outputMoved()
        defer { MHD_destroy_response(response) }
        for field in daemon.handler.responseFields(fields, to: exchange.head) {
            // A value that could break out of its line is refused by the library; then the field is left out.
            _ = MHD_add_response_header(response, field.name.rawName, field.value)
        }
        if daemon.closesConnections { _ = MHD_add_response_header(response, "Connection", "close") }
        return MHD_queue_response(connection, UInt32(clamping: status), response)
    }
}
