// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// The character classes and the field line of RFC 9110 §5 and RFC 9112 §5.
enum Grammar {
    /// tchar: what names of methods and fields are made of.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { tokens.contains(byte) }

    /// Field content: visible characters, space, tab and the bytes above ASCII; no other control character.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

    /// Visible ASCII but `#`: a target never carries a fragment.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#") }

    /// uri-host [ ":" port ] (RFC 3986 §3.2): letters, digits and `-._~%!$&'()*+;=:[]`. No user, no comma.
    static func isHost(_ byte: UInt8) -> Bool { hosts.contains(byte) }

    /// Splits a field line into its name and its value without the white space around it; obs-fold is refused.
    static func field(
        _ bytes: [UInt8], _ line: Range<Int>
    ) throws(RequestRefusal) -> (name: Range<Int>, value: Range<Int>) {
        var colon = line.lowerBound
        while colon < line.upperBound, isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
            throw RequestRefusal(400, "a header line is not a name, a colon and a value, or is folded")
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, isBlank(bytes[start]) { start += 1 }
        while end > start, isBlank(bytes[end - 1]) { end -= 1 }
        for position in start..<end where !isFieldValue(bytes[position]) {
            throw RequestRefusal(400, "a header's value holds a control character")
        }
        return (line.lowerBound..<colon, start..<end)
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static let tokens = ASCIISet.token
    private static let hosts = ASCIISet(ASCIISet.alphanumerics + "-._~%!$&'()*+;=:[]")
}
