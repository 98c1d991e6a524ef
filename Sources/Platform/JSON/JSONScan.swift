// SPDX-License-Identifier: Apache-2.0

/// Steps over bytes: shared by the validator, which trusts nothing, and the views, which walk a text known to be valid.
enum JSONScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The first byte from `start` that is a quote, a backslash, a control character or not ASCII; or the end.
    @inline(__always)
    static func plainEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { return start }
        // A byte's top bit is set where a subtraction borrowed. Borrows run upward, so the lowest set bit is right.
        while position + 16 <= bytes.count {
            let word = (base + position).loadUnaligned(as: SIMD2<UInt64>.self)
            let quote = word ^ SIMD2(repeating: ones &* 0x22)
            let slash = word ^ SIMD2(repeating: ones &* 0x5C)
            let special =
                (word | (word &- SIMD2(repeating: ones &* 0x20)) | (quote &- SIMD2(repeating: ones))
                    | (slash &- SIMD2(repeating: ones))) & SIMD2(repeating: tops)
            if special[0] != 0 { return position + UInt64(littleEndian: special[0]).trailingZeroBitCount / 8 }
            if special[1] != 0 { return position + 8 + UInt64(littleEndian: special[1]).trailingZeroBitCount / 8 }
            position += 16
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte >= 0x80 { break }
            position += 1
        }
        return position
    }

    /// Behind the closing quote of the string that opens at `start`, in a valid text.
    static func stringEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start + 1
        while true {
            position = plainEnd(in: bytes, from: position)
            guard position < bytes.count else { return bytes.count }
            switch bytes[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"): position += 2
            default:
                while position < bytes.count, bytes[position] >= 0x80 { position += 1 }
            }
        }
    }

    /// Behind the value that begins at `start`, in a valid text.
    static func valueEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        switch bytes[start] {
        case UInt8(ascii: "\""): return stringEnd(in: bytes, from: start)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var depth = 0
            var position = start
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    position = stringEnd(in: bytes, from: position)
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                default: break
                }
                position += 1
                if depth == 0 { return position }
            }
            return position
        default:
            var position = start
            while position < bytes.count, !isDelimiter(bytes[position]) { position += 1 }
            return position
        }
    }

    @inline(__always)
    private static func isDelimiter(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    /// The first byte from `start` that is neither space nor `,` nor `:`, in a valid text.
    @inline(__always)
    static func tokenStart(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":") else { break }
            position += 1
        }
        return position
    }

    /// The length of the well-formed UTF-8 sequence of two to four bytes at `start`; 0 when it is none.
    @inline(__always)
    static func sequenceLength(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
        func continues(_ index: Int) -> Bool { start + index < bytes.count && bytes[start + index] & 0xC0 == 0x80 }
        let first = bytes[start]
        guard first >= 0xC2, first <= 0xF4, continues(1) else { return 0 }
        if first < 0xE0 { return 2 }
        let second = bytes[start + 1]
        guard continues(2) else { return 0 }
        if first < 0xF0 {
            return first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F ? 0 : 3
        }
        guard continues(3) else { return 0 }
        return first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F ? 0 : 4
    }

    /// The value of a hexadecimal digit.
    @inline(__always)
    static func hexValue(_ digit: UInt8) -> UInt16? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
