// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite("Who was refused, and where that is written")
struct RefusalTests {
    /// A person of two organizations.
    private func withPerson(
        _ body: @Sendable (Accounts, UniqueID, [Principal]) async throws -> Void
    ) async throws {
        try await Fixture.with { fixture in
            let accounts = Accounts(fixture)
            let organizations = [try fixture.organization("one"), try fixture.organization("two")]
            let user = try await accounts.person("ada@example.org", in: organizations[0].organization)
            try fixture.store.psql(
                """
                INSERT INTO auth.memberships (org_id, user_id, role)
                VALUES ('\(organizations[1].organization)', '\(user)', 'viewer')
                """)
            try await body(accounts, user, organizations)
        }
    }

    /// What the log says of failures, the oldest first: action, reason, how many organizations have it.
    private func failures(_ fixture: Fixture) throws -> [String] {
        try fixture.store.psql(
            """
            SELECT concat_ws('|', action, payload->>'reason', count(DISTINCT org_id), count(*)) FROM audits.audit_log
            WHERE outcome = 'failure' GROUP BY action, payload->>'reason' ORDER BY min(id::text)
            """
        ).split(separator: "\n").map(String.init)
    }

    private func attempt(
        _ accounts: Accounts, _ password: String = Accounts.password, to organization: String? = "one",
        code: GivenCode? = nil, from origin: Origin = here
    ) async -> String {
        await accounts.fixture.refusal {
            try await accounts.signIns.signIn(
                SignInAttempt(
                    email: "ada@example.org", password: Secret(password), organization: organization, device: nil,
                    code: code), from: origin)
        }
    }

