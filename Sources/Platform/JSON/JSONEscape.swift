// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Writes string literals with the fewest escapes: `"`, `\` and what is below U+0020, the short forms where there are
/// any (also RFC 8785 §3.2.2.2).
enum JSONEscape {
    static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { source in
            var start = 0
            var position = 0
            while true {
                position = JSONScan.plainEnd(in: source, from: position)
                guard position < source.count else { break }
                let byte = source[position]
                guard byte < 0x80 else {
                    position += 1
                    continue
                }
                bytes.append(contentsOf: source[start..<position])
                append(escaping: byte, to: &bytes)
                position += 1
                start = position
            }
            bytes.append(contentsOf: source[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(escaping byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x22, 0x5C: bytes.append(byte)
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Hex.digit(byte >> 4))
            bytes.append(Hex.digit(byte & 15))
        }
    }
}
