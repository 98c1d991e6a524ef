// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite("JSON fields of a request")
struct FieldsTests {
    private func fields(_ text: String) throws -> JSONFields { try JSONFields(JSONText(validating: text).root) }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "accepted"
        } catch { return "\(error)" }
    }

    @Test("fields of every kind are read")
    func read() throws {
        var fields = try fields(
            #"""
            {"name":"x","count":7,"on":true,"tags":["a","b"],"price":0.00000015,"text_price":"1.10",
             "big":12345678901234.123456789012,"inner":{"a":1},"list":[{"a":1},{"a":2}],"nothing":null}
            """#)
        #expect(try fields.string("name") == "x")
        #expect(try fields.integer("count", in: 1...10) == 7)
        #expect(try fields.bool("on"))
        #expect(try fields.stringArray("tags") == ["a", "b"])
        #expect("\(try fields.decimal("price"))" == "0.00000015")
        #expect("\(try fields.decimal("text_price"))" == "1.1")
        // A Double would have lost the last places.
        #expect("\(try fields.decimal("big"))" == "12345678901234.123456789012")
        var inner = try fields.object("inner")
        #expect(try inner.integer("a", in: 0...1) == 1)
        try inner.finish()
        var sum: Int64 = 0
        for var element in try fields.objectArray("list") { sum += try element.integer("a", in: 0...9) }
        #expect(sum == 3)
        #expect(fields.contains("nothing") && !fields.contains("absent"))
        #expect(try fields.optionalString("nothing") == nil && fields.optionalBool("absent") == nil)
        try fields.finish()
    }

    @Test("each error names its field and what was expected")
    func errors() throws {
        let text =
            #"{"s":1,"n":11,"f":1.5,"b":"true","d":1e-13,"a":[1],"o":[],"z":null,"p":{"q":{"r":"x"}},"l":[{"a":1},2]}"#
        var all = try fields(text)
        #expect(message { _ = try all.string("s") } == "\"s\" must be a string")
        #expect(message { _ = try all.integer("n", in: 1...10) } == "\"n\" must be a whole number from 1 to 10")
        #expect(message { _ = try all.integer("f", in: 1...10) } == "\"f\" must be a whole number from 1 to 10")
        #expect(message { _ = try all.bool("b") } == "\"b\" must be true or false")
        #expect(message { _ = try all.decimal("d") } == "\"d\" must be a decimal of at most twelve places")
        #expect(message { _ = try all.stringArray("a") } == "\"a\" must be an array of at most 1024 strings")
        #expect(message { _ = try all.object("o") } == "\"o\" must be an object")
        #expect(message { _ = try all.string("z") } == "\"z\" is missing")
        #expect(message { _ = try all.string("absent") } == "\"absent\" is missing")
        #expect(message { _ = try all.string("s", bytes: 1...2) } == "\"s\" must be a string")
        #expect(message { _ = try all.optionalBool("b") } == "\"b\" must be true or false")
        var inner = try all.object("p")
        var innermost = try inner.object("q")
        #expect(message { _ = try innermost.bool("r") } == "\"p.q.r\" must be true or false")
        #expect(message { _ = try all.objectArray("l") } == "\"l[1]\" must be an object")
        #expect(message { _ = try all.objectArray("l", count: 1) } == "\"l\" must be an array of at most 1 objects")
        #expect(message { _ = try fields("[]") } == "the body must be an object")
        #expect(message { _ = try fields(#"{"a":1,"\u0061":2}"#) } == "\"a\" occurs twice")
        #expect(all.error("n", expected: "even").description == "\"n\" must be even")
        var short = try fields(#"{"s":"abc"}"#)
        #expect(message { _ = try short.string("s", bytes: 1...2) } == "\"s\" must be a string of 1 to 2 bytes")
    }

    @Test("unknown fields are refused, with the name that was perhaps meant")
    func unknown() throws {
        var typo = try fields(#"{"nmae":"x"}"#)
        _ = try typo.optionalString("name")
        _ = try typo.optionalString("limit")
        #expect(message { try typo.finish() } == "\"nmae\" is not a known field")
        var close = try fields(#"{"budgets":"x"}"#)
        _ = try close.optionalString("budget")
        #expect(message { try close.finish() } == "\"budgets\" is not a known field; did you mean \"budget\"?")
        let none = try fields(#"{"a":1}"#)
        #expect(throws: JSONFieldError(path: "a", problem: .unknown(nearest: nil))) { try none.finish() }
    }
}
