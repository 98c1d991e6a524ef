// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Mail
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite struct PasswordChangeTests {
    private let new = "einundzwanzig Gänse"

    @Test("a change needs the old password, ends the other sessions, and keeps this one")
    func change() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            _ = try await accounts.person("ada@example.org", in: admin.organization)
            let mine = try await accounts.signIn("ada@example.org")
            let other = try await accounts.signIn("ada@example.org")
            let principal = try await accounts.principal(mine)
            let change = { @Sendable (old: String, new: String) in
                await fixture.refusal {
                    try await accounts.passwords.change(Secret(old), to: Secret(new), by: principal)
                }
            }
            #expect(await change("wrong", new) == "wrong_password")
            #expect(await change(Accounts.password, "short") == "invalid_password")
            #expect(await change(Accounts.password, "ada@example.org") == "weak_password")
            #expect(await change(Accounts.password, Accounts.password) == "weak_password")
            #expect(await change(Accounts.password, new) == "none")
            #expect(fixture.monitor.principal(of: mine.accessText.reveal()) != nil)
            #expect(fixture.monitor.principal(of: other.accessText.reveal()) == nil)
            #expect(await fixture.refusal { try await accounts.signIn("ada@example.org") } == "invalid_credentials")
            _ = try await accounts.signIn("ada@example.org", new)
            #expect(try fixture.actions().filter { $0 == "password.changed" }.count == 1)
            #expect(try !fixture.store.psql("SELECT t::text FROM audits.audit_log t").contains(Accounts.password))
        }
    }

    @Test("wrong old passwords lock like wrong sign-ins; a key and who signs in elsewhere have none to change")
    func refused() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            let user = try await accounts.person("ada@example.org", in: admin.organization)
            let principal = try await accounts.principal(try await accounts.signIn("ada@example.org"))
            let change = { @Sendable (old: String, by: Principal) in
                await fixture.refusal { try await accounts.passwords.change(Secret(old), to: Secret(new), by: by) }
            }
            for _ in 0..<10 { #expect(await change("wrong", principal) == "wrong_password") }
            #expect(await change(Accounts.password, principal) == "sign_in_locked")
            #expect(await change(Accounts.password, admin) == "person_required")
            try fixture.store.psql("UPDATE auth.users SET password_hash = NULL WHERE id = '\(user)'")
            #expect(await change(Accounts.password, principal) == "no_password")
        }
    }
}

/// Keeps what would be sent.
final class Letterbox: MailSender, Sendable {
    let messages = Locked<[MailMessage]>([])
    func send(_ message: MailMessage) async throws(MailError) { messages.withLock { $0.append(message) } }
}

@Suite struct PasswordResetTests {
    private let new = "einundzwanzig Gänse"

    private struct Resets: Sendable {
        let accounts: Accounts
        let box = Letterbox()
        let queue: MailQueue
        let worker: PasswordResetWorker
        let service: PasswordResetService

        init(_ fixture: Fixture) throws {
            accounts = Accounts(fixture)
            queue = MailQueue(sender: box) { _ in }
            worker = PasswordResetWorker(
                database: fixture.database, limits: PasswordResetLimits(lifetime: .seconds(3600)),
                mail: MailService(
                    queue: queue, from: try MailAddress(parsing: "Witan <witan@example.org>"),
                    publicURL: "https://witan.example.org"), refusals: fixture.refusals)
            service = PasswordResetService(
                database: fixture.database,
                verifier: verifier, lockout: accounts.lockout,
                monitor: fixture.monitor, worker: worker, refusals: fixture.refusals)
        }

        func ask(_ email: String) async throws {
            try service.request(email, from: here)
            try await worker.work()
        }

        /// A token as a mail would have brought it.
        func insertToken(of user: UniqueID) throws -> Secret<String> {
            let token = PasswordResetToken.generate()
            try accounts.fixture.store.psql(
                """
                INSERT INTO auth.password_resets (id, user_id, token_hash, expires_at)
                VALUES ('\(UniqueID.v7())', '\(user)', '\\x\(token.hash.hex)', now() + interval '1 hour')
                """)
            return token.text
        }
    }

