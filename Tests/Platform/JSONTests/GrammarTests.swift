// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

/// In the manner of Nicolas Seriot's JSONTestSuite: what must be accepted, and what must be refused.
@Suite("JSON grammar (RFC 8259)")
struct GrammarTests {
    @Test(
        "valid texts are accepted",
        arguments: [
            "0", "-0", "1", "-1", "10", "123", "1.5", "-1.5", "0.0", "0e1", "0E+1", "1e5", "1E5", "1e+5", "1e-5",
            "1.5e10",
            "123456789012345678901234567890", "1e400", "-1e-400", "0.1000000000000000000000000000000000001",
            "true", "false", "null", " null", "null ", "\t\n\r null\n", "[]", "{}", "[ ]", "{ }", "[\n]", "[[]]",
            "[{}]",
            "[1]", "[1,2]", "[1 , 2]", "[null,true,false,1,\"\",[],{}]", "[[[[[[]]]]]]", #"{"a":1}"#, #"{ "a" : 1 }"#,
            #"{"a":1,"b":2}"#, #"{"a":1,"a":2}"#, #"{"":0}"#, #"{"a":{"b":{"c":[]}}}"#, #"{"\u0061":1}"#, "\"\"",
            "\"a\"", "\"é\"", "\"日本\"", "\"😀\"", "\"\u{7F}\"", "\"\u{FFFF}\"", "\"\u{10FFFF}\"", "\"\u{80}\"",
            "\"\u{2028}\"",
            "\"\u{FEFF}\"", #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00e9\u00E9""#, #""\ud83d\ude00""#, #""\ud800""#,
            #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""0123456789012345""#,
            #""0123456789012345678901234567890é""#,
            #""012345678901234\n678""#, #""\u002c""#, #"["/*comment*/"]"#, "\"\u{D7FF}\u{E000}\"",
        ])
    func accepted(text: String) throws {
        let valid = try JSONText(validating: text)
        #expect(valid.bytes == Array(text.utf8))
        // Everything that is accepted can be read, written and read again.
        let tree = JSONValue(valid.root)
        #expect(try JSONValue(parsing: tree.bytes) == tree)
    }

