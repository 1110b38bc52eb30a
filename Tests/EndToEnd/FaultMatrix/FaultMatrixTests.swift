import Foundation
import Logging
import TestSupport
import Testing

/// Every fault in every stage, in every form of the answer, over real sockets.
@Suite("The fault matrix", .timeLimit(.minutes(10)))
struct FaultMatrixTests {
    /// Faults of one stage, with the outcome in each form.
    private struct Row {
        let stage: FaultStage
        let fault: Fault
        let attempts: Int
        let outcomes: [FaultForm: FaultOutcome]

        subscript(form: FaultForm) -> FaultOutcome? { outcomes[form] }
    }

    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Sources/Gateway/Gateway.docc/FaultMatrix.md")

    @Test("is what the documentation says; WRITE_FAULT_MATRIX=1 writes it")
    func matrix() async throws {
        let upstream = try RawUpstream { FaultCase.reply(to: $0) }
        defer { upstream.stop() }
        let nobody = try SilentPort()
        var rows: [Row] = []
        for fault in Fault.allCases {
            // One gateway for each fault, so that none spends another's budget of retries.
            var environment = [
                "UPSTREAM_BASE_URL": upstream.origin, "SUMMARY_BASE_URL": upstream.origin,
                "UPSTREAM_MAX_RETRIES": "1", "UPSTREAM_RETRY_BACKOFF": "0.001", "HEAD_HOLD": "600",
                "SUMMARY_TIMEOUT": "120", "REQUEST_TIMEOUT": "120",
            ]
            if fault == .silence {
                environment["REQUEST_TIMEOUT"] = "5"
                environment["SUMMARY_TIMEOUT"] = "5"
            }
            guard fault == .refused else {
                rows += try await Self.rows(fault, fault.stages, environment)
                continue
            }
            environment["UPSTREAM_BASE_URL"] = nobody.origin
            rows += try await Self.rows(fault, [.beforeHead], environment)
            environment["UPSTREAM_BASE_URL"] = upstream.origin
            environment["SUMMARY_BASE_URL"] = nobody.origin
            // Both summaries are refused then: each is looked at for itself, the other left out.
            environment["PROMPT_SUMMARY"] = "off"
            rows += try await Self.rows(fault, [.reasoningSummary], environment)
            environment["PROMPT_SUMMARY"] = "on"
            environment["REASONING_SUMMARY"] = "off"
            rows += try await Self.rows(fault, [.promptSummary], environment)
        }
        for row in rows { Self.check(row) }
        let text = Self.document(rows)
        if ProcessInfo.processInfo.environment["WRITE_FAULT_MATRIX"] != nil {
            try text.write(to: Self.file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: Self.file, encoding: .utf8) == text)
    }

