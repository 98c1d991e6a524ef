// SPDX-License-Identifier: Apache-2.0
import Gateway
import JSON
import Providers
import Testing

@Suite struct UsageTests {
    private func read(_ text: String) throws -> TokenUsage? {
        UsageReport.read(try JSONText(validating: text).root)
    }

    @Test("a provider's own count is read, cached input in it")
    func reads() throws {
        let text =
            #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4}}"#
        #expect(try read(text) == TokenUsage(input: 10, cachedInput: 4, output: 5, estimated: false))
        #expect(
            try read(#"{"completion_tokens":0,"prompt_tokens":0}"#) == TokenUsage(input: 0, output: 0, estimated: false)
        )
        #expect(try read(#"{"prompt_tokens":2.0,"completion_tokens":1,"prompt_tokens_details":null}"#)?.input == 2)
    }

    @Test(
        "more cached than there was, or less than nothing, is put right",
        arguments: [("99", Int64(10)), ("-3", 0), ("\"4\"", 0), ("null", 0)])
    func cached(literal: String, expected: Int64) throws {
        let usage = try read(
            #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":\#(literal)}}"#)
        #expect(usage?.cachedInput == expected)
    }

    @Test(
        "what is no count is none, so that we count",
        arguments: [
            "null", "{}", "[]", "7", #"{"prompt_tokens":1}"#, #"{"completion_tokens":1}"#,
            #"{"prompt_tokens":"1","completion_tokens":1}"#, #"{"prompt_tokens":1.5,"completion_tokens":1}"#,
            #"{"prompt_tokens":-1,"completion_tokens":1}"#, #"{"prompt_tokens":1,"completion_tokens":null}"#,
            #"{"prompt_tokens":1,"completion_tokens":99999999999999999999}"#,
        ])
    func none(text: String) throws {
        #expect(try read(text) == nil)
    }

    @Test("a count that no model can reach is not believed: it could not be recorded as it is")
    func absurd() throws {
        #expect(try read(#"{"prompt_tokens":9007199254740993,"completion_tokens":1}"#) == nil)
        #expect(try read(#"{"prompt_tokens":1,"completion_tokens":2147483648}"#) == nil)
    }

    @Test(
        "text, refusals, reasoning and tool calls count as output, in answers and in chunks",
        arguments: [
            (#"[{"message":{"content":"abcd"}}]"#, 4),
            (#"[{"delta":{"content":"abcd"}},{"delta":{"content":"ef"}}]"#, 6),
            (#"[{"delta":{"refusal":"no"}}]"#, 2), (#"[{"delta":{"reasoning_content":"hmm","content":"a"}}]"#, 4),
            (#"[{"delta":{"tool_calls":[{"a":1}]}}]"#, 7), (#"[{"delta":{"content":null}}]"#, 0),
            (#"[{"delta":{}}]"#, 0),
            ("[]", 0), ("null", 0), (#"{"delta":{"content":"abcd"}}"#, 0), (#"[1,"x",null]"#, 0),
        ])
    func outputBytes(text: String, expected: Int) throws {
        #expect(UsageReport.outputBytes(try JSONText(validating: text).root) == expected)
        #expect(UsageReport.outputBytes(nil) == 0)
    }

    @Test(
        "a quarter of the bytes is taken for tokens, and any text for at least one",
        arguments: [(0, Int64(0)), (1, 1), (4, 1), (5, 2), (4000, 1000)])
    func tokens(bytes: Int, expected: Int64) {
        #expect(TokenEstimate.tokens(bytes: bytes) == expected)
    }

    @Test("what a call may cost at worst is its bound times its answers")
    func worst() throws {
        let usage = TokenEstimate.worstCase(try chat(fields: #""n":3,"max_tokens":100"#))
        #expect(usage.output == 300)
        #expect(usage.input > 0)
        #expect(usage.estimated)
        #expect(TokenEstimate.worstCase(try chat(fields: "")).output == 0)
    }
}
