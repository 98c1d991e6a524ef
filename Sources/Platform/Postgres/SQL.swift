// SPDX-License-Identifier: Apache-2.0

/// A statement with its parameters: `"SELECT name FROM person WHERE id = \(id)"`.
///
/// Interpolated values never become part of the text: they are bound as `$1`, `$2`, … in PostgreSQL's binary format.
/// `\(raw: text)` splices text as it is, `\(identifier: name)` splices a quoted identifier, and another `SQL`
/// is spliced with its parameters. At most 65,535 parameters (the protocol's bound; more is a server error).
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$n` in place of the values.
    package private(set) var text: String
    /// Where the placeholders begin, in UTF-8 bytes; they are renumbered when statements are joined.
    private var placeholders: [Int] = []
    private(set) var types: [UInt32] = []
    /// Length in bytes of each value in `bytes`; -1 is NULL.
    private(set) var lengths: [Int32] = []
    private(set) var bytes: [UInt8] = []

    package init(stringLiteral value: String) { text = value }

    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }

    /// Text as it is, without parameters. Never pass text from outside.
    package init(raw text: String) { self.text = text }

    /// One statement after the other, parameters renumbered.
    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    package static func += (left: inout SQL, right: SQL) { left.append(right) }

    mutating func append(text more: String) { text += more }

    mutating func bind(_ value: some PostgresEncodable) {
        types.append(value.boundType.oid)
        if value.isNull {
            lengths.append(-1)
        } else {
            let start = bytes.count
            value.encode(into: &bytes)
            lengths.append(Int32(clamping: bytes.count - start))
        }
        addPlaceholder()
    }

    private mutating func addPlaceholder() {
        placeholders.append(text.utf8.count)
        text += "$\(placeholders.count)"
    }

    private mutating func append(_ other: SQL) {
        let utf8 = Array(other.text.utf8)
        var copied = 0
        for (index, start) in other.placeholders.enumerated() {
            text += String(decoding: utf8[copied..<start], as: UTF8.self)
            addPlaceholder()
            copied = start + "$\(index + 1)".utf8.count
        }
        text += String(decoding: utf8[copied...], as: UTF8.self)
        types += other.types
        lengths += other.lengths
        bytes += other.bytes
    }

    /// Collects the pieces of a literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate(set) var sql = SQL(raw: "")

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.text.reserveCapacity(literalCapacity + interpolationCount * 3)
        }

        package mutating func appendLiteral(_ literal: String) { sql.text += literal }

        /// Binds a value.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) { sql.bind(value) }

        /// Binds a value, or NULL.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) { sql.bind(value) }

        /// Splices another statement with its parameters.
        package mutating func appendInterpolation(_ other: SQL) { sql.append(other) }

        /// Splices text as it is. Never pass text from outside.
        package mutating func appendInterpolation(raw text: String) { sql.append(text: text) }

        /// Splices a name in double quotes, quotes in it doubled.
        package mutating func appendInterpolation(identifier name: String) { sql.append(text: quoted(name)) }
    }
}

/// An identifier in double quotes, quotes in it doubled, NUL left out (SQL:2016 §5.2, delimited identifiers).
func quoted(_ identifier: String) -> String {
    var result = "\""
    for scalar in identifier.unicodeScalars where scalar != "\0" {
        if scalar == "\"" { result += "\"" }
        result.unicodeScalars.append(scalar)
    }
    return result + "\""
}
