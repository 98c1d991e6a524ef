// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite("JSON writing")
struct WritingTests {
    @Test("the writer sets commas, colons and escapes")
    func writer() throws {
        var writer = JSONWriter()
        let source = try JSONText(validating: #"{"raw": [1,  2] }"#)
        writer.object { writer in
            writer.member("name", "a\"\\\u{1}\n\u{7F}é😀/")
            writer.member("count", 3)
            writer.member("none", String?.none)
            writer.key("list")
            writer.array { writer in
                writer.null()
                writer.bool(false)
                writer.double(0.1)
                writer.double(.nan)
                writer.array { _ in }
                writer.object { _ in }
            }
            if let raw = source.root["raw"] {
                writer.key("raw")
                writer.raw(raw)
            }
            writer.member("tree", ["a": 1])
        }
        #expect(
            String(decoding: writer.finish(), as: UTF8.self)
                == "{\"name\":\"a\\\"\\\\\\u0001\\n\u{7F}é😀/\",\"count\":3,\"list\":[null,false,0.1,null,[],{}],"
                + "\"raw\":[1,  2],\"tree\":{\"a\":1}}")
    }

    @Test("misuse of the writer ends the program")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.object { $0.null() }
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.object { $0.key("a") }
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.null()
            writer.null()
        }
        await #expect(processExitsWith: .failure) { _ = JSONWriter().finish() }
    }

    @Test("every string is written so that it reads back")
    func strings() throws {
        var generator = SplitMix(state: 3)
        for length in 0..<300 {
            let scalars = (0..<length % 60).map { _ -> Unicode.Scalar in
                let bound: UInt32 = [0x30, 0x80, 0x800, 0xD800, 0x10FFFF].randomElement(using: &generator) ?? 0x30
                return Unicode.Scalar(UInt32.random(in: 0..<bound, using: &generator)) ?? "x"
            }
            let string = String(String.UnicodeScalarView(scalars))
            let read = try JSONValue(parsing: JSONValue.string(string).bytes).string
            #expect(read.map { Array($0.utf8) } == Array(string.utf8))
        }
    }

    @Test("literals make trees")
    func literals() {
        let value: JSONValue = ["a": [1, 2.5, "x", true, nil], "b": ["c": -7]]
        #expect(value.description == #"{"a":[1,2.5,"x",true,null],"b":{"c":-7}}"#)
        #expect(value["a"]?[1]?.double == 2.5 && value["a"]?[9] == nil && value["b"]?["c"]?.integer == -7)
    }

    @Test("the form for people has a line for each member")
    func pretty() {
        let value: JSONValue = ["a": [1, ["b": "x"]], "e": [], "o": [:]]
        #expect(
            value.pretty == """
                {
                  "a": [
                    1,
                    {
                      "b": "x"
                    }
                  ],
                  "e": [],
                  "o": {}
                }
                """)
    }
}
