/// Streams as a gateway sends them.
enum CannedStream {
    static func event(_ name: String, _ data: String) -> String { "event: \(name)\ndata: \(data)\n\n" }

    static let promptSummary = event("summary.prompt", #"{"text":"P","request_id":"r1","source":"model"}"#)
    static let reasoningSummary = event("summary.reasoning", #"{"text":"- R","request_id":"r1","source":"model"}"#)
    static let noReasoning = event("summary.reasoning", #"{"text":"","request_id":"r1","source":"none"}"#)
    static let completed = event("output.done", #"{"request_id":"r1","status":"completed"}"#)
    static let incomplete = event("output.done", #"{"request_id":"r1","status":"incomplete"}"#)

    static func delta(_ text: String) -> String { event("output.delta", #"{"text":"\#(text)","request_id":"r1"}"#) }

    static func fault(_ stage: String, _ message: String, detail: String = "", fatal: Bool? = nil) -> String {
        let fatal = fatal.map { #","fatal":\#($0)"# } ?? ""
        return event("error", #"{"message":"\#(message)","stage":"\#(stage)","detail":"\#(detail)"\#(fatal)}"#)
    }

    static let whole = promptSummary + ": keep-alive\n\n" + reasoningSummary + delta("Hi") + delta(" there") + completed

    static let wholeTranscript = """

        === 1) Summary of the prompt ===
        P

        === 2) Summary of the model's reasoning ===
        - R

        === 3) The model's final output ===
        Hi there

        [done]

        """
}
