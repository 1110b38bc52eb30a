import Glibc

/// A server's certificate, the chain behind it, and its private key: PEM texts at fixed addresses, as libmicrohttpd wants
/// them for as long as a daemon lives.
///
/// `@unchecked Sendable` is sound: the memory is written before `init` returns and only read until `deinit`.
public final class TLSCredentials: @unchecked Sendable {
    let certificate: UnsafeMutablePointer<CChar>?
    let key: UnsafeMutablePointer<CChar>?

    /// Whether the two belong together shows when a daemon is started with them.
    public init(certificate: String, key: String) {
        self.certificate = strdup(certificate)
        self.key = strdup(key)
    }

    deinit {
        if let key {
            // Not left in freed memory.
            explicit_bzero(key, strlen(key))
        }
        free(certificate)
        free(key)
    }
}
