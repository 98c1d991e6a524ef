// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import SwiftExtensions
import Testing

@Suite("The rule of passwords")
struct PasswordTests {
    private static let ada = KnownWords(
        email: "ada.lovelace@analytical.example", name: "Ada Lovelace",
        organizations: ["Difference Engines", "engines"])

    @Test(
        "a good password is taken, as it is in Normalization Form C",
        arguments: [
            "vTn4&kWz9!pL", "correct horse battery staple", "drei Hunde im Regen", "пароль из трёх слов",
            "密码很长而且没有人能猜到它",
            "  spaces are fine  ", String(repeating: "abcdefgh-1x", count: 11) + "öööö",
            "lovelace wrote the first program",
        ])
    func good(text: String) throws {
        #expect(
            try Password(Secret(text), of: Self.ada).text.reveal().unicodeScalars.elementsEqual(text.unicodeScalars))
    }

    @Test("what is typed in pieces is the same password, and each character counts once")
    func normalized() throws {
        let pieces = "ünä über öl"  // 11 code points
        let decomposed = "u\u{308}na\u{308} u\u{308}ber o\u{308}l"
        #expect(refusal(decomposed)?.code == "invalid_password")
        let one = try Password(Secret(decomposed + "!"))
        #expect(one.text.reveal().unicodeScalars.elementsEqual((pieces + "!").unicodeScalars))
    }

    @Test(
        "the length is counted in code points",
        arguments: [
            ("vTn4&kWz9!p", false), ("vTn4&kWz9!pL", true), ("vTn4&kWz9öp", false), ("", false),
            (String(repeating: "vTn4&kWz9!pLq8Xb", count: 8), true),
            (String(repeating: "vTn4&kWz9!pLq8Xb", count: 8) + "x", false),
        ])
    func length(text: String, isGood: Bool) {
        #expect((refusal(text)?.code == "invalid_password") == !isGood)
    }

    @Test(
        "control characters are refused",
        arguments: ["vTn4&kWz9!pL\n", "vTn4\u{0}kWz9!pL", "vTn4\tkWz9!pL", "vTn4\u{85}kWz9!pL", "vTn4\u{7F}kWz9!pL"])
    func controls(text: String) { #expect(refusal(text)?.code == "invalid_password") }

    @Test(
        "what is tried first is refused",
        arguments: [
            "password1234", "P4$$w0rd2024", "passwordpassword", "aaaaaaaaaaaa", "123456789012", "abcdefghijkl",
            "098765432109", "k9$k9$k9$k9$", "qwertyuiop12", "111122223333", "International1",
        ])
    func common(text: String) { #expect(refusal(text)?.code == "weak_password") }

    @Test(
        "what is made of the person's own name, address and organization is refused",
        arguments: [
            "ada.lovelace@analytical.example", "AdaLovelace1815", "L0velace-18!5", "analytical2024!",
            "Difference-Engines",
            "lovelaceLovelace1",
        ])
    func personal(text: String) throws {
        #expect(refusal(text, of: Self.ada)?.code == "weak_password")
        #expect(refusal(text, of: Self.ada)?.message.contains(text) == false)
    }

    @Test("a megabyte is refused without being looked at, and the error does not repeat it")
    func megabyte() throws {
        let error = try #require(refusal(String(repeating: "é", count: 1 << 19), field: "new_password"))
        #expect(error.code == "invalid_password" && error.status == 400 && error.parameter == "new_password")
        #expect(error.message.utf8.count < 200)
    }

    private func refusal(
        _ text: String, of person: KnownWords = KnownWords(), field: String = "password"
    ) -> DomainError? {
        do throws(DomainError) {
            _ = try Password(Secret(text), of: person, field: field)
            return nil
        } catch { return error }
    }
}
