// SPDX-License-Identifier: Apache-2.0
import CAssets

/// Passwords that are tried first: some 44,000 leaked ones and long English words, searched where they lie in the
/// binary.
///
/// The list is of folded entries (`Assets/common-passwords.txt`); `Scripts/common-passwords` makes it.
package enum CommonPassword {
    /// Whether a text is one of them, whatever digits and symbols stand around it, and in whatever disguise
    /// (`P4$$w0rd-2024!`), or is one of them again and again (`monkey1monkey2`). Takes some microseconds.
    package static func matches(_ text: String) -> Bool {
        let bytes = lowercased(text)
        let runs = Set(bytes.split { !isLetter($0) }.map(fold))
        if runs.count == 1, let run = runs.first, contains(unit(of: run)) { return true }
        let leading = bytes.prefix { !isLetter($0) }.count
        let trailing = bytes.reversed().prefix { !isLetter($0) }.count
        guard leading < bytes.count else { return contains(fold(bytes[...])) }
        let forms = [bytes[...], bytes.dropLast(trailing), bytes.dropFirst(leading).dropLast(trailing)].map(fold)
        return forms.contains { contains($0) || contains(unit(of: $0)) }
    }

    /// A text in lower case, with look-alikes made one (`0` is `o`; `1`, `!` and `l` are `i`) and all other symbols of
    /// ASCII left out: what differs only so is equally easy to guess.
    package static func fold(_ text: String) -> [UInt8] { fold(lowercased(text)[...]) }

    private static func lowercased(_ text: String) -> [UInt8] { Array(text.lowercased().utf8) }

    /// Letters of ASCII, and every byte of what is not ASCII.
    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static let lookAlikes: [UInt8: UInt8] = {
        let pairs = zip("013457@$!|+l".utf8, "oieastasiiti".utf8)
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0, $1) })
    }()

    private static let keptDigits = Array("2689".utf8)

    static func fold(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.compactMap { byte in
            let byte = lookAlikes[byte] ?? byte
            return isLetter(byte) || keptDigits.contains(byte) ? byte : nil
        }
    }

    /// The shortest piece that a text repeats to its end; the text itself when it repeats nothing.
    package static func unit<Element: Equatable>(of text: [Element]) -> [Element] {
        for count in 1..<max(2, text.count / 2 + 1) where text.count.isMultiple(of: count) {
            if text.indices.dropFirst(count).allSatisfy({ text[$0] == text[$0 - count] }) {
                return Array(text.prefix(count))
            }
        }
        return text
    }

    // MARK: The list

    private static var list: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: cassets_common_passwords.bytes, count: cassets_common_passwords.count)
    }

    /// Halves the list until the entry's place is found.
    static func contains(_ entry: [UInt8]) -> Bool {
        guard !entry.isEmpty else { return false }
        let list = list
        var (low, high) = (0, list.count)
        while low < high {
            var start = (low + high) / 2
            while start > low, list[start - 1] != newline { start -= 1 }
            let line = list[start...].prefix { $0 != newline }
            if line.elementsEqual(entry) { return true }
            if line.lexicographicallyPrecedes(entry) { low = line.endIndex + 1 } else { high = start }
        }
        return false
    }

    private static let newline = UInt8(ascii: "\n")
}
