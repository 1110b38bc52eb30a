import Foundation

/// A self-signed certificate for this machine, and its key: PEM files for the time of one test.
final class TemporaryCertificate {
    struct Failure: Error { let diagnostics: String }

    private let directory: URL
    var certificate: String { directory.appendingPathComponent("certificate.pem").path }
    var key: String { directory.appendingPathComponent("key.pem").path }

    /// The variables with which a gateway serves HTTPS.
    var environment: [String: String] { ["TLS_CERT_FILE": certificate, "TLS_KEY_FILE": key] }

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        _ = try OpenSSL.run(
            ["req", "-x509", "-days", "2", "-keyout", key, "-out", certificate] + curve + names, input: "")
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }
}

/// The `openssl` program.
enum OpenSSL {
    /// Runs it to its end.
    /// - Returns: its standard output.
    static func run(_ arguments: [String], input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let (standardInput, output, diagnostics) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = diagnostics
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let words = diagnostics.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TemporaryCertificate.Failure(diagnostics: String(decoding: words, as: UTF8.self))
        }
        return String(decoding: answer, as: UTF8.self)
    }
}
