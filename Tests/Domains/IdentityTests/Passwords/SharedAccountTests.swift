// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// An account may belong to several organizations, of which each has an identity provider of its own choosing.
@Suite struct SharedAccountTests {
    private let new = Secret("einundzwanzig Gänse")

    /// What came of each act on the whole account.
    private func acts(_ accounts: Accounts, _ principal: Principal) async throws -> [String] {
        let fixture = accounts.fixture
        let exports = PersonExportService(database: fixture.database, audit: AuditService(database: fixture.database))
        return [
            await fixture.refusal { try await accounts.begin(principal) },
            await fixture.refusal { try await accounts.secondFactors.confirm(Secret("abcdef"), by: principal) },
            await fixture.refusal { try await accounts.secondFactors.renewCodes(Secret("abcdef"), by: principal) },
            await fixture.refusal {
                try await accounts.secondFactors.remove(
                    password: Secret(Accounts.password), .authenticator(Secret("abcdef")), by: principal)
            },
            await fixture.refusal { try await exports.own(by: principal) },
            await fixture.refusal {
                try await accounts.passwords.change(Secret(Accounts.password), to: new, by: principal)
            },
        ]
    }

    @Test("who came by one organization's provider does nothing to an account that another relies on, too")
    func guest() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let user = try await accounts.person("ada@example.org", in: mine.organization)
            let federated = try await accounts.principal(
                try await fixture.signIn(user, mine.organization, factor: .singleSignOn))
            try fixture.store.psql(
                "INSERT INTO auth.memberships VALUES ('\(other.organization)', '\(user)', 'viewer')")
            #expect(
                try await acts(accounts, federated)
                    == Array(repeating: "password_session_required", count: 6))
            #expect(try fixture.store.psql("SELECT totp_secret IS NULL FROM auth.users") == "t")
            // The same person, by their password.
            let own = try await accounts.principal(try await fixture.signIn(user, mine.organization))
            #expect(
                try await acts(accounts, own)
                    == ["none", "invalid_code", "second_factor_missing", "second_factor_missing", "none", "none"])
        }
    }

    @Test("who belongs to one organization only may set up a second factor however they came")
    func only() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            let federated = try await accounts.principal(
                try await fixture.signIn(user, admin.organization, factor: .singleSignOn))
            #expect(await fixture.refusal { try await accounts.begin(federated, password: nil) } == "none")
        }
    }

    @Test("a second factor is begun with the password, and wrong ones count")
    func password() async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            _ = try await accounts.person("ada@example.org", in: admin.organization)
            let principal = try await accounts.principal(try await accounts.signIn("ada@example.org"))
            for password in [nil] + Array(repeating: "wrong", count: 9) {
                #expect(
                    await fixture.refusal { try await accounts.begin(principal, password: password) }
                        == "wrong_password")
            }
            #expect(await fixture.refusal { try await accounts.begin(principal) } == "sign_in_locked")
            #expect(try fixture.store.psql("SELECT totp_secret IS NULL FROM auth.users") == "t")
        }
    }
}
