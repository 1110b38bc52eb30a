internal import CMicroHTTPD
internal import HTTPTypes

/// Every C callback of libmicrohttpd, and the glue that gives each its Swift object.
///
/// Contract. All are called by `MHD_run` (or `MHD_stop_daemon`) of one daemon, on its reactor's thread, never
/// concurrently. Three objects travel as pointers:
/// - the daemon's `context`: an unretained `InboundDaemon`, which outlives its C daemon because `stop` ends that first;
/// - a connection's socket context: a retained `ClientConnection`, from STARTED to CLOSED;
/// - a request's `con_cls`, and a stream's reader context: a retained `Exchange`, until the request's completion and
///   the response's release.
enum Callbacks {
    static func start(_ daemon: InboundDaemon, listenSocket: Int32) -> OpaquePointer? {
        mhd_start_external_epoll(
            listenSocket, Unmanaged.passUnretained(daemon).toOpaque(),
            { context, _, _ in Callbacks.daemon(context)?.admitsConnection() ?? false ? .YES : .NO },
            { context, connection, url, method, version, data, length, request in
                guard let daemon = Callbacks.daemon(context), let connection, let length, let request else {
                    return .NO
                }
                let call = AccessCall(
                    daemon: daemon, connection: connection, url: url, method: method, version: version)
                return call.serve(data, length, request)
            },
            { context, _, request, termination in
                guard let daemon = Callbacks.daemon(context), let pointer = request?.pointee else { return }
                request?.pointee = nil
                let exchange = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
                exchange.completed(normally: termination == .REQUEST_TERMINATED_COMPLETED_OK)
                exchange.client.requestCompleted()
                daemon.exchangeEnded(on: exchange.client)
            },
            { context, connection, socketContext, notification in
                guard let daemon = Callbacks.daemon(context), let connection, let socketContext else { return }
                if notification == .CONNECTION_NOTIFY_STARTED {
                    let client = ClientConnection(handle: connection, daemon: daemon)
                    socketContext.pointee = Unmanaged.passRetained(client).toOpaque()
                    daemon.opened(client)
                } else if let pointer = socketContext.pointee {
                    socketContext.pointee = nil
                    daemon.closed(Unmanaged<ClientConnection>.fromOpaque(pointer).takeRetainedValue())
                }
            },
            { _, target, connection in
                if let connection {
                    Callbacks.client(of: connection)?.requestLineSeen(target.map { TargetPlace($0) })
                }
                return nil
            },
            // Our own policy refuses connections; the library's limit would leave them waiting in the backlog.
            UInt32.max / 2, daemon.limits.connectionMemory, daemon.credentials?.certificate, daemon.credentials?.key)
    }

    /// The daemon that something is called back for.
    static func daemon(_ context: UnsafeMutableRawPointer?) -> InboundDaemon? {
        guard let context else { return nil }
        let daemon = Unmanaged<InboundDaemon>.fromOpaque(context).takeUnretainedValue()
        daemon.moved()
        return daemon
    }

    static func client(of connection: OpaquePointer) -> ClientConnection? {
        mhd_connection_context(connection).map { Unmanaged<ClientConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The request's header fields as they came. Those that HTTP does not allow are left out, and break the shape.
    static func headerFields(of connection: OpaquePointer, _ shape: inout HeadShape) -> HTTPFields {
        var collected = (fields: HTTPFields(), shape: shape, isBroken: false)
        withUnsafeMutablePointer(to: &collected) { pointer in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { context, _, name, nameLength, value, valueLength in
                    guard
                        let collected = context?.assumingMemoryBound(
                            to: (fields: HTTPFields, shape: HeadShape, isBroken: Bool).self)
                    else { return .NO }
                    collected.pointee.shape.field(name: name, nameLength, value: value, valueLength)
                    guard let field = Callbacks.field(name, nameLength, value, valueLength) else {
                        collected.pointee.isBroken = true
                        return .YES
                    }
                    collected.pointee.fields.append(field)
                    return .YES
                }, pointer)
        }
        collected.shape.end(size: mhd_connection_head_size(connection))
        if collected.isBroken { collected.shape.reject() }
        shape = collected.shape
        return collected.fields
    }

    /// - Returns: nil for a name that is no token, a value with control characters (RFC 9110, section 5), and framing that
    ///   the library would read in another way.
    private static func field(
        _ name: UnsafePointer<CChar>?, _ nameLength: Int, _ value: UnsafePointer<CChar>?, _ valueLength: Int
    ) -> HTTPField? {
        let bytes = UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueLength)
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }
        guard isPlain, let name = HTTPField.Name(text(name, nameLength)) else { return nil }
        let field = HTTPField(name: name, value: text(value, valueLength))
        // The library takes the blanks behind a value for a part of it, and "chunked " for no coding that it knows.
        if name == .transferEncoding || name == .contentLength, field.value.utf8.count != valueLength { return nil }
        return field
    }

    private static func text(_ bytes: UnsafePointer<CChar>?, _ length: Int) -> String {
        let buffer = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : length)
        return String(decoding: buffer, as: UTF8.self)
    }

    /// Fills libmicrohttpd's buffer from the exchange's output; suspends the connection when there is none.
    static let reader: MHD_ContentReaderCallback = { context, _, buffer, capacity in
        guard let context, let buffer else { return mhd_end_with_error }
        let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
        exchange.client.daemon.moved()
        if exchange.aborted { return mhd_end_with_error }
        let count = exchange.output.take(into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
        if count > 0 {
            exchange.client.outputMoved()
            exchange.outputTaken()
            return count
        }
        if exchange.output.isFinished { return mhd_end_of_stream }
        exchange.client.outputEmpty()
        return 0
    }

    static let release: MHD_ContentReaderFreeCallback = { context in
        if let context { Unmanaged<Exchange>.fromOpaque(context).release() }
    }
}