    @Test("a request makes one mail for an address that somebody has, three an hour at most, and none for others")
    func requests() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let admin = try fixture.organization("one")
            _ = try await resets.accounts.person("ada@example.org", in: admin.organization)
            for email in ["nobody@example.org", "", "no address", "ada@example.org\r\nBcc: eve@example.org"] {
                try await resets.ask(email)
            }
            #expect(resets.queue.count == 0)
            for _ in 0..<5 { try await resets.ask("Ada@example.org") }
            #expect(resets.queue.count == 3)
            #expect(try fixture.count("auth.password_resets") == "3")
            // What is too many is written once a minute.
            #expect(
                try fixture.actions() == Array(repeating: "password_reset.requested", count: 3) + [
                    "password_reset.refused"
                ])
            #expect(fixture.unknown.withLock { $0.map(\.gave) } == ["address for a password reset"])
            for payload in try fixture.payloads("password_reset.requested") {
                #expect(payload["ip_address"]?.string == "192.0.2.7")
            }
            #expect(try !fixture.store.psql("SELECT payload::text FROM audits.audit_log").contains("192.0.2.7"))
        }
    }

    @Test("what may wait is bounded, and past it everybody gets the same 503")
    func bounded() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let ask = { @Sendable (network: Int) in
                await fixture.refusal {
                    try resets.service.request(
                        "a@b.example", from: Origin(address: "198.51.100.\(network)", userAgent: nil))
                }
            }
            let (share, networks) = (
                PasswordResetLimits.waitingOfOne, PasswordResetLimits.waiting / PasswordResetLimits.waitingOfOne
            )
            for network in 0..<networks {
                for _ in 0..<share { #expect(await ask(network) == "none") }
                // Who has asked too often keeps nobody else out.
                #expect(await ask(network) == "too_many_password_resets")
            }
            #expect(await ask(networks) == "too_many_password_resets")
            try await resets.worker.work()
            #expect(await ask(0) == "none")
        }
    }

    @Test("a token sets a password once, ends all sessions and locks, and proves the address")
    func confirm() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let accounts = resets.accounts
            let admin = try fixture.organization("one")
            let user = try await accounts.person("ada@example.org", in: admin.organization)
            try fixture.store.psql("UPDATE auth.users SET verified = false")
            let issued = try await accounts.signIn("ada@example.org")
            for _ in 0..<10 { _ = try? await accounts.signIn("ada@example.org", "wrong") }
            #expect(await fixture.refusal { try await accounts.signIn("ada@example.org") } == "sign_in_locked")
            let (token, second) = (try resets.insertToken(of: user), try resets.insertToken(of: user))
            let confirm = { @Sendable (token: Secret<String>, new: String) in
                await fixture.refusal {
                    try await resets.service.confirm(token, password: Secret(new), from: here)
                }
            }
            #expect(await confirm(token, "short") == "invalid_password")
            #expect(await confirm(token, "ada@example.org") == "weak_password")
            #expect(await confirm(token, new) == "none")
            for old in [
                token, second, Secret("wtp_" + String(repeating: "A", count: 43)), Secret(""), issued.refresh.text,
            ] {
                #expect(await confirm(old, new) == "invalid_reset_token")
            }
            #expect(fixture.monitor.principal(of: issued.accessText.reveal()) == nil)
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(issued.refresh.text, from: here) }
                    == "session_ended")
            _ = try await accounts.signIn("ada@example.org", new)
            #expect(try fixture.store.psql("SELECT verified FROM auth.users WHERE id = '\(user)'") == "t")
            #expect(try fixture.actions().contains("password.reset"))
            // Two tokens of hers were used up, which is one entry a minute; three texts are nobody's.
            let refusals = try fixture.payloads("password_reset.refused")
            #expect(refusals.map { $0["reason"]?.string } == ["token used before"])
            #expect(refusals.first?["ip_address"]?.string == "192.0.2.7")
            #expect(fixture.unknown.withLock { $0.map(\.gave) } == ["token of a password reset"])
        }
    }

    @Test("of many who use one token at once, one sets the password")
    func race() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let admin = try fixture.organization("one")
            let user = try await resets.accounts.person("ada@example.org", in: admin.organization)
            let token = try resets.insertToken(of: user)
            let winner = Locked("")
            let outcomes = await fixture.outcomes(of: 8) { number in
                let password = "zweiundvierzig Hasen \(number)"
                try await resets.service.confirm(token, password: Secret(password), from: here)
                winner.withLock { $0 = password }
            }
            #expect(outcomes == ["none": 1, "invalid_reset_token": 7])
            _ = try await resets.accounts.signIn("ada@example.org", winner.withLock { $0 })
        }
    }

    @Test("an old token is refused, and so is one of somebody who has left")
    func old() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let admin = try fixture.organization("one")
            let user = try await resets.accounts.person("ada@example.org", in: admin.organization)
            let confirm = { @Sendable (token: Secret<String>) in
                await fixture.refusal {
                    try await resets.service.confirm(token, password: Secret(new), from: here)
                }
            }
            let expired = try resets.insertToken(of: user)
            try fixture.store.psql("UPDATE auth.password_resets SET expires_at = now()")
            #expect(await confirm(expired) == "invalid_reset_token")
            #expect(
                try fixture.payloads("password_reset.refused").map { $0["reason"]?.string } == ["token expired"])
            let token = try resets.insertToken(of: user)
            try fixture.store.psql("UPDATE auth.memberships SET retired_at = now()")
            #expect(await confirm(token) == "invalid_reset_token")
        }
    }

    @Test("what happened is in the log of each organization that the person belongs to")
    func everywhere() async throws {
        try await Fixture.with { fixture in
            let resets = try Resets(fixture)
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let user = try await resets.accounts.person("ada@example.org", in: one.organization)
            try fixture.store.psql(
                """
                INSERT INTO auth.memberships (org_id, user_id, role)
                VALUES ('\(two.organization)', '\(user)', 'viewer')
                """)
            try await resets.ask("ada@example.org")
            try await resets.service.confirm(try resets.insertToken(of: user), password: Secret(new), from: here)
            let logs = try fixture.store.psql(
                "SELECT action, count(DISTINCT org_id) FROM audits.audit_log GROUP BY action ORDER BY action")
            #expect(logs == "password.reset|2\npassword_reset.requested|2")
        }
    }
}
