// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Reads string literals of a valid text.
enum JSONStrings {
    /// The value of the literal at `range` (with its quotes).
    static func decode(_ text: [UInt8], _ range: Range<Int>) -> String {
        text.withUnsafeBufferPointer { bytes in
            let inner = UnsafeBufferPointer(rebasing: bytes[range.lowerBound + 1..<range.upperBound - 1])
            guard hasEscape(inner) else { return String(decoding: inner, as: UTF8.self) }
            return String(decoding: unescaped(inner), as: UTF8.self)
        }
    }

    /// The value of the literal at `range`, in UTF-8.
    static func bytes(_ text: [UInt8], _ range: Range<Int>) -> [UInt8] {
        text.withUnsafeBufferPointer { bytes in
            let inner = UnsafeBufferPointer(rebasing: bytes[range.lowerBound + 1..<range.upperBound - 1])
            return hasEscape(inner) ? unescaped(inner) : Array(inner)
        }
    }

    /// Whether the literal at `range` has the value `wanted`, byte for byte: Swift's `==` would also equate
    /// different spellings of an accent, which to JSON are different names.
    static func matches(_ text: [UInt8], _ range: Range<Int>, _ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
        let count = range.count - 2
        // An escape is always longer than what it stands for.
        guard count >= wanted.count else { return false }
        return text.withUnsafeBufferPointer { bytes in
            let inner = UnsafeBufferPointer(rebasing: bytes[range.lowerBound + 1..<range.upperBound - 1])
            if !hasEscape(inner) { return count == wanted.count && inner.elementsEqual(wanted) }
            return unescaped(inner).elementsEqual(wanted)
        }
    }

    private static func hasEscape(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        escape(in: bytes, from: 0) < bytes.count
    }

    /// The first backslash from `start`, or the end.
    private static func escape(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard let base = UnsafeRawPointer(bytes.baseAddress),
            let found = memchr(base + start, Int32(UInt8(ascii: "\\")), bytes.count - start)
        else { return bytes.count }
        return UnsafeRawPointer(found) - base
    }

    private static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count {
            let run = escape(in: bytes, from: position)
            result.append(contentsOf: bytes[position..<run])
            position = run
            guard position < bytes.count else { break }
            guard bytes[position + 1] == UInt8(ascii: "u") else {
                result.append(character(bytes[position + 1]))
                position += 2
                continue
            }
            let (scalar, length) = unicode(bytes, at: position)
            result.append(contentsOf: String(Character(scalar)).utf8)
            position += length
        }
        return result
    }

    private static func character(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }

    /// The scalar of a `\u` escape, or of two that are a surrogate pair, and how many bytes it took.
    private static func unicode(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (Unicode.Scalar, Int) {
        let high = unit(bytes, at: start)
        if let scalar = Unicode.Scalar(high) { return (scalar, 6) }
        if high < 0xDC00, start + 12 <= bytes.count, bytes[start + 6] == UInt8(ascii: "\\"),
            bytes[start + 7] == UInt8(ascii: "u")
        {
            let low = unit(bytes, at: start + 6)
            if low >= 0xDC00, low <= 0xDFFF,
                let scalar = Unicode.Scalar(0x10000 + (UInt32(high - 0xD800) << 10 | UInt32(low - 0xDC00)))
            {
                return (scalar, 12)
            }
        }
        return ("\u{FFFD}", 6)
    }

    private static func unit(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt16 {
        (2..<6).reduce(0) { $0 << 4 | (JSONScan.hexValue(bytes[start + $1]) ?? 0) }
    }
}
