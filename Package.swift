// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let collections = "swift-collections"

let package = Package(
    name: "inference-gateway",
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(
            name: "EventLoop",
            dependencies: [
                "CLinux", .product(name: "DequeModule", package: collections),
                .product(name: "HeapModule", package: collections),
            ], swiftSettings: strict),
        .target(name: "JSON", swiftSettings: strict),
        .target(name: "ServerSentEvents", swiftSettings: strict),
        .target(
            name: "Inbound",
            dependencies: [
                "CMicroHTTPD", "EventLoop", .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: strict),
        .target(
            name: "Outbound",
            dependencies: ["CCurl", "EventLoop", .product(name: "HTTPTypes", package: "swift-http-types")],
            swiftSettings: strict),
        .target(name: "Pipeline", dependencies: ["JSON", "ServerSentEvents"], swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "EventLoop", "Inbound", "JSON", "Outbound", "Pipeline", "ServerSentEvents",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .target(
            name: "MockUpstream",
            dependencies: [
                "EventLoop", "Inbound", "JSON", "ServerSentEvents",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: strict),
        .executableTarget(
            name: "Commands",
            dependencies: [
                "Gateway", .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ], swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: [
                "EventLoop", "Outbound", "ServerSentEvents",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "EndToEnd",
            dependencies: [
                "EventLoop", "Gateway", "Inbound", "MockUpstream", "Outbound", "TestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["Gateway", "Pipeline", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
        .testTarget(name: "ServerSentEventsTests", dependencies: ["ServerSentEvents"], swiftSettings: strict),
        .testTarget(
            name: "PipelineTests",
            dependencies: ["Pipeline", "JSON"],
            resources: [.copy("Resources")],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
