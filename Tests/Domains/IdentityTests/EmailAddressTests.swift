// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import Testing

struct EmailAddressTests {
    @Test("capital letters become small ones and nothing else changes")
    func lowerCase() throws {
        #expect(try EmailAddress("Ada.Lovelace+X@Example.ORG").description == "ada.lovelace+x@example.org")
        #expect(try EmailAddress("Ada@Example.org") == EmailAddress("ada@example.org"))
        #expect(try EmailAddress("ada@xn--bcher-kva.example").domain == "xn--bcher-kva.example")
    }

    @Test(
        "look-alikes, blanks and control characters are refused, naming the field",
        arguments: [
            "аda@example.org", "ada@exаmple.org", "ADA@EXAMPLE.ORG\u{212A}", "ada@bücher.example", "ada@example.org ",
            "ada@example.org\r\nBcc: x@y.z", "ada", "ada@", "a@b@c", "İ@example.org", "",
        ])
    func refused(_ text: String) throws {
        let error = try #require(throws: DomainError.self) { try EmailAddress(text, field: "owner") }
        #expect((error.code, error.parameter, error.status) == ("invalid_email", "owner", 400))
        #expect(error.message.contains("owner takes") && error.message.hasSuffix("."))
    }
}
