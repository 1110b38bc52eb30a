internal import CCurl

/// Every C callback of libcurl, and the glue that gives each its Swift object.
///
/// Contract. All are called by `curl_multi_socket_action`, `curl_multi_add_handle`, `curl_multi_remove_handle` or
/// `curl_easy_pause` of one multi handle, on its reactor's thread. None of them enters libcurl again. The multi
/// handle's context is an unretained `MultiHandle`, which cleans its C handle up in `deinit`; an easy handle's is an
/// unretained `Transfer`, which its multi handle retains for as long as the C handle is added.
enum CurlCallbacks {
    static func attach(_ owner: MultiHandle, to multi: UnsafeMutableRawPointer) {
        curl_multi_set_callbacks(
            multi,
            { _, descriptor, what, context, _ in
                CurlCallbacks.owner(context)?.watch(descriptor, what)
                return 0
            },
            { _, milliseconds, context in
                CurlCallbacks.owner(context)?.setTimer(milliseconds: milliseconds)
                return 0
            },
            Unmanaged.passUnretained(owner).toOpaque())
    }

    static func attach(_ transfer: Transfer, to easy: UnsafeMutableRawPointer) {
        curl_set_sinks(
            easy,
            { bytes, size, count, context in
                let length = size &* count
                if let transfer = CurlCallbacks.transfer(context) {
                    transfer.headerLine(UnsafeRawBufferPointer(start: bytes, count: length))
                }
                return length
            },
            { bytes, size, count, context in
                let length = size &* count
                guard let transfer = CurlCallbacks.transfer(context) else { return 0 }
                let taken = transfer.received(UnsafeRawBufferPointer(start: bytes, count: length))
                return taken ? length : curl_write_pause
            },
            Unmanaged.passUnretained(transfer).toOpaque())
    }

    static func transfer(of easy: UnsafeMutableRawPointer) -> Transfer? {
        transfer(curl_get_private(easy))
    }

    private static func owner(_ context: UnsafeMutableRawPointer?) -> MultiHandle? {
        context.map { Unmanaged<MultiHandle>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }
}
