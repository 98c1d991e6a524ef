// SPDX-License-Identifier: Apache-2.0
import Testing
import UnicodeText

@Suite("Normalization Form C")
struct NormalizationTests {
    /// From UAX #15, figures 3 to 5, and its table of Hangul.
    @Test(
        "what is typed in pieces becomes one",
        arguments: [
            ("e\u{301}", "\u{E9}"), ("A\u{30A}", "\u{C5}"), ("\u{212B}", "\u{C5}"), ("\u{2126}", "\u{3A9}"),
            ("s\u{307}\u{323}", "\u{1E69}"), ("\u{1E0B}\u{323}", "\u{1E0D}\u{307}"),
            ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
        ])
    func composed(typed: String, expected: String) throws {
        #expect(Array(try Normalization.nfc(typed, limit: 100).unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test(
        "what is normal already stays, and compatibility characters are not folded",
        arguments: ["", "password", "\u{E9}", "\u{FB01}", "２", "𝒜", "a\u{0}b", "👩‍👩‍👧"])
    func stays(text: String) throws {
        #expect(Array(try Normalization.nfc(text, limit: 100).utf8) == Array(text.utf8))
    }

    @Test("characters that grow when they are normalized stay within three times their bytes")
    func growth() throws {
        #expect(try Normalization.nfc("\u{1D160}", limit: 4).utf8.count == 12)
    }

    @Test("a text above the limit is refused before it is looked at")
    func bounded() throws {
        let long = String(repeating: "e\u{301}", count: 400_000)
        #expect(throws: UnicodeTextError.tooLong(bytes: 1_200_000, limit: 1024)) {
            try Normalization.nfc(long, limit: 1024)
        }
        #expect(try Normalization.nfc("123", limit: 3) == "123")
    }
}