    @Test(
        "invalid texts are refused",
        arguments: [
            "", " ", "\n", "nul", "nulll", "NULL", "True", "tru", "fals", "falsee", "NaN", "Infinity", "-Infinity", "-",
            "+1",
            "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-", "1E", "1e5.5", "0x1", "1_000", "1 2",
            "1,", "--1",
            "-a", "1a", "١", "[", "]", "[,]", "[1,]", "[1,,2]", "[,1]", "[1 2]", "[1", "[1,", "[1]]", "[}", "[\"a\"",
            "[1:2]", "{", "}", "{]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":1,,"b":2}"#, #"{"a" 1}"#,
            "{a:1}",
            "{1:1}", "{'a':1}", #"{"a":1"#, #"{"a":"#, #"{"a""#, #"{"a"#, #"{"a":1 "b":2}"#, #"{"a"::1}"#, #"{"a":1]"#,
            "{null:1}", #"{"a":1}}"#, #"{"a":1},"#, #"{"a":1}#"#, "\"", "\"a", "'a'", "a", "\"\\\"", #""\a""#,
            #""\x41""#,
            #""\u""#, #""\u1""#, #""\u12""#, #""\u123""#, #""\u123g""#, #""\U0041""#, #""\u+123""#, "\"\\", "\"\\u",
            "\"\\u00",
            #""\""#, #""\ "#, "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1F}\"", "\"0123456789abcdef\u{1F}\"",
            "\"a\" \"b\"",
            "[\u{A0}]", "[\u{0B}1]", "\u{0C}1", "\u{2028}1", "/*c*/1", "1//c", "#1", "\u{FEFF}1", "1\u{0}", "[1\u{0}]",
            "😀",
            "[\"a\",\n4\n,1,", "<null>", "[*]", "undefined", "$", "{}{}", "[][]", "nulltrue", "[true false]", "[-]",
            "[1+1]",
        ])
    func refused(text: String) {
        #expect(throws: JSONError.self) { try JSONText(validating: text) }
    }

    @Test(
        "what is not UTF-8 is refused, at every place in a string",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x20], [0xC3, 0xC3], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF], [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80],
            [0xFE], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        for lead in 0..<40 {
            let text = Array("\"".utf8) + [UInt8](repeating: 0x61, count: lead) + bytes + Array("\"".utf8)
            let error = #expect(throws: JSONError.self) { try JSONText(validating: text) }
            #expect(error?.kind == .invalidUTF8)
            #expect(error?.offset == lead + 1)
        }
        #expect(throws: JSONError.self) { try JSONText(validating: bytes) }
    }

    @Test("a special byte is found at every distance from the beginning and end of a string")
    func positions() throws {
        for length in 0..<70 {
            let plain = String(repeating: "a", count: length)
            #expect(try JSONText(validating: "\"\(plain)\"").root.string == plain)
            for place in 0..<length {
                var bytes = Array("\"\(plain)\"".utf8)
                bytes[place + 1] = 0x1F
                let error = #expect(throws: JSONError.self) { try JSONText(validating: bytes) }
                #expect(error?.kind == .controlCharacter && error?.offset == place + 1)
                let escaped = "\(plain.prefix(place))\\n\(plain.dropFirst(place))"
                #expect(try JSONText(validating: "\"\(escaped)\"").root.string?.utf8.count == length + 1)
            }
        }
    }

    @Test("errors say line, column and what was expected")
    func errors() {
        let error = #expect(throws: JSONError.self) { try JSONText(validating: "{\n  \"é\": 1,\n  \"b\" 2}") }
        #expect(error?.description == "line 3, column 7: expected ':'")
        let cases: [(String, JSONError.Kind, Int)] = [
            ("", .unexpectedEnd, 0), ("[1 2]", .expectedCommaOrBracket, 3),
            (#"{"a":1 "b":2}"#, .expectedCommaOrBrace, 7),
            ("[1,]", .expectedValue, 3), ("{1:2}", .expectedKey, 1), ("\"abc", .unterminatedString, 4),
            (#""\q""#, .invalidEscape, 1), ("[01]", .invalidNumber, 2), ("trux", .invalidLiteral, 0),
            ("1 x", .trailingBytes, 2),
            ("\u{FEFF}1", .byteOrderMark, 0), ("{\"a\":", .unexpectedEnd, 5),
        ]
        for (text, kind, offset) in cases {
            let error = #expect(throws: JSONError.self) { try JSONText(validating: text) }
            #expect(error?.kind == kind && error?.offset == offset, "\(text): \(String(describing: error))")
        }
    }

    @Test("nesting and length have bounds, and deep texts do not overflow the stack")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONText(validating: nested(64))
        let deep = #expect(throws: JSONError.self) { try JSONText(validating: nested(65)) }
        #expect(deep?.kind == .tooDeep(limit: 64) && deep?.offset == 64)
        let most = JSONLimits(maximumDepth: .max, maximumBytes: .max)
        #expect(JSONValue(try JSONText(validating: nested(512), limits: most).root).bytes == Array(nested(512).utf8))
        #expect(throws: JSONError.self) {
            try JSONText(validating: String(repeating: "[", count: 1_000_000), limits: most)
        }
        #expect(throws: JSONError.self) {
            try JSONText(validating: String(repeating: "{\"a\":", count: 100_000), limits: most)
        }
        let small = JSONLimits(maximumBytes: 4)
        _ = try JSONText(validating: "1234", limits: small)
        let long = #expect(throws: JSONError.self) { try JSONText(validating: "12345", limits: small) }
        #expect(long?.kind == .tooLarge(limit: 4))
    }
}
