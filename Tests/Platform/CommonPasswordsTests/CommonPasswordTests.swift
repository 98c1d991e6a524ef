// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import CommonPasswords

@Suite("Common passwords")
struct CommonPasswordTests {
    @Test(
        "the obvious ones are known, whatever stands around them and however they are disguised",
        arguments: [
            "passwordpassword", "Password1234!", "P4$$w0rd-2024!", "123456password", "monkey1monkey2", "qwertyuiop12",
            "administration", "International99", "password password", "!!!!iloveyou!!!!", "sunshine2024",
            "letmeinletmein",
            "1234567890qwerty", "q1w2e3r4t5y6", "pass-word-pass-word", "12345678900987654321",
        ])
    func known(text: String) { #expect(CommonPassword.matches(text)) }

    @Test(
        "what is not on the list is not refused for what it contains",
        arguments: [
            "", "correct horse battery staple", "mein Hund heisst Rex", "vTn4&kWz9!pL", "sunshine over the monkey",
            "пароль из трёх слов", "9f86d081884c7d65", "8273640195620",
        ])
    func unknown(text: String) { #expect(!CommonPassword.matches(text)) }

    @Test("every entry of the list is found, and is its own fold; nothing between two entries is")
    func everyEntry() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../Assets/common-passwords.txt")
        let entries = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(entries.count > 40_000)
        for entry in entries {
            #expect(CommonPassword.contains(Array(entry.utf8)), "\(entry)")
            #expect(CommonPassword.fold(String(entry)) == Array(entry.utf8), "\(entry)")
            #expect(!CommonPassword.contains(Array(entry.utf8) + [1]), "\(entry)")
        }
        #expect(!CommonPassword.contains([]) && !CommonPassword.contains([0]) && !CommonPassword.contains([255]))
    }

    @Test("the piece that a text repeats is found")
    func unit() {
        #expect(CommonPassword.unit(of: Array("abcabcabc")) == Array("abc"))
        #expect(CommonPassword.unit(of: Array("aaaa")) == ["a"])
        #expect(CommonPassword.unit(of: Array("abcabca")) == Array("abcabca"))
        #expect(CommonPassword.unit(of: Array("a")) == ["a"])
        #expect(CommonPassword.unit(of: [UInt8]()) == [])
    }
}
