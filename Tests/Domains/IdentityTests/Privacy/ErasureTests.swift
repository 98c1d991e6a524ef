// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// Erasure: nothing of the person is left, the log still verifies, and what must not be erased is not.
@Suite(.serialized) struct ErasureTests {
    @Test("after erasure no table has anything of the person, and the log verifies")
    func nothingLeft() async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada in
            let texts = [
                "ada@planted", "ada planted-name", "planted-hash-of-ada", "planted-totp-of-ada", "planted-laptop",
                "planted-browser", "planted-passkey", "planted-subject", "planted@sso", "planted-message",
                "planted-question", "planted-answer", "planted-decision", "planted-opinion", "planted@mail",
                "planted-analysis", "planted-body", "203.0.113.99",
            ]
            for text in texts { #expect(try !fixture.find(text).isEmpty, "\(text) is there to begin with") }
            #expect(try fixture.find("planted@log").isEmpty, "the log is sealed to begin with")
            let certificate = try await fixture.erasures.erase(ada.id, for: .consentWithdrawn, by: admin)
            for text in texts + ["planted@log", "planted-agent ada"] {
                #expect(try fixture.find(text).isEmpty, "\(text)")
            }
            #expect(try await fixture.verifies(admin.organization))
            let store = fixture.base.store
            #expect(
                try store.psql(
                    "SELECT email, name, erased_at IS NOT NULL, retired_at IS NOT NULL FROM auth.users "
                        + "WHERE id = '\(ada.id)'") == "erased-\(ada.id)@erased.invalid|Erased|t|t")
            #expect(
                try store.psql("SELECT count(*) FROM auth.api_keys WHERE user_id = '\(ada.id)' AND revoked_at IS NULL")
                    == "0")
            #expect(try store.psql("SELECT revoked_at IS NOT NULL FROM auth.invitations") == "t")
            let counts = certificate.said["counts"]
            for (name, count) in [
                ("messages", 1), ("calls", 1), ("council_responses", 1), ("keys", 1), ("sessions", 1),
            ] {
                #expect(counts?[name]?.integer == Int64(count), "\(name)")
            }
            #expect(certificate.said["account"]?.string == "erased")
        }
    }

    @Test("what the log held of the person is closed, what it holds of others opens")
    func log() async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada in
            let eve = try fixture.person("eve", role: .developer, in: admin.organization)
            try await fixture.plant(eve)
            _ = try await fixture.erasures.erase(ada.id, for: .objection, by: admin)
            let entries = try await fixture.audit.list(
                try PageRequest(limit: nil, after: nil), category: nil, of: admin.organization)
            let parts = try await fixture.audit.personalParts(of: entries, organization: admin.organization)
            let states = Dictionary(
                parts.joined().map { ($0.person, $0.state) }, uniquingKeysWith: { first, _ in first })
            #expect(states == [ada.id: .erased, eve.id: .open, admin.id: .open])
            #expect(try fixture.find("planted-message").count == 1, "the other's message stays")
            let erased = try #require(entries.first { $0.action == "person.erased" })
            #expect(erased.entity == "user:\(ada.id)")
            #expect(!erased.payload.contains("planted"))
        }
    }

    @Test("the certificate is signed, is the log's entry too, and is found by its id in its organization alone")
    func certificate() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            let other = try fixture.organization("two")
            let ada = try fixture.person("ada", role: .developer, in: admin.organization)
            let made = try await fixture.erasures.erase(ada.id, for: .legalObligation, by: admin)
            let key = fixture.signing.publicKey
            #expect(made.isGenuine(under: key, of: admin.organization))
            #expect(!made.isGenuine(under: key, of: other.organization))
            let changed = ErasureCertificate(
                id: made.id, person: made.person,
                statement: made.statement.replacing("legal_obligation", with: "purpose_over"),
                signature: made.signature, masterKeyID: made.masterKeyID)
            #expect(!changed.isGenuine(under: key, of: admin.organization))
            #expect(try await fixture.erasures.find(made.id, of: admin.organization) == made)
            let entry = try await fixture.audit.find(made.id, of: admin.organization)
            #expect(
                (try JSONValue(parsing: Array(entry.payload.utf8)))["certificate"]?.string == made.statement)
            #expect(
                await code { _ = try await fixture.erasures.find(made.id, of: other.organization) }
                    == "erasure_not_found")
            #expect(
                await code { _ = try await fixture.erasures.erase(ada.id, for: .unlawful, by: other) }
                    == "user_not_found")
        }
    }

    @Test("of many who erase at once one does it, and the others are told")
    func once() async throws {
        try await PrivacyFixture.withAda { fixture, admin, ada async throws in
            let results = await fixture.base.outcomes(of: 6) { _ in
                try await fixture.erasures.erase(ada.id, for: .objection, by: admin)
            }
            #expect(results == ["none": 1, "already_erased": 5])
            #expect(try fixture.base.actions().filter { $0 == "person.erased" }.count == 1)
        }
    }

    @Test("who comes back can be erased again, and each erasure keeps its certificate")
    func again() async throws {
        try await PrivacyFixture.with { fixture in
            let (admin, other) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .developer, in: admin.organization)
            _ = try fixture.person("ada", role: .viewer, in: other.organization, id: ada.id)
            let erase = { @Sendable in
                await fixture.base.refusal { try await fixture.erasures.erase(ada.id, for: .objection, by: admin) }
            }
            let store = fixture.base.store
            let comeBack = "UPDATE auth.memberships SET retired_at = NULL WHERE user_id = '\(ada.id)'"
            #expect(await erase() == "none")
            #expect(await erase() == "already_erased")
            try store.psql(comeBack)
            try await fixture.plant(ada)
            #expect(try fixture.find("planted-message").count == 1)
            #expect(await erase() == "none")
            #expect(try fixture.find("planted-message").isEmpty && fixture.find("203.0.113.99").isEmpty)
            #expect(await erase() == "already_erased")
            // Back once more, and gone of themselves.
            try store.psql(comeBack)
            try store.psql("UPDATE auth.memberships SET retired_at = now() WHERE user_id = '\(ada.id)'")
            #expect(await erase() == "none")
            let kept = try await fixture.erasures.list(
                try PageRequest(limit: nil, after: nil), of: admin.organization)
            #expect(kept.count == 3 && kept.allSatisfy { $0.person == ada.id })
            #expect(kept.allSatisfy { $0.isGenuine(under: fixture.signing.publicKey, of: admin.organization) })
        }
    }

    @Test("nobody erases themselves, nor the last administrator, nor the last operator")
    func refused() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            let second = try fixture.person("second", role: .admin, in: admin.organization)
            let key = Principal(
                organization: admin.organization, caller: .key(.v7()), user: admin.id, name: "k", role: .admin,
                policy: admin.policy)
            for caller in [admin, key] {
                #expect(
                    await code { _ = try await fixture.erasures.erase(admin.id, for: .objection, by: caller) }
                        == "own_account")
            }
            try fixture.base.store.psql("UPDATE auth.users SET role = 'operator' WHERE id = '\(admin.id)'")
            #expect(
                await code { _ = try await fixture.erasures.erase(admin.id, for: .objection, by: second) }
                    == "last_operator")
            try fixture.base.store.psql("UPDATE auth.users SET role = 'user' WHERE id = '\(admin.id)'")
            _ = try await fixture.erasures.erase(admin.id, for: .objection, by: second)
            let program = Principal(
                organization: admin.organization, caller: .key(.v7()), name: "k", role: .admin, policy: admin.policy)
            #expect(
                await code { _ = try await fixture.erasures.erase(second.id, for: .objection, by: program) }
                    == "last_admin")
            #expect(try fixture.find("second planted-name").count == 1)
        }
    }

    @Test("who belongs to two organizations is erased in one, and the account goes with the second")
    func twoOrganizations() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .developer, in: one.organization)
            let there = try fixture.person("ada", role: .viewer, in: two.organization, id: ada.id)
            try await fixture.plant(ada)
            try await fixture.base.database.transaction(organization: two.organization) { transaction in
                try await AuditService.append(
                    "session.created", category: "auth", entity: "session:1", by: there.actor, of: two.organization,
                    in: transaction)
            }
            let first = try await fixture.erasures.erase(ada.id, for: .objection, by: one)
            #expect(first.said["account"]?.string == "kept")
            #expect(try fixture.find("planted-message").isEmpty)
            #expect(try fixture.find("ada planted-name") == ["auth.users: 1"])
            let entries = try await fixture.audit.list(
                try PageRequest(limit: nil, after: nil), category: nil, of: two.organization)
            let parts = try await fixture.audit.personalParts(of: entries, organization: two.organization)
            #expect(parts.joined().map(\.state) == [.open])
            let second = try await fixture.erasures.erase(ada.id, for: .objection, by: two)
            #expect(second.said["account"]?.string == "erased")
            #expect(try fixture.find("planted-name").count == 1, "the administrators' names are left, in one table")
            #expect(try fixture.find("ada planted-name").isEmpty)
        }
    }

    @Test("two organizations that erase one person at once leave no account behind")
    func twoAtOnce() async throws {
        try await PrivacyFixture.with { fixture in
            let (one, two) = (try fixture.organization("one"), try fixture.organization("two"))
            let ada = try fixture.person("ada", role: .developer, in: one.organization)
            _ = try fixture.person("ada", role: .viewer, in: two.organization, id: ada.id)
            async let first = fixture.erasures.erase(ada.id, for: .objection, by: one)
            async let second = fixture.erasures.erase(ada.id, for: .objection, by: two)
            let accounts = try await [first, second].compactMap { $0.said["account"]?.string }
            #expect(accounts.sorted() == ["erased", "kept"])
            #expect(try fixture.find("ada planted-name").isEmpty)
        }
    }

    @Test("after an older backup came back, a certificate erases again; one that is not ours does not")
    func replay() async throws {
        try await PrivacyFixture.with { fixture in
            let admin = try fixture.organization("one")
            let ada = try fixture.person("ada", role: .developer, in: admin.organization)
            // As the backup has it: signed later by the same installation, and nothing is known of it.
            let signer = ErasureSigner(publicKey: fixture.signing.publicKey, masterKeyID: "k") {
                fixture.signing.sign(Array($0.utf8))
            }
            let kept = try signer.certificate(
                .v7(), of: ada.id, in: admin.organization, for: "objection", at: .now(), done: [:])
            let forged = ErasureCertificate(
                id: kept.id, person: kept.person, statement: kept.statement,
                signature: [UInt8](repeating: 0, count: 64), masterKeyID: "k")
            #expect(await code { _ = try await fixture.erasures.replay(forged, by: admin) } == "not_genuine")
            #expect(try fixture.find("ada planted-name").count == 1)
            let again = try await fixture.erasures.replay(kept, by: admin)
            #expect(again.person == ada.id && again.id != kept.id)
            #expect(try fixture.find("ada planted-name").isEmpty)
            #expect(await code { _ = try await fixture.erasures.replay(kept, by: admin) } == "already_erased")
        }
    }
}
