// SPDX-License-Identifier: Apache-2.0

/// A UUID (RFC 9562): 128 bits, printed as 36 lower-case characters.
///
/// New ones are version 7: their first 48 bits are Unix milliseconds, so ids made later sort later, and rows
/// that are written together lie together in an index.
package struct UniqueID: Sendable, Hashable, Comparable {
    /// Bytes 0–7, big-endian.
    package let high: UInt64
    /// Bytes 8–15, big-endian.
    package let low: UInt64

    /// The id of those 16 bytes.
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A version 7 id for `time`; its 62 random bits come from the system's generator.
    package static func v7(at time: Timestamp = .now()) -> UniqueID {
        var random = BufferedRandom()
        return v7(at: time, random: random.next())
    }

    /// A version 7 id with given random bits (the upper 62 count), for tests.
    ///
    /// The 12 bits after the version hold the fraction of the millisecond (RFC 9562 §6.2, method 3), so that ids
    /// of one process made in the same millisecond still sort by time.
    package static func v7(at time: Timestamp, random: UInt64) -> UniqueID {
        let (milliseconds, microseconds) = parts(of: time)
        return UniqueID(
            high: milliseconds << 16 | 0x7000 | microseconds * 4096 / 1000,
            low: 0x8000_0000_0000_0000 | random >> 2)
    }

    /// The smallest version 7 id of `time`'s millisecond: a bound for range queries over ids.
    package static func lowest(at time: Timestamp) -> UniqueID {
        UniqueID(high: parts(of: time).milliseconds << 16 | 0x7000, low: 0x8000_0000_0000_0000)
    }

    /// The time in a version 7 id, to the millisecond.
    package var time: Timestamp { Timestamp(microseconds: Int64(high >> 16) * 1000) }

    /// Times before 1970 count as 1970, those past the 48 bits of the format (the year 10889) as the last one.
    private static func parts(of time: Timestamp) -> (milliseconds: UInt64, microseconds: UInt64) {
        let time = UInt64(max(0, time.microseconds))
        return time / 1000 < 1 << 48 ? (time / 1000, time % 1000) : (1 << 48 - 1, 999)
    }

    /// The 16 bytes, in order.
    package var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { [UInt8]($0) }
    }

    /// By bytes: for version 7, by time.
    package static func < (left: UniqueID, right: UniqueID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension UniqueID: LosslessStringConvertible {
    /// 36 characters in lower case.
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for index in 0..<16 {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 8 ? high : low
                let byte = UInt8(truncatingIfNeeded: word >> (56 - 8 * (index % 8)))
                buffer[position] = Hex.digit(byte >> 4)
                buffer[position + 1] = Hex.digit(byte & 15)
                position += 2
            }
            return 36
        }
    }

    /// Reads the 36-character form; nil for anything else.
    package init?(_ description: String) {
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var position = 0
        for byte in description.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                guard let value = Hex.value(byte), digits < 32 else { return nil }
                if digits < 16 {
                    words.0 = words.0 << 4 | UInt64(value)
                } else {
                    words.1 = words.1 << 4 | UInt64(value)
                }
                digits += 1
            }
            position += 1
        }
        guard position == 36 else { return nil }
        self.init(high: words.0, low: words.1)
    }
}
