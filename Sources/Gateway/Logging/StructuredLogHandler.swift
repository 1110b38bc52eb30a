internal import Glibc
public import Logging

/// Writes structured log lines to a sink.
public struct StructuredLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level
    private let format: GatewayConfiguration.Logging.Format
    private let sink: LogSink

    public init(level: Logger.Level, format: GatewayConfiguration.Logging.Format, sink: LogSink) {
        logLevel = level
        self.format = format
        self.sink = sink
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        sink.write(Self.line(format, event.level, event.message.description, metadata))
    }

    /// The gateway's logger: standard output, in the configured format.
    /// - Throws: `SystemError` when no thread can be had.
    public static func make(_ configuration: GatewayConfiguration.Logging) throws -> (logger: Logger, sink: LogSink) {
        let format = configuration.format
        let sink = try LogSink(descriptor: STDOUT_FILENO) { count in
            line(format, .warning, "log lines dropped", ["count": .stringConvertible(count)])
        }
        let level = Logger.Level(rawValue: configuration.level) ?? .info
        let logger = Logger(label: "inference-gateway") { _ in
            StructuredLogHandler(level: level, format: format, sink: sink)
        }
        return (logger, sink)
    }

    private static func line(
        _ format: GatewayConfiguration.Logging.Format, _ level: Logger.Level, _ message: String,
        _ metadata: Logger.Metadata
    ) -> [UInt8] {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        switch format {
        case .json: return LogLine.json(time, level, message, metadata)
        case .text: return LogLine.text(time, level, message, metadata)
        }
    }
}
