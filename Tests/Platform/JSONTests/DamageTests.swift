// SPDX-License-Identifier: Apache-2.0
import JSON
import Testing

@Suite("JSON that was damaged")
struct DamageTests {
    static let sample = Array(
        #"{"model":"gpt","n":-12.5e+3,"deep":[{"a":[true,false,null]},"é😀\u00e9\ud83d\ude00\n"],"e":{},"l":[],"t":"x"}"#
            .utf8)

    @Test("no proper prefix and no proper suffix of an object is valid")
    func truncated() throws {
        _ = try JSONText(validating: Self.sample)
        for count in 0..<Self.sample.count {
            #expect(throws: JSONError.self) { try JSONText(validating: Array(Self.sample.prefix(count))) }
            if count > 0 {
                #expect(throws: JSONError.self) { try JSONText(validating: Self.sample + Self.sample.prefix(count)) }
            }
        }
    }

    @Test("random changes never trap, and what is accepted reads, edits and writes without loss")
    func mutated() throws {
        var generator = SplitMix(state: 42)
        let alphabet = Array("{}[]\",:\\u0018-+.eE tfn\n\u{1}é".utf8) + [0x80, 0xC3, 0xED, 0xA0, 0xF4, 0xFF]
        var accepted = 0
        for _ in 0..<30_000 {
            var bytes = Self.sample
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                let byte = alphabet.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                default: bytes.remove(at: place)
                }
            }
            guard let text = try? JSONText(validating: bytes) else { continue }
            accepted += 1
            try Self.exercise(text)
        }
        // Were this nothing or all, the loop would show nothing.
        #expect(accepted > 1000 && accepted < 25_000)
    }

    /// The views, the tree and the second parser (of the tree's bytes) must agree.
    private static func exercise(_ text: JSONText) throws {
        let tree = JSONValue(text.root)
        #expect(try JSONValue(parsing: tree.bytes) == tree)
        #expect(String(validating: text.bytes, as: UTF8.self) != nil)
        agree(text.root, tree)
        guard text.root.kind == .object else { return }
        var edit = JSONEdit(text)
        edit.set("model", to: "other")
        edit.remove("deep")
        edit.set("added", to: [1])
        let edited = try JSONValue(parsing: edit.bytes())
        #expect(edited["model"] == "other" && edited["deep"] == nil && edited["added"] == [1])
        #expect(edited["n"] == tree["n"] && edited["e"] == tree["e"])
    }

    private static func agree(_ view: JSONView, _ tree: JSONValue) {
        switch tree {
        case .object(let members):
            var seen: [JSONMember] = []
            view.members { seen.append(JSONMember($0, JSONValue($1))) }
            #expect(seen == members)
            for member in members { #expect(view[member.key].map(JSONValue.init) == tree[member.key]) }
        case .array(let elements):
            #expect(view.elements.count == elements.count)
            for (view, element) in zip(view.elements, elements) { agree(view, element) }
        case .string(let string): #expect(view.string == string)
        case .number(let number): #expect(view.numberLiteral == number.literal && view.integer == number.integer)
        case .bool(let bool): #expect(view.bool == bool)
        case .null: #expect(view.isNull)
        }
    }
}

/// A small generator with a seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
