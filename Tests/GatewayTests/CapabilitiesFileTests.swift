import Foundation
import Pipeline
import Testing

@testable import Gateway

@Suite("A file of models' capabilities")
struct CapabilitiesFileTests {
    private func mistakes(_ path: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try GatewayConfiguration(environment: ["MODEL_CAPABILITIES_FILE": path])
            return []
        } catch {
            return error.lines
        }
    }

    private func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("capabilities-\(UUID()).json").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test("comes before the built-in table")
    func rows() throws {
        try withFile(#"{"models":[{"pattern":"mine*","format":"mistral"}]}"#) { path in
            let configuration = try GatewayConfiguration(environment: ["MODEL_CAPABILITIES_FILE": path])
            #expect(configuration.streams.models.capabilities(of: "org/Mine-1").format.name == "mistral")
            #expect(configuration.streams.models.capabilities(of: "qwq-32b").format.name == "think-prefilled")
        }
    }

    @Test("stops the start with a line for each mistake, which names variable, file and path in it")
    func mistakes() throws {
        try withFile(#"{"models":[{"pattern":"a","format":"x"},{"patern":"b"}]}"#) { path in
            let lines = mistakes(path)
            #expect(lines.count == 3)
            #expect(lines.allSatisfy { $0.hasPrefix("MODEL_CAPABILITIES_FILE: \"\(path)\": $.models[") })
        }
    }

    @Test("is not passed over in silence where it cannot be read, or is too large")
    func unreadable() throws {
        #expect(mistakes("/nowhere/at/all").count == 1)
        let folder = FileManager.default.temporaryDirectory.path
        #expect(mistakes(folder) == ["MODEL_CAPABILITIES_FILE: \"\(folder)\": cannot be read"])
        let large = #"{"models":[]}"# + String(repeating: " ", count: 1 << 20)
        try withFile(large) { path in
            #expect(mistakes(path).first?.hasSuffix("is larger than 1048576 bytes") == true)
        }
    }
}
