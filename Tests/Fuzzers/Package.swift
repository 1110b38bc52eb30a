// swift-tools-version: 6.2
import PackageDescription

// Built by `make fuzz` alone, because libFuzzer brings a main function of its own.
let package = Package(
    name: "fuzzers",
    dependencies: [.package(name: "inference-gateway", path: "../..")],
    targets: [
        .executableTarget(
            name: "Fuzzer",
            dependencies: [.product(name: "FuzzTargets", package: "inference-gateway")],
            swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ]
)
