// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions

/// Files one after the other in the ustar format (IEEE Std 1003.1, pax): what every `tar` reads. Nothing is compressed
/// and nothing is kept, so that an archive can be sent while it is made.
enum TapeArchive {
    private static let block = 512

    /// A file whole: header, content, and zeros up to the next block. `name` has at most 100 bytes of ASCII, `content`
    /// at most 8 GiB.
    static func file(_ name: String, _ content: [UInt8], at time: Timestamp) -> [UInt8] {
        precondition(name.utf8.count <= 100, "a name that ustar has no room for")
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        put(name, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(content.count, digits: 11), at: 124)
        put(octal(Int(time.seconds), digits: 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, digits: 6) + "\0 ", at: 148)
        let padding = (block - content.count % block) % block
        return header + content + [UInt8](repeating: 0, count: padding)
    }

    /// Two empty blocks.
    static let end = [UInt8](repeating: 0, count: 2 * block)

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
