import ArgumentParser
import JSON
import Testing

@testable import Commands

@Suite("What a chat will do")
struct ChatPlanTests {
    static let empty = ClientEnvironment()

    @Test("without options: this machine's gateway, the reference's model, a question")
    func defaults() throws {
        let plan = try ChatPlan(ChatPlan.Options(), environment: Self.empty)
        #expect(plan.address.completions == "http://localhost:8000/v1/chat/completions")
        #expect(plan.model == "meta-llama-3.1-8b-instruct")
        #expect(plan.message == ChatPlan.defaultMessage)
        #expect(plan.apiKey == nil)
        #expect(plan.wake == nil)
    }

    static let models: [(option: String?, endpointOption: String?, variable: String?, model: String)] = [
        (nil, nil, nil, "meta-llama-3.1-8b-instruct"),
        (nil, nil, "ep-env", "ep-env"),
        (nil, nil, " ", "meta-llama-3.1-8b-instruct"),
        (nil, "ep-option", "ep-env", "ep-option"),
        ("m", "ep-option", "ep-env", "m"),
        ("m", nil, nil, "m"),
    ]

    @Test("the model is --model, then the endpoint, then the default", arguments: models)
    func model(_ row: (option: String?, endpointOption: String?, variable: String?, model: String)) throws {
        let options = ChatPlan.Options(model: row.option, endpointID: row.endpointOption)
        let environment = ClientEnvironment(row.variable.map { [.friendliEndpointID: $0] } ?? [:])
        #expect(try ChatPlan(options, environment: environment).model == row.model)
    }

    static let messages: [(option: String?, piped: String?, message: String)] = [
        ("a", "b", "a"),
        (nil, "b", "b"),
        (nil, "", ChatPlan.defaultMessage),
        (nil, " \n", ChatPlan.defaultMessage),
        (nil, nil, ChatPlan.defaultMessage),
    ]

    @Test("the message is --message, then standard input, then a question", arguments: messages)
    func message(_ row: (option: String?, piped: String?, message: String)) throws {
        let options = ChatPlan.Options(message: row.option)
        #expect(try ChatPlan(options, environment: Self.empty, piped: row.piped).message == row.message)
        #expect(ChatPlan.readsInput(options) == (row.option == nil))
    }

    @Test("variables give the gateway and its key")
    func variables() throws {
        let environment = ClientEnvironment([.gatewayURL: "https://gw.example/v1", .gatewayAPIKey: " key\n"])
        let plan = try ChatPlan(ChatPlan.Options(), environment: environment)
        #expect(plan.address.completions == "https://gw.example/v1/chat/completions")
        #expect(plan.apiKey == "key")
        let other = try ChatPlan(ChatPlan.Options(url: "http://other:1"), environment: environment)
        #expect(other.address.origin == "http://other:1")
    }

    static let wakes: [(model: String?, endpoint: String?, wakes: String?)] = [
        ("m", "ep", "ep"), (nil, "ep", "ep"), ("m", nil, "m"), (nil, nil, nil),
    ]

    @Test("--wake wakes the endpoint, or what --model names", arguments: wakes)
    func wake(_ row: (model: String?, endpoint: String?, wakes: String?)) throws {
        var options = ChatPlan.Options(model: row.model, endpointID: row.endpoint)
        options.wakes = true
        options.wakeTimeout = 1.5
        let environment = ClientEnvironment([.upstreamAPIKey: "t", .friendliAPIBase: "http://f:1/"])
        let wake = try #require(try ChatPlan(options, environment: environment).wake)
        #expect(wake.endpointID == row.wakes)
        #expect(wake.token == "t")
        #expect(wake.apiBase.appending("/x") == "http://f:1/x")
        #expect(wake.timeout == .milliseconds(1500))
        #expect(wake.interval == .seconds(5))
    }

    static let wrong: [(ChatPlan.Options, [ClientEnvironment.Variable: String], ClientExit, String)] = [
        (ChatPlan.Options(url: "ftp://x"), [:], .usage, "--url"),
        (ChatPlan.Options(url: ""), [:], .usage, "--url"),
        (ChatPlan.Options(), [.gatewayURL: "http://"], .configuration, "GATEWAY_URL"),
        (ChatPlan.Options(wakes: true), [.friendliAPIBase: "x://y"], .configuration, "FRIENDLI_API_BASE"),
        (ChatPlan.Options(model: ""), [:], .usage, "--model"),
        (ChatPlan.Options(message: " "), [:], .usage, "--message"),
        (ChatPlan.Options(summaryModel: ""), [:], .usage, "--summary-model"),
        (ChatPlan.Options(endpointID: ""), [:], .usage, "--friendli-endpoint-id"),
        (ChatPlan.Options(wakeTimeout: -1), [:], .usage, "--wake-timeout"),
        (ChatPlan.Options(wakeTimeout: .nan), [:], .usage, "--wake-timeout"),
        (ChatPlan.Options(wakeInterval: 0), [:], .usage, "--wake-interval"),
        (ChatPlan.Options(wakeInterval: .infinity), [:], .usage, "--wake-interval"),
    ]

    @Test("a wrong value is named", arguments: wrong)
    func refusals(
        _ options: ChatPlan.Options,
        _ variables: [ClientEnvironment.Variable: String],
        _ status: ClientExit,
        _ name: String
    ) {
        let error = #expect(throws: ChatPlanError.self) {
            try ChatPlan(options, environment: ClientEnvironment(variables))
        }
        #expect(error?.description.contains(name) == true)
        #expect(error?.exitStatus == status)
    }

    @Test("the body asks for a stream, whatever is in the message")
    func body() throws {
        let options = ChatPlan.Options(model: "m\"", message: "a\n\"b\" \u{1F600}", summaryModel: "s")
        let body = try ChatPlan(options, environment: Self.empty).body()
        _ = try JSONCursor.document(body.span)
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"model":"m\"","messages":[{"role":"user","content":"a\n\"b\" 😀"}],"stream":true,"summary_model":"s"}"#
        )
    }

    @Test("the command line is read")
    func parsing() throws {
        let chat = try Chat.parse([
            "--url", "u", "--model", "m", "--message", "t", "--summary-model", "s", "--wake",
            "--friendli-endpoint-id", "e", "--wake-timeout", "1", "--wake-interval", "0.5", "--debug", "--json",
        ])
        #expect(chat.url == "u" && chat.model == "m" && chat.message == "t" && chat.summaryModel == "s")
        #expect(chat.wake && chat.debug && chat.json)
        #expect(chat.endpointID == "e" && chat.wakeTimeout == 1 && chat.wakeInterval == 0.5)
        #expect(try Health.parse(["--upstream", "--url", "u"]).upstream)
        #expect(try CheckDedicated.parse(["--friendli-endpoint-id", "e"]).endpointID == "e")
        #expect(throws: (any Error).self) { try Chat.parse(["--wake-timeout", "soon"]) }
    }

    @Test("the help tells the exit status", arguments: ["0", "1", "2", "64", "69", "74", "75", "78", "130"])
    func help(_ status: String) {
        #expect(Chat.helpMessage().contains("\n  \(status) "))
    }
}
