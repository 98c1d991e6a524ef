// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// What is wrong with a field of a request, and which.
package struct JSONFieldError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong.
    package enum Problem: Equatable, Sendable {
        /// There is no such field, or it is null.
        case missing
        /// The value is not what was expected: `a whole number from 1 to 100`.
        case expected(String)
        /// No such field is known; the name that was perhaps meant.
        case unknown(nearest: String?)
        /// The field occurs twice.
        case duplicate
    }

    /// Where the field lies: `provider.prices[2].input`; empty for the body itself.
    package let path: String
    /// What was wrong.
    package let problem: Problem

    /// One problem of one field.
    package init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// One line for people.
    package var description: String {
        let name = path.isEmpty ? "the body" : "\"\(path)\""
        return switch problem {
        case .missing: "\(name) is missing"
        case .expected(let what): "\(name) must be \(what)"
        case .unknown(let nearest?): "\(name) is not a known field; did you mean \"\(nearest)\"?"
        case .unknown(nil): "\(name) is not a known field"
        case .duplicate: "\(name) occurs twice"
        }
    }
}

/// Reads the fields of an object one by one, strictly: each by name and kind, and in the end none may be left over.
///
/// An optional field is absent or `null`; `contains` tells the two apart.
package struct JSONFields: Sendable {
    private let path: String
    private let members: [(key: String, value: JSONView)]
    private var known: [String] = []

    /// The fields of `object`; refuses another kind of value and names that repeat. `path` is where the object lies.
    package init(_ object: JSONView, path: String = "") throws(JSONFieldError) {
        guard object.kind == .object else { throw JSONFieldError(path: path, problem: .expected("an object")) }
        if let key = object.firstDuplicateKey() {
            throw JSONFieldError(path: Self.join(path, key), problem: .duplicate)
        }
        var members: [(String, JSONView)] = []
        object.members { members.append(($0, $1)) }
        self.path = path
        self.members = members
    }

    /// Whether the field is there, be it `null`. Does not make the name known.
    package func contains(_ name: String) -> Bool { members.contains { $0.key.utf8.elementsEqual(name.utf8) } }

    /// Refuses fields nobody has asked for.
    package func finish() throws(JSONFieldError) {
        for (key, _) in members where !known.contains(where: { $0.utf8.elementsEqual(key.utf8) }) {
            let nearest = EditDistance.nearest(to: key, among: known)
            throw JSONFieldError(path: Self.join(path, key), problem: .unknown(nearest: nearest))
        }
    }

    // MARK: Any value

    /// The value of a field; nil when it is absent or `null`.
    package mutating func optional(_ name: String) -> JSONView? {
        known.append(name)
        let value = members.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
        return value?.isNull == true ? nil : value
    }

    /// The value of a field that must be there and not `null`.
    package mutating func value(_ name: String) throws(JSONFieldError) -> JSONView {
        try required(name, optional(name))
    }

    /// The error that field `name` is not `what`, for rules of the caller.
    package func error(_ name: String, expected what: String) -> JSONFieldError {
        JSONFieldError(path: Self.join(path, name), problem: .expected(what))
    }

    private func required<Value>(_ name: String, _ value: Value?) throws(JSONFieldError) -> Value {
        guard let value else { throw JSONFieldError(path: Self.join(path, name), problem: .missing) }
        return value
    }

    private mutating func read<Value>(
        _ name: String, _ what: String, _ body: (JSONView) -> Value?
    ) throws(JSONFieldError) -> Value? {
        guard let view = optional(name) else { return nil }
        guard let value = body(view) else { throw error(name, expected: what) }
        return value
    }

    private static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    // MARK: Scalars

    /// A string of so many bytes of UTF-8.
    package mutating func string(_ name: String, bytes: ClosedRange<Int> = 0...65_536) throws(JSONFieldError) -> String
    {
        try required(name, optionalString(name, bytes: bytes))
    }

    /// A string of so many bytes of UTF-8; nil when it is absent or `null`.
    package mutating func optionalString(
        _ name: String, bytes: ClosedRange<Int> = 0...65_536
    ) throws(JSONFieldError) -> String? {
        guard let value = try read(name, "a string", \.string) else { return nil }
        guard bytes.contains(value.utf8.count) else {
            throw error(name, expected: "a string of \(bytes.lowerBound) to \(bytes.upperBound) bytes")
        }
        return value
    }

    /// A whole number in `range`.
    package mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(JSONFieldError) -> Int64 {
        try required(name, optionalInteger(name, in: range))
    }

    /// A whole number in `range`; nil when it is absent or `null`.
    package mutating func optionalInteger(
        _ name: String, in range: ClosedRange<Int64>
    ) throws(JSONFieldError) -> Int64? {
        try read(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { view in
            view.integer.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// True or false.
    package mutating func bool(_ name: String) throws(JSONFieldError) -> Bool { try required(name, optionalBool(name)) }

    /// True or false; nil when it is absent or `null`.
    package mutating func optionalBool(_ name: String) throws(JSONFieldError) -> Bool? {
        try read(name, "true or false", \.bool)
    }

    /// An exact decimal, written as a number or as a string; never through a binary fraction.
    package mutating func decimal(_ name: String) throws(JSONFieldError) -> FixedDecimal {
        try required(name, optionalDecimal(name))
    }

    /// An exact decimal, written as a number or as a string; nil when it is absent or `null`.
    package mutating func optionalDecimal(_ name: String) throws(JSONFieldError) -> FixedDecimal? {
        try read(name, "a decimal of at most twelve places") { view in
            (view.numberLiteral ?? view.string).flatMap(FixedDecimal.init)
        }
    }

    // MARK: Arrays and objects

    /// Strings, at most `count` of them.
    package mutating func stringArray(_ name: String, count: Int = 1024) throws(JSONFieldError) -> [String] {
        try required(name, optionalStringArray(name, count: count))
    }

    /// Strings, at most `count` of them; nil when the field is absent or `null`.
    package mutating func optionalStringArray(_ name: String, count: Int = 1024) throws(JSONFieldError) -> [String]? {
        try read(name, "an array of at most \(count) strings") { view in
            guard view.kind == .array else { return nil }
            let elements = view.elements
            let strings = elements.compactMap(\.string)
            return elements.count <= count && strings.count == elements.count ? strings : nil
        }
    }

    /// The fields of a nested object.
    package mutating func object(_ name: String) throws(JSONFieldError) -> JSONFields {
        try required(name, optionalObject(name))
    }

    /// The fields of a nested object; nil when it is absent or `null`.
    package mutating func optionalObject(_ name: String) throws(JSONFieldError) -> JSONFields? {
        guard let view = optional(name) else { return nil }
        return try JSONFields(view, path: Self.join(path, name))
    }

    /// The fields of each object in an array, at most `count` of them; none when the field is absent or `null`.
    package mutating func objectArray(_ name: String, count: Int = 1024) throws(JSONFieldError) -> [JSONFields] {
        let views = try read(name, "an array of at most \(count) objects") { view in
            view.kind == .array && view.elements.count <= count ? view.elements : nil
        }
        var fields: [JSONFields] = []
        for (index, view) in (views ?? []).enumerated() {
            fields.append(try JSONFields(view, path: "\(Self.join(path, name))[\(index)]"))
        }
        return fields
    }
}
