// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite("FixedDecimal")
struct FixedDecimalTests {
    @Test(
        "decimals and exponents are read exactly",
        arguments: [
            ("0", "0"), ("-0", "0"), ("12", "12"), ("+12", "12"), ("-3.50", "-3.5"), ("0.00000015", "0.00000015"),
            ("1.5e-07", "0.00000015"), ("1.5E-7", "0.00000015"), ("1e3", "1000"), ("1e+3", "1000"), ("12e-0", "12"),
            ("0.000000000001", "0.000000000001"), ("1.0000000000000000000000000000000000000000000", "1"),
            ("0e999999999999999999999", "0"), ("1e-00000000000012", "0.000000000001"),
            ("0000000000000000000000000000000000000000001", "1"),
            ("1000000000000000e-27", "0.000000000001"), ("0.1", "0.1"), ("0.30", "0.3"),
            ("170141183460469231731687303.715884105727", "170141183460469231731687303.715884105727"),
            ("-170141183460469231731687303.715884105728", "-170141183460469231731687303.715884105728"),
        ])
    func read(text: String, printed: String) {
        #expect(FixedDecimal(text)?.description == printed)
    }

    @Test(
        "what is no number, does not fit or would have to be rounded is refused",
        arguments: [
            "", "-", "+", ".", "1.", ".5", "e5", "1e", "1e+", "1 ", " 1", "1,5", "0x10", "NaN", "inf", "--1", "1.2.3",
            "1e5.0",
            "0.0000000000001", "1e-13", "1.0000000000001", "170141183460469231731687303.715884105728",
            "-170141183460469231731687303.715884105729", "1e27", "1e999999999999999999999", "1e-999999999999999999999",
            "99999999999999999999999999999999999999999999", "١",
        ])
    func refused(text: String) { #expect(FixedDecimal(text) == nil) }

    @Test("every value reads back from its text, the ends too")
    func roundTrip() {
        var generator = SplitMix(state: 7)
        var values: [Int128] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
        for shift in 0..<1000 {
            values.append(Int128.random(in: .min...Int128.max, using: &generator) >> (shift % 120))
        }
        for units in values {
            let value = FixedDecimal(units: units)
            #expect(FixedDecimal(value.description) == value)
        }
    }

    @Test("sums and products are exact")
    func arithmetic() throws {
        let price = try #require(FixedDecimal("0.00000015"))
        #expect((price * 1_000_003).description == "0.15000045")
        #expect((price + price - price) == price)
        let tenth = try #require(FixedDecimal("0.1"))
        #expect((0..<10).reduce(FixedDecimal.zero) { sum, _ in sum + tenth }.description == "1")
        #expect(tenth > price)
    }

    @Test("checked sums and products give nil past the ends")
    func checked() {
        let most = FixedDecimal(units: .max)
        #expect(most.adding(FixedDecimal(units: 1)) == nil)
        #expect(most.adding(FixedDecimal(units: -1)) == FixedDecimal(units: .max - 1))
        #expect(most.multiplied(by: 2) == nil)
        #expect(FixedDecimal(units: .min).multiplied(by: -1) == nil)
        #expect(FixedDecimal(units: 5).multiplied(by: .min)?.units == Int128(Int64.min) * 5)
    }
}
