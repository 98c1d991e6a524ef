// SPDX-License-Identifier: Apache-2.0

/// Quoted-printable (RFC 2045 §6.7): text stays readable, lines stay below 77 characters, every byte survives.
enum QuotedPrintable {
    private static let digits = Array("0123456789ABCDEF".utf8)

    /// Text with any line ends, as lines ended by CRLF.
    static func encode(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for line in lines(text) {
            var width = 0
            for (index, byte) in line.enumerated() {
                let isBlank = byte == 0x20 || byte == 0x09
                let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
                let token =
                    isPlain || isBlank && index < line.count - 1
                    ? [byte] : [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                if width + token.count > 75 {
                    out += Array("=\r\n".utf8)
                    width = 0
                }
                out += token
                width += token.count
            }
            out += [13, 10]
        }
        return out
    }

    /// Lines without their ends, be these CRLF, CR or LF; a last empty one does not count.
    private static func lines(_ text: String) -> [ArraySlice<UInt8>] {
        let unified = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        var lines = Array(unified.utf8).split(separator: 10, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }
}
