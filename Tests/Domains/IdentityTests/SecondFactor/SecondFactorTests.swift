// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite struct SecondFactorTests {
    private let now = Timestamp.now()

    /// An account that is signed in.
    private func withPerson(
        _ body: @Sendable (Accounts, Principal) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            _ = try await accounts.person("ada@example.org", in: admin.organization)
            try await body(accounts, try await accounts.principal(try await accounts.signIn("ada@example.org")))
        }
    }

    @Test("from the first right code on, the password alone is not enough, and each code is good once")
    func enrolled() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            let earlier = now - .seconds(90)
            let (secret, codes) = try await accounts.enroll(principal, now: earlier)
            #expect(codes.count == 10)
            #expect(await fixture.refusal { try await accounts.signIn("ada@example.org") } == "second_factor_required")
            #expect(
                await fixture.refusal {
                    try await accounts.signIn("ada@example.org", code: .authenticator(Secret("abcdef")))
                } == "invalid_code")
            let code = GivenCode.authenticator(Secret(secret.code(at: .now())))
            _ = try await accounts.signIn("ada@example.org", code: code)
            #expect(
                await fixture.refusal { try await accounts.signIn("ada@example.org", code: code) } == "invalid_code")
            #expect(
                try fixture.store.psql("SELECT second_factor FROM auth.sessions ORDER BY id DESC LIMIT 1") == "totp")
            #expect(
                try fixture.actions() == [
                    "session.created", "second_factor.begun", "second_factor.enabled", "session.refused",
                    "session.refused", "session.created", "session.refused",
                ])
        }
    }

    @Test("a wrong password with a right code says nothing of the code, and does not use it up")
    func order() async throws {
        try await withPerson { accounts, principal in
            let (secret, _) = try await accounts.enroll(principal, now: now - .seconds(90))
            let code = GivenCode.authenticator(Secret(secret.code(at: .now())))
            #expect(
                await accounts.fixture.refusal { try await accounts.signIn("ada@example.org", "wrong", code: code) }
                    == "invalid_credentials")
            _ = try await accounts.signIn("ada@example.org", code: code)
        }
    }

    @Test("the secret is stored sealed, and neither it nor the recovery codes are anywhere in clear")
    func sealed() async throws {
        try await withPerson { accounts, principal in
            let (secret, codes) = try await accounts.enroll(principal)
            let store = accounts.fixture.store
            let texts =
                [secret.base32.reveal(), Hex.encode(secret.secret.reveal())]
                + codes.flatMap { [$0.text.reveal(), $0.text.reveal().filter { $0 != "-" }] }
            for table in ["auth.users", "auth.recovery_codes", "audits.audit_log", "auth.sessions"] {
                let rows = try store.psql("SELECT t::text FROM \(table) t")
                for text in texts { #expect(!rows.contains(text), "\(table)") }
            }
            // Another row's seal does not open.
            let other = try await accounts.person("eve@example.org", in: principal.organization)
            try store.psql(
                """
                UPDATE auth.users e SET totp_secret = a.totp_secret, totp_dek = a.totp_dek,
                    totp_master_key_id = a.totp_master_key_id, totp_confirmed_at = now()
                FROM auth.users a WHERE a.id = '\(principal.id)' AND e.id = '\(other)'
                """)
            await #expect(throws: CryptographyError.corrupted) {
                try await accounts.signIn(
                    "eve@example.org", code: .authenticator(Secret(secret.code(at: .now() + .seconds(30)))))
            }
        }
    }

    @Test("of many who use one code at once, one gets in")
    func codeRace() async throws {
        try await withPerson { accounts, principal in
            let (secret, codes) = try await accounts.enroll(principal, now: now - .seconds(90))
            for code in [
                GivenCode.authenticator(Secret(secret.code(at: .now()))), .recoveryCode(codes[0].text),
            ] {
                let outcomes = await accounts.fixture.outcomes(of: 6) { _ in
                    try await accounts.signIn("ada@example.org", code: code)
                }
                #expect(outcomes == ["none": 1, "invalid_code": 5])
            }
        }
    }

    @Test("a recovery code is good once, however it is typed; new ones void those before")
    func recovery() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            let (secret, codes) = try await accounts.enroll(principal, now: now - .seconds(90))
            let typed = codes[3].text.reveal().lowercased().replacing("-", with: " ")
            _ = try await accounts.signIn("ada@example.org", code: .recoveryCode(Secret(typed)))
            for code in [codes[3].text, Secret("AAAA-AAAA-AAAA-AAAA"), Secret(""), Secret(secret.code(at: .now()))] {
                #expect(
                    await fixture.refusal { try await accounts.signIn("ada@example.org", code: .recoveryCode(code)) }
                        == "invalid_code")
            }
            #expect(try await accounts.secondFactors.status(of: principal).recoveryCodesLeft == 9)
            let renewed = try await accounts.secondFactors.renewCodes(Secret(secret.code(at: .now())), by: principal)
            #expect(try await accounts.secondFactors.status(of: principal).recoveryCodesLeft == 10)
            #expect(
                await fixture.refusal {
                    try await accounts.signIn("ada@example.org", code: .recoveryCode(codes[0].text))
                } == "invalid_code")
            _ = try await accounts.signIn("ada@example.org", code: .recoveryCode(renewed[0].text))
        }
    }

    @Test("taking it away needs the password and a code; what came before the removal does not come back")
    func removal() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            let (secret, codes) = try await accounts.enroll(principal, now: now - .seconds(90))
            let code = GivenCode.authenticator(Secret(secret.code(at: .now())))
            let remove = { @Sendable (password: String?, given: GivenCode) in
                await fixture.refusal {
                    try await accounts.secondFactors.remove(
                        password: password.map(Secret.init), given, by: principal)
                }
            }
            #expect(await remove(nil, code) == "wrong_password")
            #expect(await remove("wrong", code) == "wrong_password")
            #expect(await remove(Accounts.password, .authenticator(Secret("000000"))) == "invalid_code")
            #expect(await remove(Accounts.password, code) == "none")
            #expect(await remove(Accounts.password, .recoveryCode(codes[0].text)) == "second_factor_missing")
            #expect(try await accounts.secondFactors.status(of: principal).recoveryCodesLeft == 0)
            _ = try await accounts.signIn("ada@example.org")
            #expect(try fixture.actions().contains("second_factor.removed"))
        }
    }

    @Test("wrong codes of who is signed in count like wrong passwords")
    func counted() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            let secret = try await accounts.begin(principal).secret
            let confirm = { @Sendable (code: String) in
                await fixture.refusal { try await accounts.secondFactors.confirm(Secret(code), by: principal) }
            }
            for _ in 0..<10 { #expect(await confirm("abcdef") == "invalid_code") }
            #expect(await confirm(secret.code(at: .now())) == "sign_in_locked")
            #expect(try await accounts.secondFactors.status(of: principal).enabledAt == nil)
        }
    }

    @Test("an authenticator that is not confirmed is not asked for, and can be begun anew; a confirmed one cannot")
    func begun() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            #expect(
                await fixture.refusal { try await accounts.secondFactors.confirm(Secret("123456"), by: principal) }
                    == "second_factor_missing")
            let first = try await accounts.begin(principal).secret
            _ = try await accounts.signIn("ada@example.org")
            _ = try await accounts.enroll(principal)
            #expect(
                await fixture.refusal { try await accounts.begin(principal) }
                    == "second_factor_enabled")
            #expect(
                await fixture.refusal {
                    try await accounts.signIn("ada@example.org", code: .authenticator(Secret(first.code(at: .now()))))
                } == "invalid_code")
            let key = try fixture.organization("two")
            #expect(await fixture.refusal { try await accounts.begin(key) } == "person_required")
        }
    }

    @Test("where the organization demands it, who has none may set one up and nothing else")
    func demanded() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            let thief = try await accounts.signIn("ada@example.org")
            try fixture.store.psql("UPDATE auth.organizations SET require_two_factor = true")
            let issued = try await accounts.signIn("ada@example.org")
            #expect(issued.mustSetUpSecondFactor)
            let limited = try await accounts.principal(issued)
            #expect(limited.permissions == [.manageAccount])
            let (secret, _) = try await accounts.enroll(limited, now: now - .seconds(90))
            // The same sign-in goes on with all rights; those without it have ended.
            let refreshed = try await fixture.sessions.refresh(issued.refresh.text, from: here)
            #expect(refreshed.access.permissions.contains(.callModels))
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(thief.refresh.text, from: here) }
                    == "session_ended")
            #expect(fixture.monitor.principal(of: thief.accessText.reveal()) == nil)
            let code = GivenCode.authenticator(Secret(secret.code(at: .now())))
            #expect(try await !accounts.signIn("ada@example.org", code: code).mustSetUpSecondFactor)
        }
    }

    @Test(
        "an administrator takes a lost one away, which ends the person's sessions, but not of who belongs elsewhere too"
    )
    func reset() async throws {
        try await withPerson { accounts, principal in
            let fixture = accounts.fixture
            _ = try await accounts.enroll(principal)
            let admin = caller(.admin, organization: principal.organization)
            let stranger = try fixture.organization("two")
            let reset = { @Sendable (by: Principal) in
                await fixture.refusal { try await accounts.secondFactors.reset(principal.id, by: by) }
            }
            #expect(await reset(stranger) == "user_not_found")
            let viewer = caller(.viewer, organization: principal.organization)
            #expect(await reset(viewer) == "role_too_high")
            let own = Principal(
                organization: principal.organization, caller: .key(.v7()), user: principal.id, name: "own",
                role: .admin, policy: principal.policy)
            #expect(await reset(own) == "own_membership")
            try fixture.store.psql(
                """
                INSERT INTO auth.memberships (org_id, user_id, role)
                VALUES ('\(stranger.organization)', '\(principal.id)', 'viewer')
                """)
            #expect(await reset(admin) == "belongs_elsewhere")
            try fixture.store.psql(
                "UPDATE auth.memberships SET retired_at = now() WHERE org_id = '\(stranger.organization)'")
            #expect(await reset(admin) == "none")
            #expect(await reset(admin) == "second_factor_missing")
            #expect(try fixture.count("auth.sessions WHERE revoked_at IS NULL") == "0")
            _ = try await accounts.signIn("ada@example.org")
            #expect(try fixture.actions().contains("second_factor.reset"))
        }
    }
}
