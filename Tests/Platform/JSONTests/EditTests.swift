// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite("JSON edits")
struct EditTests {
    private func edit(_ text: String, _ body: (inout JSONEdit, JSONView) -> Void) throws -> String {
        let valid = try JSONText(validating: text)
        var edit = JSONEdit(valid)
        body(&edit, valid.root)
        let bytes = edit.bytes()
        _ = try JSONText(validating: bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("without changes the bytes are the same")
    func none() throws {
        let text = " { \"a\" :\t1 , \"b\":[ ] }\n"
        #expect(try edit(text) { _, _ in } == text)
    }

    @Test("a value is replaced and every other byte stays")
    func replace() throws {
        let text = #"{ "model" : "a",  "x":{"y": [1, 2]} , "n":1.0 }"#
        #expect(
            try edit(text) { edit, _ in edit.set("model", to: "b\"") }
                == #"{ "model" : "b\"",  "x":{"y": [1, 2]} , "n":1.0 }"#)
        #expect(
            try edit(text) { edit, root in
                if let element = root["x"]?["y"]?.elements[1] { edit.replace(element, with: ["z": nil]) }
                edit.set("n", to: 3)
            } == #"{ "model" : "a",  "x":{"y": [1, {"z":null}]} , "n":3 }"#)
        #expect(try edit("[1]") { edit, root in edit.replace(root, with: 2) } == "2")
    }

    @Test("a member is added at the end, or changed where it is")
    func set() throws {
        #expect(try edit("{}") { edit, _ in edit.set("a", to: 1) } == #"{"a":1}"#)
        #expect(try edit("{ }") { edit, _ in edit.set("a", to: 1) } == #"{"a":1 }"#)
        #expect(
            try edit(#"{"a":1}"#) { edit, _ in edit.set("stream_options", to: ["include_usage": true]) }
                == #"{"a":1,"stream_options":{"include_usage":true}}"#)
        #expect(
            try edit(#"{"a":1}"#) { edit, _ in for n: JSONValue in [2, 3] { edit.set("b", to: n) } }
                == #"{"a":1,"b":3}"#)
        #expect(
            try edit(#"{"a":1}"#) { edit, _ in for n: JSONValue in [2, 3] { edit.set("a", to: n) } } == #"{"a":3}"#)
        #expect(
            try edit(#"{"o":{"p":1}}"#) { edit, root in edit.set("q", to: 2, in: root["o"]) } == #"{"o":{"p":1,"q":2}}"#
        )
    }

    @Test(
        "any members can be removed, with the right commas",
        arguments: [
            (["a"], #"{ "b":2 ,"c":3 }"#), (["b"], #"{ "a" : 1 ,"c":3 }"#), (["c"], #"{ "a" : 1, "b":2 }"#),
            (["a", "b"], #"{ "c":3 }"#), (["b", "c"], #"{ "a" : 1 }"#), (["a", "c"], #"{ "b":2 }"#),
            (["a", "b", "c"], "{  }"), (["x"], #"{ "a" : 1, "b":2 ,"c":3 }"#),
        ])
    func remove(keys: [String], expected: String) throws {
        #expect(try edit(#"{ "a" : 1, "b":2 ,"c":3 }"#) { edit, _ in for key in keys { edit.remove(key) } } == expected)
        let added = try edit(#"{ "a" : 1, "b":2 ,"c":3 }"#) { edit, _ in
            for key in keys { edit.remove(key) }
            edit.set("z", to: 0)
        }
        let root = try JSONText(validating: added).root
        #expect(root["z"]?.integer == 0)
        for key in ["a", "b", "c"] { #expect((root[key] == nil) == keys.contains(key)) }
    }

    @Test("a member can be removed and set again, and set and removed again")
    func both() throws {
        #expect(
            try edit(#"{"a":1,"b":2}"#) { edit, _ in
                edit.remove("a")
                edit.set("a", to: 3)
            } == #"{"b":2,"a":3}"#)
        #expect(
            try edit(#"{"a":1,"b":2}"#) { edit, _ in
                edit.set("a", to: 3)
                edit.set("c", to: 3)
                edit.remove("a")
                edit.remove("c")
            } == #"{"b":2}"#)
    }

    @Test("a name that occurs twice is changed and removed in both places, however it is spelled")
    func duplicates() throws {
        let text = #"{"a":1,"b":0,"\u0061":2}"#
        #expect(try edit(text) { edit, _ in edit.set("a", to: 5) } == #"{"a":5,"b":0,"\u0061":5}"#)
        #expect(try edit(text) { edit, _ in edit.remove("a") } == #"{"b":0}"#)
    }

    @Test("an edit inside a value that goes is lost with it")
    func nested() throws {
        #expect(
            try edit(#"{"a":{"b":{"c":1}},"d":2}"#) { edit, root in
                edit.set("c", to: 2, in: root["a"]?["b"])
                edit.set("z", to: 2, in: root["a"]?["b"])
                edit.set("a", to: "gone")
            } == #"{"a":"gone","d":2}"#)
        #expect(
            try edit(#"{"a":{},"d":2}"#) { edit, root in
                edit.set("z", to: 2, in: root["a"])
                edit.remove("a")
            } == #"{"d":2}"#)
    }
}
