// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

struct AddrSpecTests {
    @Test(
        "addresses of the plain form are read whole",
        arguments: [
            "a@b", "ada@example.org", "ada.lovelace+tag@sub.example.co.uk", "!#$%&'*+-/=?^_`{|}~@example.org",
            "x@xn--bcher-kva.example", "root@localhost",
        ])
    func good(_ text: String) throws { #expect(try AddrSpec(text).description == text) }

    static let bad: [(String, AddrSpec.Problem)] = [
        ("", .notOneAt), ("ada", .notOneAt), ("a@b@c", .notOneAt), ("@b", .localPart), ("a@", .domain),
        (".a@b", .localPart), ("a.@b", .localPart), ("a..b@c", .localPart), ("\"a b\"@c", .control),
        ("\"a\"@c", .localPart), ("a@[127.0.0.1]", .domain), ("a@127.0.0.1", .domain), ("a@-b.c", .domain),
        ("a@b-.c", .domain), ("a@b..c", .domain), ("a@b.", .domain), ("a@b_c.d", .domain),
        ("a@b.c\r\nRCPT TO:<d@e.f>", .control), ("a\0@b.c", .control), ("a@b.c ", .control), ("<a@b.c>", .localPart),
        ("аda@example.org", .notASCII), ("ada@exаmple.org", .notASCII), ("ada@bücher.example", .notASCII),
        ("ada＠example.org", .notASCII), ("ada\u{200B}@example.org", .notASCII),
    ]

    @Test("others are refused, each for its reason", arguments: bad)
    func refused(_ text: String, _ problem: AddrSpec.Problem) {
        #expect(throws: problem) { try AddrSpec(text) }
    }

    @Test("lengths end at 64 before the @, 63 a label and 255 after it")
    func lengths() throws {
        let label = String(repeating: "a", count: 63)
        let domain = [label, label, label, label].joined(separator: ".")
        #expect(try AddrSpec("\(label)a@\(domain)").description.utf8.count == 320)
        #expect(throws: AddrSpec.Problem.localPart) { try AddrSpec("\(label)aa@b.c") }
        #expect(throws: AddrSpec.Problem.domain) { try AddrSpec("a@\(label)a.b") }
        #expect(throws: AddrSpec.Problem.domain) { try AddrSpec("a@b.\(domain)") }
    }
}
