// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The base-10,000 digits of a decimal, as `numeric` has them in binary (`numeric_send`): twelve places are exactly
/// three such digits.
struct NumericDigits {
    private var digits: InlineArray<10, Int16> = .init(repeating: 0)
    /// Most significant first: `digits[first..<end]`.
    private var first = 10
    private var end = 10
    private let negative: Bool
    /// Decimal places that are not zero.
    private let places: Int16

    init(_ value: FixedDecimal) {
        negative = value.units < 0
        var rest = value.units.magnitude
        while rest > UInt128(UInt64.max) {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10_000)
            first -= 1
            digits[first] = Int16(truncatingIfNeeded: remainder)
            rest = quotient
        }
        var small = UInt64(truncatingIfNeeded: rest)
        while small > 0 {
            first -= 1
            digits[first] = Int16(truncatingIfNeeded: small % 10_000)
            small /= 10_000
        }
        while end > first, digits[end - 1] == 0 { end -= 1 }
        guard end > 7 else {
            places = 0
            return
        }
        let last = digits[end - 1]
        let zeros: Int16 = last % 1000 == 0 ? 3 : last % 100 == 0 ? 2 : last % 10 == 0 ? 1 : 0
        places = end > first ? Int16(end - 7) * 4 - zeros : 0
    }

    /// Count, weight of the first digit, sign, display scale, then the digits.
    func forEachWord(_ body: (Int16) -> Void) {
        body(Int16(end - first))
        body(end > first ? Int16(6 - first) : 0)
        body(negative ? 0x4000 : 0)
        body(places)
        for index in first..<end { body(digits[index]) }
    }

    /// Words that `forEachWord` gives.
    var wordCount: Int { 4 + end - first }
}

extension FixedDecimal {
    /// Reads `numeric`'s binary format; exact or an error, never rounded.
    init(numeric value: PostgresValue) throws(PostgresMismatch) {
        let count = Int(try value.integer(at: 0, as: Int16.self))
        let weight = Int(try value.integer(at: 2, as: Int16.self))
        let sign = try value.integer(at: 4, as: UInt16.self)
        guard sign == 0 || sign == 0x4000 else { throw PostgresMismatch("NaN or infinity is not a decimal") }
        guard value.count == 8 + 2 * count else { throw PostgresMismatch("malformed numeric") }
        var units: Int128 = 0
        for index in 0..<count {
            let digit = Int128(try value.integer(at: 8 + 2 * index, as: Int16.self))
            guard digit != 0 else { continue }
            // Place of this digit among units of 10⁻¹²: 10,000 to the power of (weight - index + 3).
            guard weight - index + 3 >= 0 else {
                throw PostgresMismatch("has more than twelve decimal places")
            }
            var part = digit
            for _ in 0..<(weight - index + 3) {
                let (product, overflow) = part.multipliedReportingOverflow(by: 10_000)
                guard !overflow else { throw PostgresMismatch("is too large") }
                part = product
            }
            let (sum, overflow) = units.addingReportingOverflow(part)
            guard !overflow else { throw PostgresMismatch("is too large") }
            units = sum
        }
        self.init(units: sign == 0 ? units : -units)
    }
}
