// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Mail

struct MessageTests {
    static let injections = [
        "Hello\r\nBcc: everybody@example.org", "Hello\nBcc: x@example.org", "Hello\rBcc: x@example.org", "a\0b",
        "a\u{1B}[2J", "a\u{85}b", "a\u{2028}b", "a\u{7F}",
    ]

    @Test("no line break or control character gets into a header", arguments: injections)
    func injection(_ text: String) throws {
        #expect(throws: MailError.invalidField("subject")) { try sample(subject: text) }
        #expect(throws: MailError.invalidField("name")) { try MailAddress(AddrSpec("a@b.c"), name: text) }
        #expect(throws: MailError.self) { try MailAddress(parsing: "ada@example.org\(text)") }
        #expect(throws: MailError.self) { try MailAddress(parsing: "\(text) <ada@example.org>") }
        let cleaned = try sample(subject: MailMessage.line(text))
        #expect(HeaderText.isOneLine(cleaned.subject))
    }

    @Test("a subject has 1 to 200 bytes, text and HTML 256 KiB together")
    func bounds() throws {
        #expect(throws: MailError.invalidField("subject")) { try sample(subject: "") }
        #expect(throws: MailError.invalidField("subject")) { try sample(subject: String(repeating: "a", count: 201)) }
        let half = String(repeating: "a", count: 128 << 10)
        #expect(try sample(subject: String(repeating: "a", count: 200), text: half, html: half).html == half)
        #expect(throws: MailError.tooLarge(limit: 256 << 10)) { try sample(text: half + "a", html: half) }
    }

    @Test("encoded words have at most 64 characters and cut no scalar; plain text stays as it is")
    func encodedWords() {
        let words = HeaderText.encodedWords(String(repeating: "é日🙂", count: 30)).split(separator: "\r\n ")
        #expect(words.count > 5)
        #expect(words.allSatisfy { $0.count <= 64 && $0.hasPrefix("=?utf-8?B?") && $0.hasSuffix("?=") })
        #expect(HeaderText.unstructured("Plain, (with) <signs>") == "Plain, (with) <signs>")
        // What looks like an encoded word must not be read as one.
        #expect(HeaderText.unstructured("=?utf-8?Q?x?=").hasPrefix("=?utf-8?B?PT91dGYt"))
    }

    @Test("quoted-printable: dots and equals signs, blanks at ends of lines, any line ends")
    func quotedPrintable() {
        func encoded(_ text: String) -> String { String(decoding: QuotedPrintable.encode(text), as: UTF8.self) }
        #expect(encoded("a=b \nc\t\r\nd\re") == "a=3Db=20\r\nc=09\r\nd\r\ne\r\n")
        #expect(encoded("") == "")
        #expect(encoded("é\0") == "=C3=A9=00\r\n")
        let long = encoded(String(repeating: "é", count: 100))
        #expect(long.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 76 })
    }

    @Test("dates are RFC 5322's")
    func dates() {
        #expect(MailMessage.date(Timestamp(microseconds: 0)) == "Thu, 1 Jan 1970 00:00:00 +0000")
        #expect(MailMessage.date(Timestamp("2026-11-21T13:17:31Z") ?? .now()) == "Sat, 21 Nov 2026 13:17:31 +0000")
        #expect(MailMessage.date(Timestamp("1969-12-31T23:59:59Z") ?? .now()) == "Wed, 31 Dec 1969 23:59:59 +0000")
        #expect(MailMessage.date(Timestamp("2028-02-29T00:00:00Z") ?? .now()) == "Tue, 29 Feb 2028 00:00:00 +0000")
    }

    @Test("addresses with and without name are read; others are refused")
    func addresses() throws {
        #expect(try MailAddress(parsing: "Ada L. <ada@example.org>").name == "Ada L.")
        #expect(try MailAddress(parsing: "\"Ada, L.\" <ada@example.org>").header == "\"Ada, L.\" <ada@example.org>")
        #expect(try MailAddress(parsing: "ada@example.org").header == "ada@example.org")
        for text in ["", "ada", "Ada <ada>", "<ada@example.org", "a@b.c, d@e.f", "Ada <ada@example.org> x", "<>"] {
            #expect(throws: MailError.self) { try MailAddress(parsing: text) }
        }
    }

    @Test("the console shows a message, and nothing a terminal acts on")
    func console() async throws {
        let shown = Locked("")
        let sender = ConsoleMailSender(note: "Not sent:") { text in shown.withLock { $0 += text } }
        try await sender.send(sample(subject: "Reset", text: "Follow\r\nhttps://example.org/reset\u{1B}[2J\u{7}"))
        #expect(
            shown.withLock { $0 } == """

                Not sent:
                  To: ada@example.org
                  Subject: Reset
                  | Follow
                  | https://example.org/reset\u{FFFD}[2J\u{FFFD}


                """)
    }
}

struct SMTPSettingsTests {
    private func read(_ url: String) throws(MailError) -> SMTPSettings { try SMTPSettings(url: Secret(url)) }

    @Test("scheme, port, user and password are read")
    func read() throws {
        let plain = try read("smtp://mail.example.org")
        #expect((plain.host, plain.port, plain.protection, plain.user) == ("mail.example.org", 587, .startTLS, nil))
        let full = try read("smtps://us%40er:p%3A%2F@[::1]:2525/")
        #expect((full.host, full.port, full.protection, full.user) == ("::1", 2525, .implicit, "us@er"))
        #expect(full.password.reveal() == "p:/")
        #expect(full.url(greeting: "example.com") == "smtps://[::1]:2525/example.com")
        #expect(try read("smtp://a.b?starttls=off").protection == .none)
        #expect(try read("smtp://u:p@localhost?starttls=off").user == "u")
    }

    @Test(
        "what cannot be used is refused, and the password is not in the sentence",
        arguments: [
            "mail.example.org", "http://a.b", "smtp://", "smtp://u:hunter2@", "smtp://a.b:0", "smtp://a.b:99999",
            "smtp://a.b?starttls=no", "smtps://a.b?starttls=off", "smtp://u:hunter2@a.b?starttls=off",
            "smtp://u:%zz@a.b", "smtp://u:hunter2%0D%0A@a.b", "smtp://a b", "smtp://:hunter2@a.b", "smtp://a.b/c",
        ])
    func refused(_ url: String) throws {
        let error = #expect(throws: MailError.self) { try read(url) }
        guard case .invalidURL = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("hunter2") == false)
    }
}