    @Test("each way in which a sign-in is refused is in the log of every organization of the person, with its reason")
    func signIns() async throws {
        try await withPerson { accounts, user, _ in
            #expect(await attempt(accounts, "wrong") == "invalid_credentials")
            #expect(await attempt(accounts, to: nil) == "organization_required")
            #expect(await attempt(accounts, to: "three") == "not_a_member")
            try accounts.fixture.store.psql(
                """
                UPDATE auth.users SET totp_secret = '\\x01', totp_dek = '\\x01', totp_master_key_id = 'k',
                    totp_confirmed_at = now()
                """)
            #expect(await attempt(accounts) == "second_factor_required")
            #expect(await attempt(accounts, code: .recoveryCode(Secret("nonsense"))) == "invalid_code")
            #expect(
                try failures(accounts.fixture) == [
                    "session.refused|wrong password|2|2", "session.refused|organization missing|2|2",
                    "session.refused|not a member|2|2", "session.refused|second factor missing|2|2",
                    "session.refused|wrong code|2|2",
                ])
            for payload in try accounts.fixture.payloads("session.refused") {
                #expect(payload["ip_address"]?.string == "192.0.2.7" && payload["user_agent"]?.string == "tests/1")
            }
            #expect(try accounts.fixture.store.psql("SELECT DISTINCT entity FROM audits.audit_log") == "user:\(user)")
            #expect(accounts.fixture.unknown.withLock { $0.isEmpty })
        }
    }

    @Test("of refusals while an account is locked there is one entry a minute, account and network, with their number")
    func locked() async throws {
        try await withPerson { accounts, user, _ in
            let fixture = accounts.fixture
            for _ in 0..<10 { #expect(await attempt(accounts, "wrong") == "invalid_credentials") }
            for _ in 0..<5 { #expect(await attempt(accounts) == "sign_in_locked") }
            #expect(
                try failures(fixture) == ["session.refused|wrong password|2|20", "session.refused|locked|2|2"])
            // Another network is another entry.
            let elsewhere = Origin(address: "2001:db8::1", userAgent: nil, seal: testSeal)
            #expect(await attempt(accounts, from: elsewhere) == "sign_in_locked")
            #expect(try failures(fixture).last == "session.refused|locked|2|4")
            // A minute later the next one says how many there were meanwhile.
            let refusal = Refusal("session.refused", .locked, of: user, from: here)
            try await fixture.refusals.record(refusal, now: .now() + .seconds(61))
            #expect(try fixture.payloads("session.refused").last?["refusals"]?.integer == 5)
        }
    }

    @Test("an address that nobody has is in no organization's log, and told once a minute and network, without itself")
    func nobody() async throws {
        try await withPerson { accounts, _, _ in
            let fixture = accounts.fixture
            for _ in 0..<3 {
                #expect(
                    await fixture.refusal { try await accounts.signIn("nobody@example.org") } == "invalid_credentials")
            }
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(Secret("wtr_x"), from: here) }
                    == "session_ended")
            #expect(
                fixture.unknown.withLock { $0 } == [
                    UnknownRefusal(gave: "address", network: "192.0.2.7/32", count: 1),
                    UnknownRefusal(gave: "refresh token", network: "192.0.2.7/32", count: 1),
                ])
            let written = try failures(fixture)
            #expect(written == [])
        }
    }

    @Test("wrong passwords and codes of who is signed in are in the logs, too")
    func signedIn() async throws {
        try await withPerson { accounts, user, organizations in
            let fixture = accounts.fixture
            let issued = try await fixture.signIn(user, organizations[0].organization)
            let principal = try await accounts.principal(issued)
            let (_, codes) = try await accounts.enroll(principal, now: .now() - .seconds(90))
            let remove = { @Sendable (password: String, code: GivenCode) in
                await fixture.refusal {
                    try await accounts.secondFactors.remove(password: Secret(password), code, by: principal)
                }
            }
            #expect(
                await fixture.refusal {
                    try await accounts.passwords.change(
                        Secret("wrong"), to: Secret("drei Hasen im Wald"), by: principal)
                } == "wrong_password")
            #expect(await remove("wrong", .recoveryCode(codes[0].text)) == "wrong_password")
            #expect(await remove(Accounts.password, .recoveryCode(Secret("x"))) == "invalid_code")
            #expect(
                await fixture.refusal { try await accounts.secondFactors.renewCodes(Secret("000000"), by: principal) }
                    == "invalid_code")
            #expect(
                try failures(fixture) == [
                    "password.refused|wrong password|2|2", "second_factor.refused|wrong password|2|2",
                    "second_factor.refused|wrong code|2|4",
                ])
        }
    }

    @Test(
        "refresh tokens that were used, ended or too old are in the log with the session; a flood of them is one entry")
    func refreshTokens() async throws {
        try await withPerson { accounts, user, organizations in
            let fixture = accounts.fixture
            let home = organizations[0].organization
            let refresh = { @Sendable (issued: IssuedSession) in
                await fixture.refusal { try await fixture.sessions.refresh(issued.refresh.text, from: here) }
            }
            let (ended, old) = (try await fixture.signIn(user, home), try await fixture.signIn(user, home))
            try await fixture.sessions.end(ended.access.session, of: user, by: organizations[0])
            #expect(await refresh(ended) == "session_ended")
            try fixture.store.psql(
                """
                UPDATE auth.sessions SET created_at = now() - interval '1 d', expires_at = now() - interval '1 s'
                WHERE family_id = '\(old.access.session)'
                """)
            #expect(await refresh(old) == "session_ended")
            let first = try await fixture.signIn(user, home)
            _ = try await fixture.sessions.refresh(first.refresh.text, from: here)
            for _ in 0..<4 { #expect(await refresh(first) == "session_ended") }
            let written = [
                "session.renewal_refused|session ended|2|2", "session.renewal_refused|token expired|2|2",
                "session.reuse_detected|2|2", "session.renewal_refused|token used before|2|2",
            ]
            #expect(try failures(fixture) == written)
            // The first of four ended the session, the second is told of, and later the other two.
            try await fixture.refusals.writeHeldBack(now: .now() + .seconds(30))
            #expect(try failures(fixture) == written)
            try await fixture.refusals.writeHeldBack(now: .now() + .seconds(61))
            #expect(try failures(fixture) == written.dropLast() + ["session.renewal_refused|token used before|2|4"])
            #expect(try fixture.payloads("session.renewal_refused").last?["refusals"]?.integer == 2)
        }
    }

    @Test("a change of the password or the second factor is in the log of every organization of the person")
    func changes() async throws {
        try await withPerson { accounts, user, organizations in
            let fixture = accounts.fixture
            let principal = try await accounts.principal(try await fixture.signIn(user, organizations[1].organization))
            let new = "einundzwanzig G\u{E4}nse"
            try await accounts.passwords.change(Secret(Accounts.password), to: Secret(new), by: principal)
            let (_, codes) = try await accounts.enroll(principal, password: new)
            try await accounts.secondFactors.remove(
                password: Secret(new), .recoveryCode(codes[0].text), by: principal)
            let logs = try fixture.store.psql(
                """
                SELECT concat_ws('|', action, count(DISTINCT org_id)) FROM audits.audit_log
                WHERE action <> 'session.created' GROUP BY action ORDER BY min(id::text)
                """)
            #expect(
                logs == "password.changed|2\nsecond_factor.begun|2\nsecond_factor.enabled|2\nsecond_factor.removed|2")
            for payload in try fixture.payloads("password.changed") {
                #expect(payload["ip_address"]?.string == "192.0.2.7")
            }
        }
    }

    @Test("what the throttle holds back is counted, and it knows no more than a few thousand")
    func throttle() {
        var throttle = RefusalThrottle<Int>(most: 100)
        let start = Timestamp(microseconds: 1_800_000_000_000_000)
        let at = { (seconds: Int) in start + .seconds(seconds) }
        #expect(throttle.admit(0, ["a"], at: start) == 1)
        for number in 1...7 { #expect(throttle.admit(number, ["a"], at: at(59)) == nil) }
        #expect(throttle.admit(0, ["a", "b"], at: start) == 1)
        #expect(throttle.admit(8, ["a"], at: at(60)) == 8)
        #expect(throttle.admit(9, ["a"], at: at(120)) == 1)
        // A clock that went back holds nothing back.
        #expect(throttle.admit(10, ["a"], at: start) == 1)
        for number in 0..<1000 { #expect(throttle.admit(number, ["\(number)"], at: at(121)) == 1) }
        #expect(throttle.count <= 100)
    }

    @Test("the last of a flood are told when their minute is over, once, by the newest of them")
    func throttleTail() {
        var throttle = RefusalThrottle<Int>()
        let at = { (seconds: Int) in Timestamp(microseconds: 1_800_000_000_000_000) + .seconds(seconds) }
        for number in 0...5 { _ = throttle.admit(number, ["flood"], at: at(number)) }
        _ = throttle.admit(6, ["one"], at: at(5))
        #expect(throttle.takeHeldBack(at: at(59)).isEmpty)
        let told = throttle.takeHeldBack(at: at(60))
        #expect(told.map(\.0) == [5] && told.map(\.count) == [5])
        // That counts as the one of the next minute.
        #expect(throttle.admit(7, ["flood"], at: at(61)) == nil)
        #expect(throttle.takeHeldBack(at: at(120)).map(\.count) == [1])
        #expect(throttle.takeHeldBack(at: at(200)).isEmpty)
        #expect(throttle.count == 0)
    }
}
