// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

func module(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let package = Package(
    name: "inference-gateway",
    products: [
        .executable(name: "inference-gateway", targets: ["Commands"]),
        // For the fuzzers, which are a package of their own.
        .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        module("EventLoop", ["CLinux", deque, heap]),
        module("JSON"),
        module("ServerSentEvents"),
        module("Inbound", ["CMicroHTTPD", "EventLoop", deque, httpTypes]),
        module("Outbound", ["CCurl", "EventLoop", httpTypes]),
        module("Pipeline", ["JSON", "ServerSentEvents"]),
        module(
            "Gateway",
            [
                "EventLoop", "Inbound", "JSON", "Outbound", "Pipeline", "ServerSentEvents", httpTypes, lifecycle,
                logging,
            ]),
        module("MockUpstream", ["EventLoop", "Inbound", "JSON", "ServerSentEvents", httpTypes]),
        .executableTarget(
            name: "Commands",
            dependencies: [
                "EventLoop", "Gateway", "JSON", "MockUpstream", "Outbound", "Pipeline", "ServerSentEvents",
                argumentParser,
                httpTypes,
                lifecycle, logging, signals,
            ],
            swiftSettings: strict),

        module("TestSupport", ["EventLoop", "Outbound", "ServerSentEvents", httpTypes], path: "Tests/TestSupport"),
        module("FuzzTargets", ["JSON", "Pipeline", "ServerSentEvents"], path: "Tests/FuzzTargets"),
        tests("FuzzTests", ["FuzzTargets", "TestSupport"], resources: [.copy("Corpus")]),
        tests("EventLoopTests", ["EventLoop", "TestSupport"]),
        tests("InboundTests", ["EventLoop", "Inbound", "TestSupport", httpTypes]),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("ServerSentEventsTests", ["ServerSentEvents", "TestSupport"]),
        tests("OutboundTests", ["EventLoop", "Inbound", "Outbound", "TestSupport", httpTypes]),
        tests("PipelineTests", ["JSON", "Pipeline", "TestSupport"], resources: [.copy("Resources")]),
        tests("GatewayTests", ["Gateway", "Pipeline", httpTypes, logging]),
        tests(
            "CommandsTests",
            [
                "Commands", "EventLoop", "Gateway", "Inbound", "JSON", "Outbound", "Pipeline", "TestSupport",
                argumentParser, httpTypes,
            ]),
        tests(
            "EndToEnd",
            [
                "EventLoop", "Gateway", "Inbound", "MockUpstream", "Outbound", "Pipeline", "TestSupport", httpTypes,
                logging,
            ]),
        // Runs the executable, which is why that has to be built with it.
        tests("ProcessTests", ["Commands", "MockUpstream", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
