// SPDX-License-Identifier: Apache-2.0
import Core
import JSON
import Providers
import SwiftExtensions
import Testing

@testable import Gateway

@Suite struct SandboxTests {
    private func call(_ text: String, upstream: String = "echo") throws -> UpstreamCall {
        UpstreamCall(
            request: try chat(text), model: model(upstream, provider: "sandbox", kind: .sandbox), traceParent: "")
    }

    private func ask(_ content: String, _ fields: String = "", model: String = "sandbox/echo") throws -> String {
        let message = JSONValue.object([JSONMember("role", "user"), JSONMember("content", .string(content))])
        return #"{"model":"\#(model)","messages":[\#(message)]\#(fields.isEmpty ? "" : ",")\#(fields)}"#
    }

    private func answer(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: SandboxAnswer(try chat(text), model: "sandbox/echo").completion)
    }

    /// The chunks of a stream, without `[DONE]`, which must stand at its end.
    private func chunks(_ text: String) throws -> [JSONValue] {
        var events = SandboxAnswer(try chat(text), model: "sandbox/echo").events.map(\.text)
        #expect(events.popLast() == "data: [DONE]\n\n")
        return try events.map { event in
            #expect(event.hasPrefix("data: ") && event.hasSuffix("\n\n"))
            return try JSONValue(parsing: Array(event.dropFirst(6).utf8))
        }
    }

    @Test("the answer has the shape that OpenAI's clients read")
    func shape() throws {
        let answer = try answer(try ask("hello"))
        #expect(answer["id"]?.string?.hasPrefix("chatcmpl-") == true)
        #expect(answer["object"]?.string == "chat.completion")
        #expect((answer["created"]?.integer ?? 0) > 1_700_000_000)
        #expect(answer["model"]?.string == "sandbox/echo")
        let choice = try #require(answer["choices"]?[0])
        #expect(choice["index"]?.integer == 0)
        #expect(choice["finish_reason"]?.string == "stop")
        #expect(choice["logprobs"] == JSONValue.null)
        #expect(choice["message"]?["role"]?.string == "assistant")
        #expect(choice["message"]?["refusal"] == JSONValue.null)
        #expect(choice["message"]?["tool_calls"] == nil)
        let content = try #require(choice["message"]?["content"]?.string)
        #expect(content.contains("hello"))
        #expect(content.contains("sandbox"), "it says what it is")
        let usage = try #require(answer["usage"])
        let (input, output) = (usage["prompt_tokens"]?.integer ?? 0, usage["completion_tokens"]?.integer ?? 0)
        #expect(input > 0 && output > 0)
        #expect(usage["total_tokens"]?.integer == input + output)
    }

    @Test("the same question has the same answer")
    func deterministic() throws {
        let texts = try (0..<2).map { _ in try answer(try ask("hello"))["choices"]?[0]?["message"]?["content"]?.string }
        #expect(texts[0] == texts[1])
    }

    @Test("n answers are n choices, all counted")
    func several() throws {
        let one = try answer(try ask("hello"))
        let three = try answer(try ask("hello", #""n":3"#))
        #expect(three["choices"]?.elements?.compactMap { $0["index"]?.integer } == [0, 1, 2])
        let tokens = try #require(one["usage"]?["completion_tokens"]?.integer)
        #expect(three["usage"]?["completion_tokens"]?.integer == 3 * tokens)
        let streamed = try chunks(try ask("hello", #""n":3"#))
        #expect(
            Set(streamed.flatMap { $0["choices"]?.elements ?? [] }.compactMap { $0["index"]?.integer }) == [0, 1, 2])
    }

    @Test("a stop ends the text before it, be it one or several")
    func stops() throws {
        func content(_ fields: String) throws -> String? {
            try answer(try ask("one two three", fields))["choices"]?[0]?["message"]?["content"]?.string
        }
        #expect(try content(#""stop":"two""#)?.hasSuffix("one ") == true)
        #expect(try content(#""stop":["three","two"]"#)?.hasSuffix("one ") == true)
        #expect(try content(#""stop":"nowhere""#)?.hasSuffix("three") == true)
        for harmless in [#""stop":"""#, #""stop":[]"#, #""stop":null"#, #""stop":7"#, #""stop":["",1]"#] {
            #expect(try content(harmless)?.hasSuffix("three") == true)
        }
    }

    @Test(
        "a bound on tokens ends the text with reason length, in whole characters",
        arguments: [1, 2, 3, 5, 8, 9, 10, 11, 12])
    func length(limit: Int64) throws {
        let said = String(repeating: "é😀字", count: 20)
        for field in ["max_tokens", "max_completion_tokens"] {
            let answer = try answer(try ask(said, "\"\(field)\":\(limit)"))
            let choice = try #require(answer["choices"]?[0])
            #expect(choice["finish_reason"]?.string == "length")
            let content = try #require(choice["message"]?["content"]?.string)
            #expect(!content.contains("\u{fffd}"))
            #expect(
                try self.answer(try ask(said))["choices"]?[0]?["message"]?["content"]?.string?.hasPrefix(content)
                    == true)
            #expect((answer["usage"]?["completion_tokens"]?.integer ?? .max) <= limit)
        }
        #expect(try answer(try ask("hi", #""max_tokens":1000"#))["choices"]?[0]?["finish_reason"]?.string == "stop")
    }

    @Test("a tool that is insisted on is called, with arguments that are JSON and content that is null")
    func tools() throws {
        let tools =
            #""tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]"#
        for (choice, name) in [(#""required""#, "f"), (#"{"type":"function","function":{"name":"g"}}"#, "g")] {
            let answer = try answer(try ask("he\"llo", "\(tools),\"tool_choice\":\(choice)"))
            let message = try #require(answer["choices"]?[0]?["message"])
            #expect(answer["choices"]?[0]?["finish_reason"]?.string == "tool_calls")
            #expect(message["content"] == JSONValue.null)
            let call = try #require(message["tool_calls"]?[0])
            #expect(call["id"]?.string?.isEmpty == false)
            #expect(call["type"]?.string == "function")
            #expect(call["function"]?["name"]?.string == name)
            let arguments = try #require(call["function"]?["arguments"]?.string)
            #expect(try JSONValue(parsing: Array(arguments.utf8)).members != nil)
        }
        for choice in [#""auto""#, #""none""#, "null"] {
            let answer = try answer(try ask("hello", "\(tools),\"tool_choice\":\(choice)"))
            #expect(answer["choices"]?[0]?["message"]?["tool_calls"] == nil)
        }
    }

    @Test("a tool call streams its name first and its arguments in pieces")
    func toolStream() throws {
        let fields = #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#
        let deltas = try chunks(try ask("one two", fields)).compactMap { $0["choices"]?[0]?["delta"] }
        let calls = deltas.compactMap { $0["tool_calls"]?[0] }
        #expect(calls.first?["function"]?["name"]?.string == "f")
        #expect(calls.first?["id"]?.string != nil)
        #expect(calls.dropFirst().allSatisfy { $0["id"] == nil && $0["function"]?["name"] == nil })
        #expect(calls.allSatisfy { $0["index"]?.integer == 0 })
        let arguments = calls.compactMap { $0["function"]?["arguments"]?.string }.joined()
        #expect(try JSONValue(parsing: Array(arguments.utf8)).members != nil)
    }

    @Test("where JSON is asked for the content is JSON", arguments: ["json_object", "json_schema"])
    func format(type: String) throws {
        let answer = try answer(try ask("a\"b", #""response_format":{"type":"\#(type)"}"#))
        let content = try #require(answer["choices"]?[0]?["message"]?["content"]?.string)
        #expect(try JSONValue(parsing: Array(content.utf8)).members != nil)
        let plain = try self.answer(try ask("hi", #""response_format":{"type":"text"}"#))
        #expect(plain["choices"]?[0]?["message"]?["content"]?.string?.hasPrefix("{") == false)
    }

    @Test("log probabilities cover the text, with its bytes")
    func logprobs() throws {
        let answer = try answer(try ask("hé 😀", #""logprobs":true"#))
        let tokens = try #require(answer["choices"]?[0]?["logprobs"]?["content"]?.elements)
        let content = answer["choices"]?[0]?["message"]?["content"]?.string
        #expect(tokens.compactMap { $0["token"]?.string }.joined() == content)
        for token in tokens {
            #expect(token["bytes"]?.elements?.compactMap(\.integer) == token["token"]?.string?.utf8.map(Int64.init))
            #expect(token["logprob"]?.double != nil)
            #expect(token["top_logprobs"]?.elements != nil)
        }
    }

    @Test("a stream begins with the role, ends with the reason, then the usage, and gives the same text")
    func stream() throws {
        let text = try ask("one two  three\nfour")
        let chunks = try chunks(text)
        #expect(Set(chunks.map { $0["id"]?.string }).count == 1)
        #expect(Set(chunks.map { $0["created"]?.integer }).count == 1)
        #expect(chunks.allSatisfy { $0["object"]?.string == "chat.completion.chunk" })
        let choices = chunks.dropLast().compactMap { $0["choices"]?[0] }
        #expect(choices.first?["delta"]?["role"]?.string == "assistant")
        #expect(choices.first?["delta"]?["content"]?.string == "")
        #expect(choices.dropLast().allSatisfy { $0["finish_reason"] == JSONValue.null })
        #expect(choices.last?["finish_reason"]?.string == "stop")
        #expect(choices.last?["delta"]?.members?.isEmpty == true)
        #expect(chunks.dropLast().allSatisfy { $0["usage"] == JSONValue.null })
        #expect(chunks.last?["choices"]?.elements == [])
        let whole = try answer(text)
        #expect(chunks.last?["usage"] == whole["usage"])
        #expect(
            choices.compactMap { $0["delta"]?["content"]?.string }.joined()
                == whole["choices"]?[0]?["message"]?["content"]?.string)
    }

    @Test("content may come in parts, and may be missing")
    func parts() throws {
        func content(_ messages: String) throws -> String? {
            try answer(#"{"model":"sandbox/echo","messages":[\#(messages)]}"#)["choices"]?[0]?["message"]?["content"]?
                .string
        }
        let parts =
            #"{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"type":"text","text":"b"}]}"#
        #expect(try content(parts)?.hasSuffix("a b") == true)
        for odd in ["{}", #"{"content":null}"#, #"{"content":7}"#, "1", "null", #"{"content":[1,null,"x"]}"#] {
            #expect(try content(odd) != nil)
        }
    }

    @Test(
        "flaky fails the share that is asked for, and a retry gets through",
        arguments: [("0.5", 10), ("0.25", 5), ("1", 20), ("0", 0), ("nan", 0), ("7", 20), ("-1", 0)])
    func flaky(rate: String, failures: Int) async throws {
        let sandbox = SandboxProvider()
        let call = try call(try ask("hi", model: "sandbox/flaky?rate=\(rate)"), upstream: "flaky")
        var failed = 0
        for _ in 0..<20 {
            do { _ = try await sandbox.complete(call) } catch {
                failed += 1
                #expect(error.error.status == 502)
            }
        }
        #expect(failed == failures)
    }

    @Test("slow waits as long as it is told, and stops when its caller does")
    func slow() async throws {
        let sandbox = SandboxProvider()
        let started = ContinuousClock.now
        _ = try await sandbox.complete(try call(try ask("hi", model: "sandbox/slow?ms=60"), upstream: "slow"))
        #expect(ContinuousClock.now - started >= .milliseconds(60))
        let endless = try call(try ask("hi", model: "sandbox/slow?ms=99999999999"), upstream: "slow")
        let task = Task { try await sandbox.complete(endless) }
        task.cancel()
        let failure = await #expect(throws: UpstreamFailure.self) { try await task.value }
        #expect(failure?.error.code == "cancelled")
    }
}
