// SPDX-License-Identifier: Apache-2.0

/// A JSON value as a tree, for texts that are made or taken apart at leisure.
///
/// Two values are equal when their numbers have the same literal (`1` is not `1.0`) and their members the same order.
package indirect enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    /// Members in order; names may repeat.
    case object([JSONMember])

    /// The tree of a view. Its depth is bounded by the text's limits.
    package init(_ view: JSONView) {
        var builder = JSONTreeBuilder(view)
        self = builder.value()
    }

    /// Checks and reads a whole text.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        self.init(try JSONText(validating: bytes, limits: limits).root)
    }

    /// The first member named `key`, compared byte for byte; nil when there is none or this is no object.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The element at `index`; nil when there is none or this is no array.
    package subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// A string's value.
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    /// A whole number that fits; never rounded.
    package var integer: Int64? { if case .number(let number) = self { number.integer } else { nil } }
    /// The nearest finite binary number.
    package var double: Double? { if case .number(let number) = self { number.double } else { nil } }
    /// True or false.
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// An array's elements.
    package var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// An object's members.
    package var members: [JSONMember]? { if case .object(let members) = self { members } else { nil } }
    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// The value in bytes, without spaces.
    package var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.finish()
    }
}

/// A name and its value.
package struct JSONMember: Sendable, Hashable {
    /// The name.
    package var key: String
    /// The value.
    package var value: JSONValue

    /// One member of an object.
    package init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value without spaces.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// `null`.
    package init(nilLiteral: ()) { self = .null }
    /// True or false.
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    package init(integerLiteral value: Int64) { self = .number(JSONNumber(value)) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByFloatLiteral {
    /// A string.
    package init(stringLiteral value: String) { self = .string(value) }
    /// A literal that is not finite cannot be written in source without overflow; it would be `null`.
    package init(floatLiteral value: Double) { self = JSONNumber(value).map(JSONValue.number) ?? .null }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// An array.
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object, members in order.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember($0, $1) })
    }
}
