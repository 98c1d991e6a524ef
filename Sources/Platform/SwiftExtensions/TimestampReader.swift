// SPDX-License-Identifier: Apache-2.0

extension Timestamp: LosslessStringConvertible {
    /// Reads RFC 3339: any offset, `T` or a space, up to six decimals (more are cut, not rounded). A leap second counts
    /// as the first of the next minute. Nil for anything else.
    package init?(_ text: String) {
        var reader = TimestampReader(text)
        guard let seconds = reader.date(), let fraction = reader.fraction(), let offset = reader.offset(),
            reader.isAtEnd
        else { return nil }
        self.init(microseconds: (seconds - offset) * 1_000_000 + fraction)
    }
}

/// Goes over the text from left to right.
private struct TimestampReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { position == bytes.count }

    /// `2026-11-21T13:17:31`, in seconds since 1970.
    mutating func date() -> Int64? {
        guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
            skip("T") || skip("t") || skip(" "),
            let hour = number(2), skip(":"), let minute = number(2), skip(":"), let second = number(2),
            hour < 24, minute < 60, second < 60 || second == 60 && minute == 59,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        return date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// `.5` in microseconds; 0 when there is none.
    mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        guard var fraction = number(1).map({ $0 * 100_000 }) else { return nil }
        var scale: Int64 = 10_000
        while let digit = number(1) {
            fraction += digit * scale
            scale /= 10
        }
        return fraction
    }

    /// `Z` or `+01:00`, in seconds east of Greenwich.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    /// Exactly so many digits; the position stays when they are not there.
    private mutating func number(_ count: Int) -> Int64? {
        guard position + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + count] {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        position += count
        return value
    }
}
