// SPDX-License-Identifier: Apache-2.0
import Gateway
import JSON
import Providers
import Testing

@Suite struct StreamRelayTests {
    /// What an ordinary provider sends when usage is asked for.
    static let chunks = [
        #"data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}],"usage":null}"#,
        #"data: {"id":"1","choices":[{"index":0,"delta":{"content":"Grüße 😀"},"finish_reason":null}],"usage":null}"#,
        ": keep-alive",
        #"data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
        #"data: {"id":"1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
        "data: [DONE]",
    ]
    static let stream = chunks.map { $0 + "\n\n" }.joined()

    private func relayed(
        _ text: String, includeUsage: Bool = false, choices: Int64 = 1
    ) throws -> (output: String, relay: StreamRelay) {
        var relay = StreamRelay(includeUsage: includeUsage, choices: choices)
        let output = try relay.feed(Array(text.utf8))
        return (output.text, relay)
    }

    @Test("a client that did not ask for usage gets a stream without any, and all else as it came")
    func stripped() throws {
        let (output, relay) = try relayed(Self.stream)
        let expected = Self.chunks[..<4].map { $0.replacing(#","usage":null"#, with: "") + "\n\n" }.joined()
        #expect(output == expected)
        #expect(relay.reported == TokenUsage(input: 3, output: 2, estimated: false))
        #expect(relay.isComplete)
        #expect(relay.errorCode == nil)
    }

    @Test("a client that asked for usage gets every byte, but for the end, which waits for the record")
    func kept() throws {
        let (output, relay) = try relayed(Self.stream, includeUsage: true)
        #expect(output == Self.chunks[..<5].map { $0 + "\n\n" }.joined())
        #expect(relay.isComplete)
    }

    @Test("where the network cuts makes no difference, at any byte", arguments: [false, true])
    func cuts(includeUsage: Bool) throws {
        let bytes = Array(Self.stream.utf8)
        let (whole, _) = try relayed(Self.stream, includeUsage: includeUsage)
        for cut in 0...bytes.count {
            var relay = StreamRelay(includeUsage: includeUsage, choices: 1)
            var output = try relay.feed(Array(bytes[..<cut]))
            output += try relay.feed(Array(bytes[cut...]))
            #expect(output.text == whole, "cut at \(cut)")
            #expect(relay.reported?.output == 2)
        }
        var single = StreamRelay(includeUsage: includeUsage, choices: 1)
        #expect(try bytes.flatMap { try single.feed([$0]) }.text == whole)
    }

    @Test("line ends may be LF, CR LF or CR", arguments: ["\n", "\r\n", "\r"])
    func lineEnds(end: String) throws {
        let text = Self.chunks.map { $0 + end + end }.joined()
        let (output, relay) = try relayed(text, includeUsage: true)
        #expect(relay.isComplete)
        #expect(relay.reported?.input == 3)
        #expect(!output.contains("[DONE]"))
    }

    @Test("usage in the same chunk as an answer is taken out of it, and the answer stays")
    func together() throws {
        let chunk =
            #"data: {"id":"1","usage":{"prompt_tokens":3,"completion_tokens":2},"#
            + #""choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"x":1}"#
        let (output, relay) = try relayed(chunk + "\n\n")
        #expect(
            output == #"data: {"id":"1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}],"x":1}"#
                + "\n\n")
        #expect(relay.reported?.input == 3)
        let (kept, _) = try relayed(chunk + "\n\n", includeUsage: true)
        #expect(kept == chunk + "\n\n")
    }

    @Test("of counts that grow the last one counts")
    func growing() throws {
        let text = (1...3).map {
            #"data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":\#($0)}}"#
                + "\n\n"
        }.joined()
        #expect(try relayed(text).relay.reported?.output == 3)
    }

    @Test("a chunk without answers that is not about usage passes: Azure sends one first")
    func promptFilter() throws {
        let plain = #"data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"# + "\n\n"
        #expect(try relayed(plain).output == plain)
        let withNull = #"data: {"choices":[],"usage":null,"prompt_filter_results":[{"prompt_index":0}]}"# + "\n\n"
        #expect(try relayed(withNull).output == plain)
    }

    @Test("tool calls pass in their pieces and are counted")
    func tools() throws {
        let text = [
            #"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"#
                + #""id":"call_1","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}"#,
            #"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"#
                + #""finish_reason":null}]}"#,
            #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ].map { $0 + "\n\n" }.joined()
        let (output, relay) = try relayed(text)
        #expect(output == text)
        #expect(relay.outputBytes > 0)
        #expect(relay.isComplete)
        #expect(relay.reported == nil)
    }

    @Test("without [DONE] an answer is complete when every choice has ended, and not before")
    func complete() throws {
        func end(_ index: Int) -> String {
            #"data: {"choices":[{"index":\#(index),"delta":{},"finish_reason":"stop"}]}"# + "\n\n"
        }
        #expect(try !relayed(end(0), choices: 2).relay.isComplete)
        #expect(try !relayed(end(0) + end(0), choices: 2).relay.isComplete)
        #expect(try relayed(end(0) + end(1), choices: 2).relay.isComplete)
        #expect(try !relayed(Self.chunks[0] + "\n\n").relay.isComplete)
        #expect(try !relayed("").relay.isComplete)
        #expect(try !relayed("data: [DONE]").relay.isComplete, "no blank line has ended the event")
        #expect(try relayed("data:[DONE]\n\n").relay.isComplete)
    }

    @Test(
        "an error in the stream passes to the client and ends the answer",
        arguments: [
            (#"{"error":{"message":"m","type":"t","param":null,"code":"overloaded"}}"#, "overloaded"),
            (#"{"error":{"message":"m","code":503}}"#, "upstream_error"), (#"{"error":"oops"}"#, "upstream_error"),
            (#"{"error":{"message":"m"},"choices":[]}"#, "upstream_error"),
        ])
    func errors(data: String, code: String) throws {
        let (output, relay) = try relayed("data: \(data)\n\n")
        #expect(output == "data: \(data)\n\n")
        #expect(relay.errorCode == code)
        #expect(try relayed(#"data: {"error":null,"choices":[]}"# + "\n\n").relay.errorCode == nil)
    }

    @Test(
        "what is no chunk is garbage, told before anything of it goes out",
        arguments: ["hello", "{", "[]", "null", "7", "\"x\"", #"{"a":1}{"b":2}"#, "<html>", "[DONE]x"])
    func garbage(data: String) {
        var relay = StreamRelay(includeUsage: false, choices: 1)
        #expect(throws: StreamRelay.Garbage.self) { try relay.feed(Array("data: \(data)\n\n".utf8)) }
    }

    @Test("an event without end is garbage and not kept without end")
    func endless() {
        var relay = StreamRelay(includeUsage: false, choices: 1)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
        #expect(throws: StreamRelay.Garbage.self) {
            for _ in 0..<64 { _ = try relay.feed(piece) }
        }
    }

    @Test("comments pass: they keep connections alive")
    func comments() throws {
        #expect(try relayed(": ping\n\n").output == ": ping\n\n")
        #expect(try relayed("\n\n").relay.isComplete == false)
    }
}
