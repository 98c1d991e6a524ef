// SPDX-License-Identifier: Apache-2.0
import Gateway
import JSON
import Testing

@Suite struct UpstreamBodyTests {
    private func sent(_ text: String, as model: String = "gpt") throws -> String {
        UpstreamBody.bytes(of: try chat(text), model: model).text
    }

    @Test("all but the model's name goes upstream byte for byte: unknown fields, order, spaces, escapes, numbers")
    func untouched() throws {
        let text = """
            {  "temperature" : 1.0e0,\t"seed":12345678901234567890123, "extra_body":{"x":[1 , 2],"é":"\\u00e9"},
              "messages":[{"role":"user","content":"a\\/b \\ud83d\\ude00 😀"}] ,\r\n "model" : "up\\/gpt" , "zz":-0 }
            """
        #expect(try sent(text, as: "gpt-4o") == text.replacing(#""up\/gpt""#, with: #""gpt-4o""#))
    }

    @Test("a model's name is written so that it stays JSON")
    func escapes() throws {
        let sent = try sent(#"{"model":"a","messages":[1]}"#, as: "we\"ird\\\u{1}é")
        #expect(try JSONValue(parsing: Array(sent.utf8))["model"]?.string == "we\"ird\\\u{1}é")
    }

    @Test("a whole answer is asked for as it was asked for")
    func noStream() throws {
        let text = #"{"model":"gpt","messages":[1],"stream":false,"stream_options":{"include_usage":false}}"#
        #expect(try sent(text) == text)
    }

    @Test(
        "usage is always asked for in a stream, in whatever form the client did not ask",
        arguments: [
            (#""stream":true"#, #""stream":true,"stream_options":{"include_usage":true}"#),
            (#""stream":true,"stream_options":null"#, #""stream":true,"stream_options":{"include_usage":true}"#),
            (#""stream":true,"stream_options":{}"#, #""stream":true,"stream_options":{"include_usage":true}"#),
            (
                #""stream":true,"stream_options":{"include_usage":false}"#,
                #""stream":true,"stream_options":{"include_usage":true}"#
            ),
            (
                #""stream":true,"stream_options":{"include_usage":null}"#,
                #""stream":true,"stream_options":{"include_usage":true}"#
            ),
            (
                #""stream":true,"stream_options":{ "include_obfuscation":false }"#,
                #""stream":true,"stream_options":{ "include_obfuscation":false,"include_usage":true }"#
            ),
            (
                #""stream_options":{"x":1, "include_usage" : false},"stream":true"#,
                #""stream_options":{"x":1, "include_usage" : true},"stream":true"#
            ),
            (
                #""stream":true,"stream_options":{"include_usage":true,"x":[ ]}"#,
                #""stream":true,"stream_options":{"include_usage":true,"x":[ ]}"#
            ),
        ])
    func usage(fields: String, expected: String) throws {
        let head = #"{"model":"gpt","messages":[1],"#
        #expect(try sent("\(head)\(fields)}") == "\(head)\(expected)}")
    }
}
