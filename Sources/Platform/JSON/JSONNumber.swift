// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// A number as it is written: nothing is lost by passing it on.
package struct JSONNumber: Sendable, Hashable, CustomStringConvertible {
    /// The literal, in the grammar of RFC 8259 §6.
    package let literal: String

    /// A literal known to be valid.
    init(unchecked literal: String) { self.literal = literal }

    /// Nil when `literal` is no JSON number.
    package init?(_ literal: String) {
        guard let text = try? JSONText(validating: literal), text.root.kind == .number,
            text.rootRange.count == text.bytes.count
        else { return nil }
        self.literal = literal
    }

    /// A whole number.
    package init(_ value: Int64) { literal = String(value) }

    /// The exact decimal.
    package init(_ value: FixedDecimal) { literal = value.description }

    /// The shortest literal that reads back as `value`; nil when it is not finite.
    package init?(_ value: Double) {
        guard let text = ECMAScriptNumber.format(value) else { return nil }
        literal = text
    }

    /// The value when it is whole and fits; never rounded.
    package var integer: Int64? { Self.integer(Array(literal.utf8)[...]) }

    /// The nearest finite binary number; nil beyond 1.8 × 10³⁰⁸.
    package var double: Double? { Double(literal).flatMap { $0.isFinite ? $0 : nil } }

    /// The exact decimal; nil when it has more than twelve places or is out of bounds.
    package var decimal: FixedDecimal? { FixedDecimal(literal) }

    /// The literal.
    package var description: String { literal }

    /// The whole number in a valid literal.
    static func integer(_ literal: ArraySlice<UInt8>) -> Int64? {
        let negative = literal.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in negative ? literal.dropFirst() : literal {
            guard byte &- UInt8(ascii: "0") < 10 else { return wholeDecimal(literal) }
            let (product, high) = value.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (sum, carry) = product.addingReportingOverflow(negative ? -digit : digit)
            guard !high, !carry else { return nil }
            value = sum
        }
        return value
    }

    private static func wholeDecimal(_ literal: ArraySlice<UInt8>) -> Int64? {
        guard let decimal = FixedDecimal(String(decoding: literal, as: UTF8.self)) else { return nil }
        let (whole, rest) = decimal.units.quotientAndRemainder(dividingBy: FixedDecimal.scale)
        return rest == 0 ? Int64(exactly: whole) : nil
    }
}

/// Numbers as ECMAScript writes them (ECMA-262, Number::toString), which RFC 8785 §3.2.2.3 asks for.
enum ECMAScriptNumber {
    /// Nil when `value` is not finite.
    static func format(_ value: Double) -> String? {
        guard value.isFinite else { return nil }
        guard value != 0 else { return "0" }
        // Swift prints the shortest digits that read back, the closest of them: ECMAScript's, laid out differently.
        let (digits, point) = parts(of: value.magnitude.description)
        let count = digits.count
        let text = String(decoding: digits, as: UTF8.self)
        let sign = value < 0 ? "-" : ""
        switch point {
        case count...21: return sign + text + String(repeating: "0", count: point - count)
        case 1...21: return "\(sign)\(text.prefix(point)).\(text.dropFirst(point))"
        case -5...0: return "\(sign)0.\(String(repeating: "0", count: -point))\(text)"
        default:
            let exponent = point - 1
            let fraction = count > 1 ? ".\(text.dropFirst())" : ""
            return "\(sign)\(text.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(exponent.magnitude)"
        }
    }

    /// The significant digits, and where the decimal point stands from the first of them.
    private static func parts(of description: String) -> (digits: [UInt8], point: Int) {
        let halves = description.split(separator: "e", maxSplits: 1)
        let exponent = halves.count > 1 ? Int(halves[1]) ?? 0 : 0
        var digits: [UInt8] = []
        var point: Int?
        for byte in (halves.first ?? "").utf8 {
            if byte == UInt8(ascii: ".") { point = digits.count } else { digits.append(byte) }
        }
        var place = (point ?? digits.count) + exponent
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            place -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, place)
    }
}
