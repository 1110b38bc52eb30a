// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "inference-gateway",
    targets: [
        .target(name: "JSON", swiftSettings: strict),
        .target(name: "ServerSentEvents", swiftSettings: strict),
        .target(name: "Pipeline", dependencies: ["JSON", "ServerSentEvents"], swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: strict),
        .testTarget(name: "ServerSentEventsTests", dependencies: ["ServerSentEvents"], swiftSettings: strict),
        .testTarget(
            name: "PipelineTests", dependencies: ["Pipeline", "JSON"], resources: [.copy("Resources")],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
