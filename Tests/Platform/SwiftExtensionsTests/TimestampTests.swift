// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "RFC 3339 is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1),
            ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000_000), ("1990-12-31T23:59:60Z", 662_688_000_000_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130_000), ("2000-02-29t00:00:00z", 951_782_400_000_000),
            ("2026-11-21 13:17:31.1234567899+00:00", 1_795_267_051_123_456),
            ("2024-02-29T00:00:00-00:00", 1_709_164_800_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] as [(String, Int64)])
    func read(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(
        "what is not RFC 3339 is refused",
        arguments: [
            "", "2026", "2026-11-21", "2026-11-21T13:17:31", "2026-11-21T13:17Z", "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-11-00T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T23:60:00Z", "2026-11-21T23:59:61Z",
            "2026-11-21T23:58:60Z", "2026-11-21T13:17:31.Z", "2026-11-21T13:17:31+0100", "2026-11-21T13:17:31+01",
            "2026-11-21T13:17:31+24:00", "2026-11-21T13:17:31+01:60", "2026-11-21T13:17:31Zx", "2026-11-21T13:17:31,5Z",
            "+2026-11-21T13:17:31Z", "2026-1-21T13:17:31Z", "2026-11-21T13:17:31.5", "２026-11-21T13:17:31Z",
        ])
    func refused(text: String) { #expect(Timestamp(text) == nil) }

    @Test("every prefix of a time is refused")
    func truncated() {
        let text = "2026-11-21T13:17:31.123456+01:00"
        for count in 0..<text.count { #expect(Timestamp(String(text.prefix(count))) == nil) }
        #expect(Timestamp(text) != nil)
    }

    @Test("what is printed reads back")
    func roundTrip() {
        var generator = SplitMix(state: 1)
        for _ in 0..<2000 {
            let time = Timestamp(
                microseconds: Int64.random(in: -62_167_219_200_000_000...253_402_300_799_999_999, using: &generator))
            #expect(Timestamp(time.description) == time)
        }
        #expect(Timestamp(microseconds: -1).description == "1969-12-31T23:59:59.999999Z")
        #expect(Timestamp(microseconds: -1).seconds == -1)
    }

    @Test("the ends of time do not trap")
    func extremes() {
        for time in [Timestamp(microseconds: .min), Timestamp(microseconds: .max)] {
            #expect(!time.description.isEmpty)
            #expect(time.seconds == (time.microseconds < 0 ? -9_223_372_036_855 : 9_223_372_036_854))
        }
        let last = Timestamp(microseconds: .max)
        #expect(last + .seconds(1) == last)
        #expect(last + .seconds(Int64.max) == last)
        #expect(Timestamp(microseconds: .min) - .seconds(1) == Timestamp(microseconds: .min))
        #expect(last - Timestamp(microseconds: .min) == .microseconds(Int64.max) - .microseconds(Int64.min))
        #expect(Timestamp(microseconds: 5) - .microseconds(7) == Timestamp(microseconds: -2))
    }

    @Test("days and dates agree over 800 years")
    func civil() {
        var date = CivilDate(daysSince1970: -150_000)
        for day in -149_999...150_000 {
            let next = CivilDate(daysSince1970: Int64(day))
            #expect(next.daysSince1970 == day)
            let follows = next.day == date.day + 1 && next.month == date.month && next.year == date.year
            if !follows { #expect(next.day == 1) }
            date = next
        }
        #expect(CivilDate(year: .max, month: 1, day: 1) == nil)
        #expect(CivilDate(year: 2024, month: 2, day: 29)?.daysSince1970 == 19_782)
    }
}

/// A small generator with a seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