    private static func rows(
        _ fault: Fault, _ stages: [FaultStage], _ environment: [String: String]
    ) async throws -> [Row] {
        try await Harness.run(environment) { harness in
            let cases = stages.flatMap { stage in
                FaultForm.allCases.map { FaultCase(stage: stage, fault: fault, form: $0) }
            }
            var answers: [String: TestClient.Answer] = [:]
            try await withThrowingTaskGroup(of: (String, TestClient.Answer).self) { group in
                for fault in cases {
                    group.addTask { (fault.name, try await harness.post(fault.requestBody, path: fault.form.path)) }
                }
                for try await (name, answer) in group { answers[name] = answer }
            }
            try await eventually { harness.logs.named("completion").count == cases.count }
            return try stages.map { stage in
                let ofStage = cases.filter { $0.stage == stage }
                var outcomes: [FaultForm: FaultOutcome] = [:]
                for fault in ofStage {
                    outcomes[fault.form] = try FaultOutcome(#require(answers[fault.name]), of: fault)
                }
                let attempts = Set(ofStage.map { Self.attempts(of: $0, harness.logs) })
                #expect(attempts.count == 1, "\(stage) \(fault): \(attempts)")
                return Row(stage: stage, fault: fault, attempts: attempts.first ?? 0, outcomes: outcomes)
            }
        }
    }

    private static func attempts(of fault: FaultCase, _ logs: CapturedLogs) -> Int {
        let line = logs.named("completion").first { $0.metadata["model"]?.description == fault.model }
        let id = line?.metadata["request_id"]?.description
        let stage = stageName(fault.stage) ?? "upstream"
        return 1
            + logs.named("retry").count {
                $0.metadata["request_id"]?.description == id && $0.metadata["stage"]?.description == stage
            }
    }

    private static func stageName(_ stage: FaultStage) -> String? {
        switch stage {
        case .promptSummary: "prompt_summary"
        case .reasoningSummary: "reasoning_summary"
        default: nil
        }
    }

    /// What holds for every fault.
    private static func check(_ row: Row) {
        let place: Comment = "\(row.stage.rawValue), \(row.fault.rawValue)"
        for (form, outcome) in row.outcomes {
            if row.stage.isSummary {
                #expect(outcome.httpStatus == 200 && outcome.isComplete, place)
                #expect(outcome.answerBytes == FaultCase.wholeAnswer.utf8.count, place)
            } else if outcome.isComplete {
                // Whatever is taken for whole has all that the upstream sent.
                #expect(outcome.answerBytes >= FaultCase.wholeAnswer.utf8.count, place)
            } else {
                #expect(outcome.code == row[.unified]?.code || form == .events, place)
                if form == .whole { #expect(outcome.httpStatus != 200, place) }
                let isRefused = outcome.httpStatus != 200
                if !isRefused { #expect(outcome.answerBytes == row.stage.answerSoFar.utf8.count, place) }
            }
        }
        guard let unified = row[.unified], let events = row[.events] else {
            Issue.record("no outcome")
            return
        }
        #expect(unified.isComplete == events.isComplete && unified.isComplete == row[.openai]?.isComplete, place)
        #expect(unified.detail == events.detail && unified.stage == events.stage, place)
        if !unified.isComplete {
            #expect(unified.stage == "upstream_stream" && unified.code != nil && unified.detail != nil, place)
        }
        if row.stage.isSummary, let source = unified.source, source != "model" {
            #expect(unified.stage == stageName(row.stage), place)
        }
    }

    // MARK: The document

    private static func document(_ rows: [Row]) -> String {
        var text = """
            # Faults of the upstream

            What a client gets when an upstream fails, by the place and the way. Written by the tests, which commit each fault over
            real sockets in all four forms of the answer.

            ## The answer

            Here with one retry (`UPSTREAM_MAX_RETRIES=1`): two attempts mean that a fault is retried, as long as nothing of the answer
            was used. *incomplete*: the summaries (one still in the making becomes an extract,
            after an `error` event that is not fatal), the answer as far as it came, then one `error` event of this code, whose `detail`
            begins with these words and whose `stage` is `upstream_stream`, then `output.done` with status `incomplete`. In `openai` the
            error object, then `[DONE]`; while the response head still waits for the upstream's status (`HEAD_HOLD`), an HTTP status. An answer
            without `stream` is whole or an error.

            | where | fault | attempts | `unified`, `events` | `openai` | without `stream` | `code` | `detail` |
            |---|---|---|---|---|---|---|---|

            """
        for stage in FaultStage.allCases where !stage.isSummary {
            for row in rows where row.stage == stage { text += line(row) }
        }
        text += """

            ## The summaries

            The answer is always whole, in all four forms. A failure is one `error` event that is not fatal, of this `detail`, just before
            the summary; without `stream` it is one of the `warnings`.

            | where | fault | attempts | `source` of the summary | `detail` |
            |---|---|---|---|---|

            """
        for stage in FaultStage.allCases where stage.isSummary {
            for fault in Fault.allCases {
                for row in rows where row.stage == stage && row.fault == fault { text += summaryLine(row) }
            }
        }
        return text
    }

    private static func line(_ row: Row) -> String {
        let unified = row[.unified]
        let cells = [
            row.stage.rawValue, row.fault.rawValue, String(row.attempts), unified?.words ?? "",
            row[.openai]?.words ?? "", row[.whole]?.words ?? "", unified?.code.map { "`\($0)`" } ?? "",
            unified?.detail ?? "",
        ]
        return "| " + cells.joined(separator: " | ") + " |\n"
    }

    private static func summaryLine(_ row: Row) -> String {
        let unified = row[.unified]
        let cells = [
            row.stage.rawValue, row.fault.rawValue, String(row.attempts), unified?.source.map { "`\($0)`" } ?? "",
            unified?.detail ?? "",
        ]
        return "| " + cells.joined(separator: " | ") + " |\n"
    }
}
