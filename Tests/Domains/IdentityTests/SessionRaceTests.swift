// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite("Sessions that are ended or begun while something else happens")
struct SessionRaceTests {
    enum End: CaseIterable, Sendable {
        case byAdministrator
        case everywhere

        func run(_ user: UniqueID, _ admin: Principal, _ fixture: Fixture) async throws {
            switch self {
            case .byAdministrator: try await fixture.sessions.end(of: user, by: admin)
            case .everywhere: _ = try await fixture.database.query("SELECT auth.end_sessions(\(user), 'tests')")
            }
        }
    }

    @Test("a sign-in that is ended while its token is being refreshed stays ended", arguments: End.allCases)
    func endedWhileRefreshed(end: End) async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            let first = try await fixture.signIn(user, admin.organization)
            try fixture.stopNewSessions()
            let hold = { @Sendable (transaction: borrowing Transaction) async throws in
                _ = try await transaction.execute("SELECT pg_advisory_xact_lock(7)")
            }
            let second = try await fixture.holding(in: admin.organization, hold) { commit in
                async let refreshed = fixture.sessions.refresh(first.refresh.text, from: here)
                try await fixture.untilWaiting(1)
                async let ended: Void = end.run(user, admin, fixture)
                // It waits for the refresh, which is not over.
                try await fixture.untilWaiting(2)
                commit()
                try await ended
                return try await refreshed
            }
            let everything = try PageRequest(limit: "10", after: nil)
            #expect(try await fixture.sessions.list(of: user, everything, by: admin).isEmpty)
            #expect(try await fixture.sessions.end(of: user, by: admin) == 0)
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(second.refresh.text, from: here) }
                    == "session_ended")
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: second.accessText.reveal()) == nil)
        }
    }

    @Test("ending a sign-in marks its current token only, and tells every node of it once")
    func oneRow() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            var issued = try await fixture.signIn(user, admin.organization)
            for _ in 0..<3 { issued = try await fixture.sessions.refresh(issued.refresh.text, from: here) }
            _ = try await fixture.database.query("SELECT auth.end_sessions(\(user), 'tests')")
            #expect(try fixture.count("auth.sessions") == "4")
            #expect(try fixture.count("auth.sessions WHERE revoked_at IS NOT NULL") == "1")
            try fixture.store.psql("UPDATE auth.sessions SET revoked_at = now()")
            #expect(try fixture.count("auth.revocations(0) WHERE family_id IS NOT NULL") == "1")
        }
    }

    @Test("sessions that expired a day ago are forgotten, others and those under a legal hold are not")
    func forgotten() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (ada, eve) = (
                try fixture.person("ada@example.org", in: admin.organization),
                try fixture.person("eve@example.org", in: admin.organization)
            )
            for user in [ada, eve] {
                let issued = try await fixture.signIn(user, admin.organization)
                _ = try await fixture.sessions.refresh(issued.refresh.text, from: here)
            }
            try fixture.store.psql(
                """
                UPDATE auth.sessions SET created_at = now() - interval '9 d', expires_at = now() - interval '25 h';
                INSERT INTO auth.legal_holds (org_id, id, user_id, matter)
                VALUES ('\(admin.organization)', '\(UniqueID.v7())', '\(eve)', 'a case')
                """)
            let living = try await fixture.signIn(ada, admin.organization)
            let rows = try await fixture.database.query("SELECT auth.forget_sessions() AS forgotten")
            #expect(try rows.first?["forgotten"] == Int64(2))
            #expect(try fixture.count("auth.sessions WHERE user_id = '\(eve)'") == "2")
            _ = try await fixture.sessions.refresh(living.refresh.text, from: here)
        }
    }

    @Test("no access token outlives its session")
    func accessEnds() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            let first = try await fixture.signIn(user, admin.organization)
            try fixture.store.psql("UPDATE auth.sessions SET expires_at = now() + interval '60 s'")
            let second = try await fixture.sessions.refresh(first.refresh.text, from: here)
            #expect(second.access.expiresAt <= second.expiresAt)
        }
    }

    // MARK: Sign-ins

    /// A person whose hash is of another cost than new ones, so that signing in stores a new one.
    private func withOldHash(_ body: @Sendable (Accounts, Principal, UniqueID) async throws -> Void) async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let admin = try fixture.organization("one")
            let user = try await accounts.person("ada@example.org", in: admin.organization)
            let hash = try await PasswordHashing(cost: Argon2idCost(memoryKiB: 128, passes: 1, lanes: 1))
                .hash(Secret(Accounts.password))
            try fixture.store.psql("UPDATE auth.users SET password_hash = '\(hash)'")
            try await body(accounts, admin, user)
        }
    }

    @Test("a sign-in whose password is reset while it is checked is refused, and does not bring the old one back")
    func resetWhileSigningIn() async throws {
        try await withOldHash { accounts, admin, user in
            let fixture = accounts.fixture
            let hash = try await PasswordHashing(cost: cheap).hash(Secret("einundzwanzig G\u{E4}nse"))
            let reset = { @Sendable (transaction: borrowing Transaction) async throws in
                try await AccountStore.resetPassword(hash, of: user, in: transaction)
                try await AccountStore.endSessions(of: user, because: "tests", but: nil, in: transaction)
            }
            let answer = try await fixture.holding(in: admin.organization, reset) { commit in
                async let answer = fixture.refusal { try await accounts.signIn("ada@example.org") }
                try await fixture.untilWaiting(1)
                commit()
                return await answer
            }
            #expect(answer == "invalid_credentials")
            #expect(try fixture.store.psql("SELECT password_hash FROM auth.users") == hash)
            #expect(try fixture.count("auth.sessions") == "0")
            #expect(try fixture.store.psql("SELECT failures FROM auth.lockouts WHERE kind = 'account'") == "1")
        }
    }

    @Test("a sign-in without a code while a second factor is turned on is asked for the code")
    func factorWhileSigningIn() async throws {
        try await withOldHash { accounts, admin, user in
            let fixture = accounts.fixture
            let envelope = SecondFactor.seal(.generate(), of: user, with: Accounts.masterKey)
            let enable = { @Sendable (transaction: borrowing Transaction) async throws in
                _ = try await SecondFactorStore.begin(user, envelope, in: transaction)
                _ = try await SecondFactorStore.confirm(user, in: transaction)
                try await AccountStore.endSessions(of: user, because: "tests", but: nil, in: transaction)
            }
            let answer = try await fixture.holding(in: admin.organization, enable) { commit in
                async let answer = fixture.refusal { try await accounts.signIn("ada@example.org") }
                try await fixture.untilWaiting(1)
                commit()
                return await answer
            }
            #expect(answer == "second_factor_required")
            #expect(try fixture.count("auth.sessions") == "0")
        }
    }

    @Test("two sign-ins at once that both bring a new hash both succeed")
    func bothRehash() async throws {
        try await withOldHash { accounts, admin, user in
            let fixture = accounts.fixture
            let hold = { @Sendable (transaction: borrowing Transaction) async throws in
                _ = try await transaction.execute("SELECT FROM auth.users WHERE id = \(user) FOR UPDATE")
            }
            let answers = try await fixture.holding(in: admin.organization, hold) { commit in
                async let first = fixture.refusal { try await accounts.signIn("ada@example.org") }
                async let second = fixture.refusal { try await accounts.signIn("ada@example.org") }
                try await fixture.untilWaiting(2)
                commit()
                return await [first, second]
            }
            #expect(answers == ["none", "none"])
            #expect(try fixture.store.psql("SELECT password_hash LIKE '%m=64,%' FROM auth.users") == "t")
        }
    }

    @Test("a session that was begun without the second factor that there is now is not renewed")
    func withoutFactor() async throws {
        try await withOldHash { accounts, admin, user in
            let fixture = accounts.fixture
            let mine = try await accounts.signIn("ada@example.org")
            let (secret, _) = try await accounts.enroll(try await accounts.principal(mine), now: .now() - .seconds(90))
            // The one that it was set up in goes on, and counts as signed in with it.
            let renewed = try await fixture.sessions.refresh(mine.refresh.text, from: here)
            let listed = try await fixture.sessions.list(
                of: user, try PageRequest(limit: "10", after: nil), by: admin)
            #expect(listed.map(\.secondFactor) == [.totp])
            try fixture.store.psql("UPDATE auth.sessions SET second_factor = NULL")
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(renewed.refresh.text, from: here) }
                    == "session_ended")
            #expect(
                await fixture.refusal { try await fixture.signIn(user, admin.organization) }
                    == "second_factor_required")
            let code = GivenCode.authenticator(Secret(secret.code(at: .now())))
            _ = try await accounts.signIn("ada@example.org", code: code)
        }
    }
}
