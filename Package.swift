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
    products: [
        .executable(name: "inference-gateway", targets: ["Commands"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
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
        .executableTarget(
            name: "Commands",
            dependencies: [
                "EventLoop", "JSON", "Outbound", "ServerSentEvents",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: strict),
        .testTarget(name: "EventLoopTests", dependencies: ["EventLoop"], swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
        .testTarget(name: "ServerSentEventsTests", dependencies: ["ServerSentEvents"], swiftSettings: strict),
        .testTarget(name: "PipelineTests", dependencies: ["Pipeline", "JSON"], swiftSettings: strict),
        .testTarget(
            name: "CommandsTests",
            dependencies: [
                "Commands", "EventLoop", "Inbound", "JSON", "Outbound",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
