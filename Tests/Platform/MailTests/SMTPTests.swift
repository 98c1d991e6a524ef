// SPDX-License-Identifier: Apache-2.0
import SwiftExtensions
import Testing

@testable import Mail

/// Deliveries to a real mail server.
@Suite(.serialized) struct SMTPTests {
    @Test("what arrives is what was sent: names, subject and text of any script, HTML beside it")
    func roundTrip() async throws {
        let server = try MailServer()
        let text = """
            Grüße, Ådä – 日本語のテキスト
            .
            ..a line that begins with dots
            From here on, \(String(repeating: "a long line = ", count: 40))
            trailing blanks   \u{20}
            """
        let html = "<p>Grüße &amp; \(String(repeating: "<b>x</b>", count: 60))</p>\n"
        let message = try MailMessage(
            from: MailAddress(parsing: "Café \"Zoë\" <sender@example.com>"),
            to: MailAddress(AddrSpec("ada@example.org"), name: "Ada Løvelace, Countess"),
            subject: "Überraschung: " + String(repeating: "日本", count: 20), text: text, html: html)
        try await SMTPSender(settings: server.settings(options: "?starttls=off")).send(message)

        let (envelope, parsed) = try #require(try server.message(1))
        #expect(envelope == ["sender@example.com", "ada@example.org", "example.com", "clear"])
        #expect(parsed["Subject"] == message.subject)
        #expect(parsed["From"] == "\"Café \\\"Zoë\\\"\" <sender@example.com>")
        #expect(parsed["To"] == "\"Ada Løvelace, Countess\" <ada@example.org>")
        #expect(parsed["text/plain"] == text + "\n")
        #expect(parsed["text/html"] == html)
        #expect(parsed["Message-ID"] == "<\(message.id)>")
        #expect(parsed["Auto-Submitted"] == "auto-generated")
        #expect(parsed["defects"] == "")
        #expect(Int(parsed["longest"] ?? "") ?? 1000 <= 78)
        #expect(parsed["bare"] == "0")
    }

    @Test("a password travels over STARTTLS, and over TLS from the start")
    func signIn() async throws {
        let server = try MailServer(tls: true, auth: ["ada@corp", "p@ss:w/rd"])
        let settings = try server.settings(user: "ada%40corp:p%40ss%3Aw%2Frd")
        try await SMTPSender(settings: settings).send(sample())
        #expect(try server.message(1)?.envelope.last == "tls")

        let implicit = try MailServer(implicit: true, auth: ["ada", "secret"])
        try await SMTPSender(settings: implicit.settings("smtps", user: "ada:secret")).send(sample())
        #expect(try implicit.message(1)?.envelope.last == "tls")
    }

    @Test("a wrong password, and none where one is needed, say so and are not tried again")
    func wrongPassword() async throws {
        let server = try MailServer(tls: true, auth: ["ada", "secret"])
        for user in ["ada:wrong", ""] {
            let failure = await #expect(throws: MailError.self) {
                try await SMTPSender(settings: server.settings(user: user)).send(sample())
            }
            guard case .signIn = failure else {
                Issue.record("\(String(describing: failure))")
                continue
            }
            #expect(failure?.isTransient == false)
            #expect(failure?.description.contains("wrong") == false)
        }
        #expect(try server.message(1) == nil)
    }

    @Test("without STARTTLS nothing is sent, unless that was turned off")
    func noEncryption() async throws {
        let server = try MailServer(auth: ["ada", "secret"])
        await #expect(throws: MailError.insecure(reason: "the server offers no STARTTLS")) {
            try await SMTPSender(settings: server.settings(user: "ada:secret")).send(sample())
        }
        try await SMTPSender(settings: server.settings(user: "ada:secret", options: "?starttls=off")).send(sample())
        #expect(try server.message(1)?.envelope.last == "clear")
    }

    @Test("a certificate that nobody vouches for is refused")
    func untrusted() async throws {
        let server = try MailServer(tls: true)
        var settings = try server.settings()
        settings.caFile = nil
        let failure = await #expect(throws: MailError.self) { try await SMTPSender(settings: settings).send(sample()) }
        guard case .insecure = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(try server.message(1) == nil)
    }

    @Test("a refused recipient is for good with 5xx and for now with 4xx")
    func refusedRecipient() async throws {
        let server = try MailServer()
        let sender = SMTPSender(settings: try server.settings(options: "?starttls=off"))
        await #expect(throws: MailError.refused(reply: 550)) {
            try await sender.send(sample(to: "refused@example.org"))
        }
        await #expect(throws: MailError.refused(reply: 451)) { try await sender.send(sample(to: "later@example.org")) }
        #expect(!MailError.refused(reply: 550).isTransient)
        #expect(MailError.refused(reply: 451).isTransient)
        try await sender.send(sample())
        #expect(try server.message(1) != nil)
    }

    @Test("a server that is away, and one that never answers, end within the deadline")
    func away() async throws {
        let deaf = try SilentServer(listens: false)
        let gone = try SMTPSettings(url: Secret("smtp://127.0.0.1:\(deaf.port)"))
        await #expect(throws: MailError.unreachable(host: "127.0.0.1")) {
            try await SMTPSender(settings: gone).send(sample())
        }
        withExtendedLifetime(deaf) {}
        let silent = try SilentServer()
        var settings = try SMTPSettings(url: Secret("smtp://127.0.0.1:\(silent.port)"))
        settings.totalTimeout = .milliseconds(300)
        await #expect(throws: MailError.timeout) { try await SMTPSender(settings: settings).send(sample()) }
        withExtendedLifetime(silent) {}
    }
}
