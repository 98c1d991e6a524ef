// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Writes one JSON text into bytes, without spaces.
///
/// The writer sets commas and colons and escapes strings. What would not be JSON (a value without a name in an object,
/// an end without a beginning, two values) is a mistake of the program and traps. An invalid byte cannot come from a
/// Swift string; names are not checked for repetition.
package struct JSONWriter: Sendable {
    private enum Place { case root, array, object, member, done }

    private var bytes: [UInt8] = []
    private var place = Place.root
    private var isFirst = true
    private var outer: [Place] = []

    /// An empty text with room for `capacity` bytes.
    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// The text; every array and object must have ended.
    package consuming func finish() -> [UInt8] {
        precondition(place == .done, "the text is not complete")
        return bytes
    }

    // MARK: Containers

    /// An object whose members `body` writes.
    package mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        open(.object, "{")
        try body(&self)
        close(.object, "}")
    }

    /// An array whose elements `body` writes.
    package mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        open(.array, "[")
        try body(&self)
        close(.array, "]")
    }

    /// The name of the next value, in an object.
    package mutating func key(_ name: String) {
        precondition(place == .object, "a name belongs in an object, before its value")
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        JSONEscape.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        place = .member
    }

    private mutating func open(_ inner: Place, _ bracket: Unicode.Scalar) {
        beginValue()
        outer.append(place)
        bytes.append(UInt8(ascii: bracket))
        place = inner
        isFirst = true
    }

    private mutating func close(_ inner: Place, _ bracket: Unicode.Scalar) {
        precondition(place == inner, "a name without a value, or an end without a beginning")
        bytes.append(UInt8(ascii: bracket))
        place = outer.removeLast()
        isFirst = false
    }

    // MARK: Values

    /// A string; only what must be escaped is.
    package mutating func string(_ value: String) {
        beginValue()
        JSONEscape.append(value, to: &bytes)
    }

    /// A whole number.
    package mutating func integer(_ value: Int64) { literal(String(value)) }

    /// An exact decimal, as a number.
    package mutating func decimal(_ value: FixedDecimal) { literal(value.description) }

    /// The shortest literal that reads back as `value`; `null` when it is not finite: JSON has no other word for it.
    package mutating func double(_ value: Double) { literal(ECMAScriptNumber.format(value) ?? "null") }

    /// True or false.
    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    /// `null`.
    package mutating func null() { literal("null") }

    /// A value's bytes from a valid text, as they are written there.
    package mutating func raw(_ view: JSONView) {
        beginValue()
        bytes.append(contentsOf: view.rawBytes)
    }

    /// Bytes the caller knows to be one value; they are not checked.
    package mutating func raw(unchecked fragment: some Collection<UInt8>) {
        beginValue()
        bytes.append(contentsOf: fragment)
    }

    /// A tree.
    package mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(let number): literal(number.literal)
        case .string(let value): string(value)
        case .array(let elements): array { for element in elements { $0.value(element) } }
        case .object(let members): object { for member in members { $0.member(member.key, member.value) } }
        }
    }

    private mutating func literal(_ text: String) {
        beginValue()
        bytes.append(utf8: text)
    }

    private mutating func beginValue() {
        switch place {
        case .array:
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
        case .member: place = .object
        case .root: place = .done
        case .object: preconditionFailure("a value in an object needs a name")
        case .done: preconditionFailure("a text has one value")
        }
    }
}

extension JSONWriter {
    /// A member with a string; none when `value` is nil.
    package mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    /// A member with a whole number; none when `value` is nil.
    package mutating func member(_ name: String, _ value: Int64?) {
        guard let value else { return }
        key(name)
        integer(value)
    }

    /// A member that is true or false; none when `value` is nil.
    package mutating func member(_ name: String, _ value: Bool?) {
        guard let value else { return }
        key(name)
        bool(value)
    }

    /// A member with a tree.
    @_disfavoredOverload
    package mutating func member(_ name: String, _ tree: JSONValue) {
        key(name)
        value(tree)
    }
}
