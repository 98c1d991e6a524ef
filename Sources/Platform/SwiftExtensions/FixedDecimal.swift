// SPDX-License-Identifier: Apache-2.0

/// An exact decimal with twelve places: a whole number of 10⁻¹² units in 128 bits.
///
/// Made for money: a price per token such as $0.00000015 is a whole number of pico-dollars, sums and products with
/// whole counts are exact, and nothing is ever a binary fraction. Magnitudes to 1.7 × 10²⁶.
package struct FixedDecimal: Sendable, Hashable, Comparable {
    /// The value times 10¹².
    package let units: Int128

    package init(units: Int128) { self.units = units }

    package static let zero = FixedDecimal(units: 0)
    /// Units in one whole.
    package static let scale: Int128 = 1_000_000_000_000

    package static func < (left: FixedDecimal, right: FixedDecimal) -> Bool { left.units < right.units }
    package static func + (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(units: left.units + right.units)
    }
    package static func - (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(units: left.units - right.units)
    }
    /// The value `count` times; exact.
    package static func * (value: FixedDecimal, count: Int64) -> FixedDecimal {
        FixedDecimal(units: value.units * Int128(count))
    }
    package static func += (left: inout FixedDecimal, right: FixedDecimal) { left = left + right }
}

extension FixedDecimal: LosslessStringConvertible {
    /// Plain decimal without trailing zeros: `0.00000015`, `12`, `-3.5`.
    package var description: String {
        let magnitude = units.magnitude
        let scale = Self.scale.magnitude
        let sign = units < 0 ? "-" : ""
        let fraction = magnitude % scale
        guard fraction != 0 else { return "\(sign)\(magnitude / scale)" }
        var digits = Array(String(fraction).utf8)
        digits = Array(repeating: UInt8(ascii: "0"), count: 12 - digits.count) + digits
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(sign)\(magnitude / scale).\(String(decoding: digits, as: UTF8.self))"
    }

    /// Reads plain decimals and exponents (`1.5e-07`); nil when it is no number, has more than twelve places that
    /// are not zero, or is out of bounds. Never rounds.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        var position = 0
        let negative = bytes.first == UInt8(ascii: "-")
        if negative || bytes.first == UInt8(ascii: "+") { position = 1 }
        var mantissa: Int128 = 0
        var places = 0
        var digits = 0
        var afterPoint = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "."), !afterPoint {
                afterPoint = true
            } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                guard mantissa < Int128(10) * 1_000_000_000_000_000_000 * 1_000_000_000_000_000_000 else { return nil }
                mantissa = mantissa * 10 + Int128(byte - UInt8(ascii: "0"))
                digits += 1
                if afterPoint { places += 1 }
            } else {
                break
            }
            position += 1
        }
        guard digits > 0 else { return nil }
        var exponent = 12 - places
        if position < bytes.count {
            guard bytes[position] | 0x20 == UInt8(ascii: "e"), bytes.count - position <= 5,
                let power = Int(String(decoding: bytes[(position + 1)...], as: UTF8.self))
            else { return nil }
            exponent += power
        }
        while exponent < 0 {
            guard mantissa.isMultiple(of: 10) else { return nil }
            mantissa /= 10
            exponent += 1
            if mantissa == 0 { break }
        }
        while exponent > 0, mantissa != 0 {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            mantissa = product
            exponent -= 1
        }
        self.init(units: negative ? -mantissa : mantissa)
    }
}
