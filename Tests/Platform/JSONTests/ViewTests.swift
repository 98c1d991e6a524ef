// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite("JSON views")
struct ViewTests {
    @Test("fields are found by name, at the root and below, and their bytes are as written")
    func lookup() throws {
        let text = try JSONText(
            validating: #" { "a" : 1.50 , "b":{"c":[1, {"d":"x"} ],"e":"}]"}, "f":"\"," , "g":null} "#)
        let root = text.root
        #expect(root.kind == .object)
        #expect(root["a"]?.numberLiteral == "1.50")
        #expect(root["b"]?["c"]?.elements.map(\.kind) == [.number, .object])
        #expect(root["b"]?["c"]?.elements[1]["d"]?.string == "x")
        #expect(root["b"]?["e"]?.string == "}]")
        #expect(root["f"]?.string == "\",")
        #expect(root["g"]?.isNull == true)
        #expect(root["c"] == nil && root["a"]?["a"] == nil && root[""] == nil)
        #expect(root["b"].map { String(decoding: $0.rawBytes, as: UTF8.self) } == #"{"c":[1, {"d":"x"} ],"e":"}]"}"#)
        #expect(root["a"].map { text.bytes[$0.range] }.map(Array.init) == Array("1.50".utf8))
    }

    @Test("names match when they are written with escapes, and only byte for byte")
    func escapedNames() throws {
        let root = try JSONText(
            validating: #"{"\u006dodel":1,"a\\nb":2,"caf\u00e9":3,"\ud83d\ude00":4,"x":{"\u0079":5}}"#
        ).root
        #expect(root["model"]?.integer == 1)
        #expect(root[#"a\nb"#]?.integer == 2 && root[#"a\\nb"#] == nil && root["a\nb"] == nil)
        #expect(root["caf\u{E9}"]?.integer == 3)
        // The same word with a combining accent is another name, though Swift calls the strings equal.
        #expect(root["cafe\u{301}"] == nil)
        #expect(root["😀"]?.integer == 4 && root["x"]?["y"]?.integer == 5)
        #expect(root.members(named: ["model", "none", "caf\u{E9}"]).map { $0?.integer } == [1, nil, 3])
    }

    @Test("several names are collected in one pass, the first of each")
    func several() throws {
        let root = try JSONText(validating: #"{"a":1,"b":2,"a":3,"c":{"a":9,"z":8,"a":7}}"#).root
        #expect(
            root.members(named: ["c", "b", "a", "a", "x"]).map { $0?.kind } == [
                .object, .number, .number, .number, nil,
            ])
        #expect(root.members(named: ["a"]).first??.integer == 1)
        #expect(root["c"]?.members(named: ["z", "a"]).map { $0?.integer } == [8, 9])
        #expect(root["a"]?.members(named: ["a"]).count == 1)
        #expect(root.members(named: []).isEmpty)
    }

    @Test("the members of an object inside an array are its own")
    func arrayRoot() throws {
        let root = try JSONText(validating: #"[{"a":1},{"a":2}]"#).root
        #expect(root["a"] == nil)
        #expect(root.elements.map { $0["a"]?.integer } == [1, 2])
    }

    @Test("a repeated name is reported, also when it is spelled otherwise")
    func duplicates() throws {
        func first(_ text: String) throws -> String? { try JSONText(validating: text).root.firstDuplicateKey() }
        #expect(try first(#"{"a":1,"b":2}"#) == nil)
        #expect(try first(#"{"a":1,"b":2,"a":1}"#) == "a")
        #expect(try first(#"{"a":1,"\u0061":2}"#) == "a")
        #expect(try first(#"{"a":{"a":1}}"#) == nil)
        #expect(try first("{\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
        #expect(try first("[1]") == nil)
    }

    @Test("strings resolve escapes; lone surrogates are U+FFFD")
    func strings() throws {
        func string(_ text: String) throws -> String? { try JSONText(validating: text).root.string }
        #expect(try string(#""a\"\\\/\b\f\n\r\tz""#) == "a\"\\/\u{8}\u{C}\n\r\tz")
        #expect(try string(#""\u0041\u00e9\u20AC\ud83d\uDE00\u0000""#) == "Aé€😀\0")
        #expect(try string(#""\ud800""#) == "\u{FFFD}")
        #expect(try string(#""\udc00\ud800""#) == "\u{FFFD}\u{FFFD}")
        #expect(try string(#""\ud800\u0041""#) == "\u{FFFD}A")
        #expect(try string(#""\ud800\ud83d\ude00""#) == "\u{FFFD}😀")
        #expect(try string(#""\ud800\n""#) == "\u{FFFD}\n")
        #expect(try string("1") == nil)
    }

    @Test(
        "whole numbers are exact or nil",
        arguments: [
            ("0", 0), ("-0", 0), ("7", 7), ("7.0", 7), ("7e0", 7), ("7e2", 700), ("-1.5e1", -15), ("1.5", nil),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9223372036854775808", nil),
            ("-9223372036854775809", nil), ("1e18", 1_000_000_000_000_000_000), ("1e19", nil), ("1e999999999", nil),
            ("123456789012345678901234567890123456789012345678901234567890", nil), ("\"7\"", nil), ("true", nil),
        ] as [(String, Int64?)])
    func integers(text: String, value: Int64?) throws {
        #expect(try JSONText(validating: text).root.integer == value)
    }

    @Test("binary numbers are finite or nil")
    func doubles() throws {
        #expect(try JSONText(validating: "0.1").root.double == 0.1)
        #expect(try JSONText(validating: "-1.5e300").root.double == -1.5e300)
        #expect(try JSONText(validating: "1e400").root.double == nil)
        #expect(try JSONText(validating: "null").root.double == nil)
        #expect(JSONNumber("1e400")?.double == nil)
        #expect((JSONNumber("0.30")?.decimal).map { "\($0)" } == "0.3")
        #expect(
            JSONNumber(Double.nan) == nil && JSONNumber("abc") == nil && JSONNumber(" 1") == nil
                && JSONNumber("\"1\"") == nil)
    }
}
