// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import HTTPServer
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// What refused sign-ins leave behind, and how many there can be.
@Suite struct SignOnRefusalTests {
    /// Comes back with a code that the provider never gave.
    private func guess(_ house: SignOnHouse, _ provider: SingleSignOnProvider) async throws -> SignOnHouse.Answer {
        let away = try await house.start(provider)
        return try await house.back(
            provider, code: "made-up", state: away.item("state") ?? "", cookie: away.cookie)
    }

    @Test("who comes back in vain ten times waits, and nothing more is written or asked; passwords go on")
    func counted() async throws {
        try await SignOnHouse.with { house, provider in
            for _ in 0..<10 {
                #expect(try await guess(house, provider).item("error_description") == "sso_code_refused")
            }
            house.issuer.state.withLock { $0.lastForm = "" }
            for _ in 0..<3 {
                let answer = try await guess(house, provider)
                #expect(answer.status == 429 && answer.body["code"] == "sign_in_locked")
            }
            #expect(try await house.exchange("\(house.admin.organization).x").status == 429)
            #expect(house.issuer.state.withLock { $0.lastForm } == "", "the provider is not asked")
            #expect(try house.fixture.count("auth.sso_logins") == "10")
            #expect(try house.fixture.actions().filter { $0 == "sso.refused" }.count == 10)
            let lockout = LockoutService(
                database: house.fixture.database, key: house.masterKey.subkey("lockouts"))
            try await lockout.check(
                AccountAttempt(email: "ada@example.org", from: Origin(address: "127.0.0.1", userAgent: nil)))
            try house.forgive()
            try await house.expect("none", at: provider)
        }
    }

    @Test("codes that are tried count, in the log of whom they were for, or else in the program's")
    func codes() async throws {
        try await SignOnHouse.with { house, provider in
            let code = try await house.signIn(provider).item("code")
            _ = try await house.exchange(code)
            #expect(try await house.exchange(code).status == 401)
            #expect(
                try house.fixture.store.psql(
                    """
                    SELECT l.entity = 'user:' || u.id, l.payload::jsonb ->> 'code'
                    FROM audits.audit_log l, auth.users u WHERE action = 'sso.refused'
                    """) == "t|sso_code_invalid")
            #expect(try house.fixture.payloads("sso.refused").first?["ip_address"] == "127.0.0.1")
            #expect(house.fixture.unknown.withLock { $0.isEmpty })
            for _ in 0..<9 {
                #expect(try await house.exchange("\(house.admin.organization).made-up").status == 401)
            }
            #expect(try await house.exchange("\(house.admin.organization).made-up").status == 429)
            #expect(try house.fixture.actions().filter { $0 == "sso.refused" }.count == 1)
            #expect(
                house.fixture.unknown.withLock { $0.map { "\($0.gave) from \($0.network)" } }
                    == ["code of a single sign-on from 127.0.0.1/32"])
        }
    }

    @Test(
        "a state that is none of ours is in the program's log, and counts for nobody: any page can send a browser here")
    func states() async throws {
        try await SignOnHouse.with { house, provider in
            for _ in 0..<12 {
                let answer = try await house.back(provider, code: "x", state: "made-up", cookie: "")
                #expect(answer.status == 400 && answer.body["code"] == "sso_state_invalid")
            }
            #expect(
                house.fixture.unknown.withLock { $0.map { "\($0.gave) from \($0.network)" } }
                    == ["state of a single sign-on from 127.0.0.1/32"])
            #expect(try house.fixture.count("auth.lockouts") == "0")
            // One that was ours, once more, is in the organization's log.
            let away = try await house.start(provider)
            let (code, state) = house.issuer.authorize(away.location)
            for status in [302, 400] {
                #expect(
                    try await house.back(provider, code: code, state: state, cookie: away.cookie).status == status)
            }
            #expect(try house.fixture.payloads("sso.refused").map { $0["code"] } == ["sso_state_invalid"])
        }
    }

    @Test("where somebody known came from is sealed also when they are refused; of nobody known it stays readable")
    func sealed() async throws {
        try await SignOnHouse.with { house, provider in
            let gone = try house.fixture.person("gone@example.org", in: house.admin.organization)
            try house.fixture.store.psql("UPDATE auth.memberships SET retired_at = now() WHERE user_id = '\(gone)'")
            try await house.expect("not_a_member", at: provider, [("email", "gone@example.org")])
            try await house.expect("sso_email_unverified", at: provider, [("email_verified", false)])
            let clear = try house.fixture.store.psql(
                """
                SELECT actor = 'user:\(gone)', payload::text LIKE '%127.0.0.1%' FROM audits.audit_log
                WHERE action = 'sso.refused' ORDER BY id
                """)
            #expect(clear == "t|f\nf|t")
            #expect(try house.fixture.payloads("sso.refused").allSatisfy { $0["ip_address"] == "127.0.0.1" })
        }
    }

    @Test("a provider that does not work, or signs what is not believed, is nobody's failed attempt")
    func outage() async throws {
        try await SignOnHouse.with { house, provider in
            try await house.expect("sso_token_invalid", at: provider, [("nonce", "another")])
            #expect(try house.fixture.count("auth.lockouts WHERE failures > 0") == "0")
            let away = try await house.start(provider)
            let (code, state) = house.issuer.authorize(away.location)
            house.issuer.state.withLock { $0.tokenStatus = 503 }
            let back = try await house.back(provider, code: code, state: state, cookie: away.cookie)
            #expect(back.item("error_description") == "sso_provider_unusable")
            #expect(try house.fixture.count("auth.lockouts WHERE failures > 0") == "0")
            #expect(try house.fixture.actions().filter { $0 == "sso.refused" }.count == 1)
            #expect(house.told.withLock { $0.count == 1 && $0[0].contains("503") })
        }
    }

    @Test("returns are forgotten after a day, but for those under a legal hold")
    func forgotten() async throws {
        try await SignOnHouse.with { house, provider in
            for _ in 0..<2 { try await house.expect("none", at: provider) }
            let store = house.fixture.store
            let forget = { @Sendable () async throws -> Int64? in
                try await house.fixture.database.query("SELECT auth.forget_sso_logins() AS forgotten")
                    .first?["forgotten"]
            }
            #expect(try await forget() == 0)
            try store.psql(
                """
                UPDATE auth.sso_logins SET created_at = now() - interval '25 hours' WHERE id =
                    (SELECT id FROM auth.sso_logins ORDER BY id LIMIT 1);
                INSERT INTO auth.legal_holds (org_id, id, matter)
                VALUES ('\(house.admin.organization)', '\(UniqueID.v7())', 'a case')
                """)
            #expect(try await forget() == 0)
            try store.psql("UPDATE auth.legal_holds SET released_at = now()")
            #expect(try await forget() == 1)
            #expect(try house.fixture.count("auth.sso_logins") == "1")
        }
    }
}
