// SPDX-License-Identifier: Apache-2.0

/// Base 32 (RFC 4648 §6) without padding: capital letters and the digits 2 to 7, fit for reading aloud.
package enum Base32 {
    private static let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// Eight characters for each five bytes.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 5 {
                held -= 5
                text.append(characters[Int(bits >> held & 31)])
            }
            bits &= (1 << held) - 1
        }
        if held > 0 { text.append(characters[Int(bits << (5 - held) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes; nil for characters outside the alphabet, small letters, padding, and bits left over that are not
    /// zero.
    package static func decode(_ text: String) -> [UInt8]? {
        guard ![1, 3, 6].contains(text.utf8.count % 8) else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for character in text.utf8 {
            guard let value = characters.firstIndex(of: character) else { return nil }
            bits = bits << 5 | UInt32(value)
            held += 5
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> held))
                bits &= (1 << held) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
