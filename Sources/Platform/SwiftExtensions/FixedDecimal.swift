// SPDX-License-Identifier: Apache-2.0

/// An exact decimal with twelve places: a whole number of 10⁻¹² units in 128 bits.
///
/// Made for money: a price per token such as $0.00000015 is a whole number of pico-dollars, sums and products with
/// whole counts are exact, and nothing is ever a binary fraction. Magnitudes to 1.7 × 10²⁶.
package struct FixedDecimal: Sendable, Hashable, Comparable {
    // Two halves in place of one Int128: the compiler (6.3) aligns some stack slots of values that contain an Int128
    // to 8 bytes, reads them with instructions that demand 16, and the program dies of it.
    private let high: Int64
    private let low: UInt64

    /// The value times 10¹².
    package var units: Int128 { Int128(high) << 64 | Int128(low) }

    /// The value of that many units of 10⁻¹².
    package init(units: Int128) {
        high = Int64(truncatingIfNeeded: units >> 64)
        low = UInt64(truncatingIfNeeded: units)
    }

    /// Nothing.
    package static let zero = FixedDecimal(units: 0)
    /// Units in one whole.
    package static let scale: Int128 = 1_000_000_000_000

    /// Whether `left` is less.
    package static func < (left: FixedDecimal, right: FixedDecimal) -> Bool { left.units < right.units }

    /// The sum; traps out of bounds, so use `adding` where values come from outside.
    package static func + (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(units: left.units + right.units)
    }
    /// The difference; traps out of bounds.
    package static func - (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(units: left.units - right.units)
    }
    /// The value `count` times, exact; traps out of bounds, so use `multiplied` where values come from outside.
    package static func * (value: FixedDecimal, count: Int64) -> FixedDecimal {
        FixedDecimal(units: value.units * Int128(count))
    }
    /// Adds; traps out of bounds.
    package static func += (left: inout FixedDecimal, right: FixedDecimal) { left = left + right }

    /// The sum; nil out of bounds.
    package func adding(_ other: FixedDecimal) -> FixedDecimal? {
        let (units, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : FixedDecimal(units: units)
    }

    /// The value `count` times, exact; nil out of bounds.
    package func multiplied(by count: Int64) -> FixedDecimal? {
        let (units, overflow) = units.multipliedReportingOverflow(by: Int128(count))
        return overflow ? nil : FixedDecimal(units: units)
    }
}

extension FixedDecimal: LosslessStringConvertible {
    /// Plain decimal without trailing zeros: `0.00000015`, `12`, `-3.5`.
    package var description: String {
        var (whole, rest) = units.magnitude.quotientAndRemainder(dividingBy: Self.scale.magnitude)
        var fraction = UInt64(rest)
        var places = fraction == 0 ? 0 : 12
        while places > 0, fraction % 10 == 0 {
            fraction /= 10
            places -= 1
        }
        // From the right: up to 12 places, a point, up to 27 digits, a sign.
        return String(unsafeUninitializedCapacity: 48) { buffer in
            var position = 48
            func put(_ byte: UInt8) {
                position -= 1
                buffer[position] = byte
            }
            for _ in 0..<places {
                put(UInt8(ascii: "0") + UInt8(fraction % 10))
                fraction /= 10
            }
            if places > 0 { put(UInt8(ascii: ".")) }
            repeat {
                (whole, rest) = whole.quotientAndRemainder(dividingBy: 10)
                put(UInt8(ascii: "0") + UInt8(rest))
            } while whole > 0
            if units < 0 { put(UInt8(ascii: "-")) }
            for index in 0..<48 - position { buffer[index] = buffer[position + index] }
            return 48 - position
        }
    }

    /// Reads plain decimals and exponents (`12`, `-3.50`, `1.5e-07`); nil when it is no number, has more than twelve
    /// places that are not zero, or is out of bounds. Never rounds. A point needs digits on both sides.
    package init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let negative = bytes.first == UInt8(ascii: "-")
        if negative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard var digits = Self.takeDigits(&bytes) else { return nil }
        // The value is the digits, with the point so many places from their left end.
        var point = digits.count
        if bytes.first == UInt8(ascii: ".") {
            bytes.removeFirst()
            guard let fraction = Self.takeDigits(&bytes) else { return nil }
            digits += fraction
        }
        if let exponent = bytes.first, exponent | 0x20 == UInt8(ascii: "e") {
            bytes.removeFirst()
            guard let power = Self.takeExponent(&bytes) else { return nil }
            point += power
        }
        guard bytes.isEmpty else { return nil }
        let lead = digits.prefix { $0 == 0 }.count
        while digits.last == 0, digits.count > lead { digits.removeLast() }
        digits = digits.dropFirst(lead)
        guard let units = Self.units(digits, zeros: point - lead + 12 - digits.count, negative: negative) else {
            return nil
        }
        self.init(units: units)
    }

    /// `digits` followed by `zeros` zeros; nil when that is no whole number within bounds.
    private static func units(_ digits: ArraySlice<UInt8>, zeros: Int, negative: Bool) -> Int128? {
        guard !digits.isEmpty else { return 0 }
        guard zeros >= 0, digits.count + zeros <= 39 else { return nil }
        var units: Int128 = 0
        for index in 0..<digits.count + zeros {
            let digit = index < digits.count ? Int128(digits[digits.startIndex + index]) : 0
            let (product, high) = units.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(negative ? -digit : digit)
            guard !high, !carry else { return nil }
            units = sum
        }
        return units
    }

    /// The values of the digits at the front; nil when there are none.
    private static func takeDigits(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let digits = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        bytes.removeFirst(digits.count)
        return digits.isEmpty ? nil : digits.map { $0 - UInt8(ascii: "0") }[...]
    }

    /// An exponent with or without sign; a vast one is cut where no text has the digits to make up for it.
    private static func takeExponent(_ bytes: inout ArraySlice<UInt8>) -> Int? {
        let negative = bytes.first == UInt8(ascii: "-")
        if negative || bytes.first == UInt8(ascii: "+") { bytes.removeFirst() }
        guard let digits = takeDigits(&bytes) else { return nil }
        let power = digits.reduce(0) { min(1 << 40, $0 * 10 + Int($1)) }
        return negative ? -power : power
    }
}
