// SPDX-License-Identifier: Apache-2.0
import Core
import Gateway
import JSON
import Testing

@Suite struct ChatRequestTests {
    @Test("the fields that governing needs are read, whatever else there is")
    func reads() throws {
        let request = try chat(
            """
            {"metadata":{"model":"decoy"},"messages":[{"role":"user","content":"hi"}],"n":3,"max_tokens":7,
             "model":"openai/gpt-4o","stream":true,"stream_options":{"include_usage":true},"extra":[{"n":99}]}
            """)
        #expect(request.model.name == "openai/gpt-4o")
        #expect(request.stream)
        #expect(request.includeUsage)
        #expect(request.choices == 3)
        #expect(request.maximumTokens == 7)
    }

    @Test("what is not said, or said to be null, has its default")
    func defaults() throws {
        for fields in [
            "", #""stream":null,"stream_options":null,"n":null,"max_tokens":null,"max_completion_tokens":null"#,
        ] {
            let request = try chat(fields: fields)
            #expect(!request.stream)
            #expect(!request.includeUsage)
            #expect(request.choices == 1)
            #expect(request.maximumTokens == nil)
        }
    }

    @Test("names of fields may be written with escapes")
    func escapes() throws {
        let request = try chat(#"{"mod\u0065l":"a\/b","m\u0065ssages":[{}],"\u0073tream":true}"#)
        #expect(request.model.name == "a/b")
        #expect(request.stream)
    }

    @Test("the newer bound on output counts where both are sent")
    func bothBounds() throws {
        #expect(try chat(fields: #""max_tokens":5,"max_completion_tokens":9"#).maximumTokens == 9)
    }

    @Test(
        "a field that is missing or of the wrong type is a 400 that names it",
        arguments: [
            (#"{"messages":[{}]}"#, "model"), (#"{"model":null,"messages":[{}]}"#, "model"),
            (#"{"model":1,"messages":[{}]}"#, "model"), (#"{"model":"","messages":[{}]}"#, "model"),
            (#"{"model":["a"],"messages":[{}]}"#, "model"), (#"{"model":"a"}"#, "messages"),
            (#"{"model":"a","messages":null}"#, "messages"), (#"{"model":"a","messages":[]}"#, "messages"),
            (#"{"model":"a","messages":{}}"#, "messages"), (#"{"model":"a","messages":"hi"}"#, "messages"),
            (#"{"model":"a","messages":[{}],"stream":"true"}"#, "stream"),
            (#"{"model":"a","messages":[{}],"stream":1}"#, "stream"),
            (#"{"model":"a","messages":[{}],"stream_options":true}"#, "stream_options"),
            (#"{"model":"a","messages":[{}],"stream_options":[]}"#, "stream_options"),
            (#"{"model":"a","messages":[{}],"stream_options":{"include_usage":1}}"#, "stream_options.include_usage"),
            (#"{"model":"a","messages":[{}],"n":0}"#, "n"), (#"{"model":"a","messages":[{}],"n":129}"#, "n"),
            (#"{"model":"a","messages":[{}],"n":-1}"#, "n"), (#"{"model":"a","messages":[{}],"n":"2"}"#, "n"),
            (#"{"model":"a","messages":[{}],"n":1.5}"#, "n"), (#"{"model":"a","messages":[{}],"n":true}"#, "n"),
            (#"{"model":"a","messages":[{}],"max_tokens":0}"#, "max_tokens"),
            (#"{"model":"a","messages":[{}],"max_tokens":10000001}"#, "max_tokens"),
            (#"{"model":"a","messages":[{}],"max_tokens":9223372036854775808}"#, "max_tokens"),
            (#"{"model":"a","messages":[{}],"max_tokens":1e400}"#, "max_tokens"),
            (#"{"model":"a","messages":[{}],"max_tokens":99999999999999999999999999999999999999999}"#, "max_tokens"),
            (#"{"model":"a","messages":[{}],"max_completion_tokens":-5}"#, "max_completion_tokens"),
        ])
    func wrong(body: String, field: String) {
        let error = #expect(throws: DomainError.self) { try chat(body) }
        #expect(error?.status == 400)
        #expect(error?.parameter == field)
        #expect(error?.shouldRetry == false)
    }

    @Test("whole numbers may be written as JSON allows", arguments: ["3", "3.0", "3e0", "0.3e1", "30e-1"])
    func numbers(literal: String) throws {
        #expect(try chat(fields: "\"n\":\(literal)").choices == 3)
    }

    @Test("the bounds themselves are allowed")
    func bounds() throws {
        #expect(try chat(fields: #""n":128,"max_tokens":10000000"#).choices == 128)
        #expect(try chat(fields: #""n":1,"max_tokens":1"#).maximumTokens == 1)
    }

    @Test(
        "a field that stands there twice is refused, since two readers could see two requests",
        arguments: [
            (#"{"model":"a","model":"b","messages":[{}]}"#, "model"),
            (#"{"model":"a","messages":[{}],"mod\u0065l":"b"}"#, "model"),
            (#"{"model":"a","messages":[{}],"stream":false,"stream":true}"#, "stream"),
            (#"{"model":"a","messages":[{}],"messages":[{}]}"#, "messages"),
            (
                #"{"model":"a","messages":[{}],"stream_options":{"include_usage":true,"include_usage":false}}"#,
                "stream_options.include_usage"
            ),
        ])
    func twice(body: String, field: String) {
        let error = #expect(throws: DomainError.self) { try chat(body) }
        #expect(error?.status == 400)
        #expect(error?.parameter == field)
    }

    @Test(
        "what is no JSON object is refused with the place where it breaks",
        arguments: [
            "", "{", "[]", "null", "\"a\"", "{\"model\":\"a\",}", "{'model':'a'}", "{\"model\":\"a\"} x", "\u{feff}{}",
            "{\"a\":NaN}",
        ])
    func noJSON(body: String) {
        let error = #expect(throws: DomainError.self) { try chat(body) }
        #expect(error?.status == 400)
        #expect(error?.code == "invalid_json")
        let broken = #expect(throws: DomainError.self) { try chat("{\"model\":\"a\",\n \"messages\": oops}") }
        #expect(broken?.message.contains("line 2") == true)
    }

    @Test("nesting without end and bytes that are no UTF-8 are refused, not followed")
    func hostile() {
        let deep = #"{"model":"a","messages":"# + String(repeating: "[", count: 100_000)
        #expect(throws: DomainError.self) { try chat(deep) }
        #expect(throws: DomainError.self) {
            try ChatRequest(body: Array(#"{"model":"a","messages":[""#.utf8) + [0xff] + Array(#""]}"#.utf8))
        }
    }

    @Test("what counts as input is messages and tools")
    func inputBytes() throws {
        let plain = try chat(#"{"model":"a","messages":[{"content":"abcd"}]}"#)
        #expect(plain.inputBytes == #"[{"content":"abcd"}]"#.utf8.count)
        let tools = try chat(#"{"model":"a","messages":[{"content":"abcd"}],"tools":[1,2]}"#)
        #expect(tools.inputBytes == plain.inputBytes + 5)
    }

    @Test(
        "only the sandbox's names carry settings",
        arguments: [
            ("sandbox/slow?ms=200", "sandbox/slow", "200"), ("sandbox/slow?a=1&ms=7&ms=8", "sandbox/slow", "7"),
            ("sandbox/slow?ms=", "sandbox/slow", ""), ("sandbox/slow?ms", "sandbox/slow", nil),
            ("sandbox/slow?", "sandbox/slow", nil), ("sandbox/slow", "sandbox/slow", nil),
            ("sandbox/slow?xms=1", "sandbox/slow", nil), ("sandbox/slow?ms=a=b", "sandbox/slow", "a=b"),
            ("up/what?ms=1", "up/what?ms=1", nil), ("?", "?", nil), ("sandbox", "sandbox", nil),
        ])
    func references(text: String, name: String, setting: String?) {
        let reference = ModelReference(text)
        #expect(reference.name == name)
        #expect(reference.setting("ms") == setting)
    }
}
