// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite("UniqueID")
struct UniqueIDTests {
    @Test("the layout is RFC 9562's: time, version 7, variant 10")
    func layout() {
        // RFC 9562, appendix A.6: 2022-02-22T19:22:22.00Z is 0x017F22E279B0 milliseconds.
        let id = UniqueID.v7(at: Timestamp(microseconds: 0x017F_22E2_79B0 * 1000), random: .max)
        #expect(id.description == "017f22e2-79b0-7000-bfff-ffffffffffff")
        #expect(id.time.description == "2022-02-22T19:22:22.000000Z")
        #expect(UniqueID.v7(at: id.time, random: 0).description == "017f22e2-79b0-7000-8000-000000000000")
        #expect(id.bytes.count == 16 && id.bytes[0] == 0x01 && id.bytes[1] == 0x7F && id.bytes[15] == 0xFF)
    }

    @Test("an id made a microsecond later sorts later, whatever the random bits")
    func ordering() {
        let start: Int64 = 1_790_000_000_000_000
        var last = UniqueID.v7(at: Timestamp(microseconds: start), random: .max)
        for step in 1...3000 {
            let next = UniqueID.v7(at: Timestamp(microseconds: start + Int64(step)), random: step % 2 == 0 ? 0 : .max)
            #expect(last < next)
            #expect(last.description < next.description)
            last = next
        }
    }

    @Test("the lowest id of a millisecond bounds its ids from below")
    func lowest() {
        let time = Timestamp(microseconds: 1_790_000_000_123_456)
        #expect(UniqueID.lowest(at: time) <= UniqueID.v7(at: time, random: 0))
        #expect(
            UniqueID.v7(at: Timestamp(microseconds: 1_790_000_000_122_999), random: .max) < UniqueID.lowest(at: time))
    }

    @Test("new ids differ")
    func fresh() {
        let time = Timestamp.now()
        #expect(Set((0..<1000).map { _ in UniqueID.v7(at: time) }).count == 1000)
    }

    @Test("times at the ends do not trap and keep version and variant", arguments: [Int64.min, -1, 0, .max])
    func extremes(microseconds: Int64) {
        let time = Timestamp(microseconds: microseconds)
        for id in [UniqueID.v7(at: time), .lowest(at: time)] {
            #expect(id.high >> 12 & 15 == 7)
            #expect(id.low >> 62 == 2)
        }
        #expect(UniqueID.v7(at: time, random: 0).time >= Timestamp(microseconds: 0))
    }

    @Test("text reads back, in either case")
    func text() throws {
        let id = UniqueID.v7()
        #expect(UniqueID(id.description) == id)
        #expect(UniqueID(id.description.uppercased()) == id)
        #expect(UniqueID(high: 0, low: 0).description == "00000000-0000-0000-0000-000000000000")
    }

    @Test(
        "other texts are no id",
        arguments: [
            "", "-", "017f22e279b07000bfffffffffffffff", "017f22e2-79b0-7000-bfff-fffffffffff",
            "017f22e2-79b0-7000-bfff-ffffffffffff0", "017f22e2-79b0-7000-bfff-fffffffffffg",
            "{017f22e2-79b0-7000-bfff-ffffffffffff}", "017f22e2_79b0_7000_bfff_ffffffffffff",
            " 017f22e2-79b0-7000-bfff-ffffffffffff", "017f22e2-79b0-7000-bfff-fffffffffffé",
        ])
    func refused(text: String) { #expect(UniqueID(text) == nil) }
}
