import JSON
import Testing

@testable import Pipeline

@Suite struct UpstreamFaultTests {
    private struct Expected: Equatable {
        var message: String?
        var type: String?
        var code: String?
        var status: Int?
    }

    @Test(
        arguments: [
            // OpenAI, vLLM, SGLang, LiteLLM
            (
                #"{"error":{"message":"Bad","type":"server_error","param":null,"code":null}}"#, "Bad", "server_error",
                nil, nil
            ),
            (
                #"{"error":{"message":"Bad","type":"BadRequestError","param":null,"code":400}}"#, "Bad",
                "BadRequestError", "400", 400
            ),
            (#"{"error":{"message":"Bad","code":"503"}}"#, "Bad", nil, #""503""#, 503),
            (
                #"{"error":{"message":"Quota","type":"insufficient_quota","code":"insufficient_quota"}}"#, "Quota",
                "insufficient_quota", #""insufficient_quota""#, nil
            ),
            // OpenRouter in mid-stream
            (
                #"{"id":"gen","error":{"code":502,"message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#,
                "Provider disconnected", nil, "502", 502
            ),
            // Ollama; older vLLM; Mistral; FastAPI
            (#"{"error":"model not found"}"#, "model not found", nil, nil, nil),
            (
                #"{"object":"error","message":"Bad","type":"BadRequestError","param":null,"code":400}"#, "Bad",
                "BadRequestError", "400", 400
            ),
            (#"{"object":"error","message":"Bad","type":"invalid","code":1500}"#, "Bad", "invalid", "1500", nil),
            (#"{"object":"error"}"#, nil, nil, nil, nil),
            (#"{"detail":"Not Found"}"#, "Not Found", nil, nil, nil),
            (#"{"message":"Unauthorized","status":401}"#, "Unauthorized", nil, nil, 401),
            (#"{"error":{}}"#, nil, nil, nil, nil),
            (#"{"error":{"message":{"a":1},"code":99,"status":429}}"#, nil, nil, "99", 429),
            (
                #"{"error":{"message":"a\n\"b\"","code":999999999999999999999}}"#, "a\n\"b\"", nil,
                "999999999999999999999", nil
            ),
        ] as [(String, String?, String?, String?, Int?)]
    )
    func errorsInEveryShape(_ payload: String, _ message: String?, _ type: String?, _ code: String?, _ status: Int?)
        throws
    {
        let bytes = Array(payload.utf8)
        let fault = try #require(try UpstreamChunk(parsing: bytes.span).fault)
        #expect(
            Expected(
                message: fault.message?.string(in: bytes.span),
                type: fault.type?.string(in: bytes.span),
                code: fault.code.map { String(decoding: bytes[$0.range], as: UTF8.self) },
                status: fault.status
            )
                == Expected(message: message, type: type, code: code, status: status)
        )
    }

    @Test(arguments: [
        #"{"error":null,"choices":[]}"#, #"{"error":"","choices":[]}"#, #"{"error":false}"#,
        #"{"message":"x","choices":[]}"#, "{}",
        #"{"detail":[1]}"#, #"{"status":500}"#,
    ])
    func noErrorWhereThereIsNone(_ payload: String) throws {
        let bytes = Array(payload.utf8)
        #expect(try UpstreamChunk(parsing: bytes.span).fault == nil)
    }

    @Test func theRangeIsTheErrorAsItCame() throws {
        for (payload, range) in [(#"{"a":1,"error":{"b":2}}"#, 15..<22), (#"{"detail":"x"}"#, 0..<14)] {
            let bytes = Array(payload.utf8)
            #expect(try UpstreamChunk(parsing: bytes.span).fault?.range == range)
        }
    }
}
