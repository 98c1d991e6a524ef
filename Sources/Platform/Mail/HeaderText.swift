// SPDX-License-Identifier: Apache-2.0
import Cryptography
import SwiftExtensions

/// What may stand in a header, and how.
enum HeaderText {
    /// Whether there is no control character in it: neither C0 nor C1, nor Unicode's line and paragraph separators.
    static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.properties.generalCategory != .control && scalar.value != 0x2028 && scalar.value != 0x2029
        }
    }

    /// Unstructured text as a header's value: as it is, or as encoded words.
    static func unstructured(_ text: String) -> String {
        let isPlain = text.hasOnlyBytes { (32..<127).contains($0) } && !text.contains("=?") && text.utf8.count <= 60
        return isPlain ? text : encodedWords(text)
    }

    /// RFC 2047: words of at most 64 characters, whole Unicode scalars in each, folded onto lines of their own.
    static func encodedWords(_ text: String) -> String {
        var words: [String] = []
        var run: [UInt8] = []
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            // 39 bytes are 52 characters of base 64: the line stays short with the name of a field before it.
            if run.count + bytes.count > 39 {
                words.append(word(run))
                run = []
            }
            run += bytes
        }
        words.append(word(run))
        return words.joined(separator: "\r\n ")
    }

    private static func word(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Base64.encode(bytes))?=" }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// Without what a terminal would act on.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isKept = scalar == "\n" || scalar == "\t" || isOneLine(String(scalar))
            result.unicodeScalars.append(isKept ? scalar : "\u{FFFD}")
        }
        return result
    }
}
