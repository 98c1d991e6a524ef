// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

@Suite struct SessionServiceTests {
    private let everything: PageRequest

    init() throws { everything = try PageRequest(limit: "500", after: nil) }

    private func access(_ fixture: Fixture, _ issued: IssuedSession, on monitor: IdentityMonitor? = nil) -> Principal? {
        (monitor ?? fixture.monitor).principal(of: issued.accessText.reveal())
    }

    @Test("a sign-in gives a token that every node knows, with the rights of the membership")
    func begins() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization, role: "developer")
            let issued = try await fixture.signIn(user, admin.organization)
            try await fixture.monitor.refresh()
            let principal = try #require(access(fixture, issued))
            #expect(principal.caller == .person(user))
            #expect(principal.organization == admin.organization)
            #expect(principal.session == issued.access.session)
            #expect(principal.permissions == Role.developer.permissions.union([.manageAccount]))
            #expect(principal.actor.name == "user:\(user)")
            #expect(!issued.mustSetUpSecondFactor)
            #expect(try fixture.actions() == ["session.created"])
            #expect(
                try fixture.store.psql("SELECT user_id, ip_address IS NULL, status FROM auth.audit_logs")
                    == "\(user)|t|success")
            let entry = try fixture.payloads("session.created").first
            #expect(entry?["ip_address"]?.string == "192.0.2.7")
            #expect(entry?["user_agent"]?.string == "tests/1")
            for secret in [issued.accessText.reveal(), issued.refresh.text.reveal()] {
                for table in ["auth.sessions", "audits.audit_log"] {
                    #expect(try !fixture.store.psql("SELECT t::text FROM \(table) t").contains(secret))
                }
            }
        }
    }

    @Test("a refresh token gives the next pair once; used again it ends the whole sign-in, on every node")
    func reuse() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            let first = try await fixture.signIn(user, admin.organization)
            let other = try await fixture.signIn(user, admin.organization)
            let second = try await fixture.sessions.refresh(first.refresh.text, from: here)
            #expect(second.access.session == first.access.session)
            #expect(second.refresh.text.reveal() != first.refresh.text.reveal())
            try await fixture.monitor.refresh()
            #expect(access(fixture, second) != nil)
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(first.refresh.text, from: here) }
                    == "session_ended")
            #expect(access(fixture, second) == nil)
            #expect(access(fixture, first) == nil)
            #expect(access(fixture, other) != nil, "another sign-in goes on")
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(second.refresh.text, from: here) }
                    == "session_ended")
            let elsewhere = IdentityMonitor(
                database: fixture.store.open(role: "witan_app"), pepper: pepper, tokenKey: tokenKey)
            try await elsewhere.refresh()
            #expect(access(fixture, second, on: elsewhere) == nil)
            #expect(access(fixture, other, on: elsewhere) != nil)
            #expect(try fixture.actions().filter { $0 == "session.reuse_detected" }.count == 1)
        }
    }

    @Test("of many who use one refresh token at once, one gets the next pair, and the sign-in is over for all")
    func race() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization)
            for _ in 0..<5 {
                let issued = try await fixture.signIn(user, admin.organization)
                let won = Locked<[IssuedSession]>([])
                let outcomes = await fixture.outcomes(of: 8) { _ in
                    let next = try await fixture.sessions.refresh(issued.refresh.text, from: here)
                    won.withLock { $0.append(next) }
                }
                #expect(outcomes == ["none": 1, "session_ended": 7])
                let winner = try #require(won.withLock { $0.first })
                #expect(
                    await fixture.refusal { try await fixture.sessions.refresh(winner.refresh.text, from: here) }
                        == "session_ended")
            }
        }
    }

    @Test(
        "what is no living refresh token is refused in one way",
        arguments: ["", "wtr_", "wtr_" + String(repeating: "A", count: 43), "wtn_" + String(repeating: "A", count: 43)])
    func junk(text: String) async throws {
        try await Fixture.with { fixture in
            _ = try fixture.organization("one")
            #expect(
                await fixture.refusal { try await fixture.sessions.refresh(Secret(text), from: here) }
                    == "session_ended")
        }
    }

    @Test("an expired sign-in, one of a person who left and one of a retired organization are not renewed")
    func ended() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            for end in [
                "UPDATE auth.sessions SET expires_at = now() - interval '1 s', created_at = now() - interval '1 d'",
                "UPDATE auth.memberships SET retired_at = now()", "UPDATE auth.users SET retired_at = now()",
                "UPDATE auth.organizations SET retired_at = now()",
            ] {
                let user = try fixture.person("\(UniqueID.v7())@example.org", in: admin.organization)
                let issued = try await fixture.signIn(user, admin.organization)
                try fixture.store.psql(end)
                #expect(
                    await fixture.refusal { try await fixture.sessions.refresh(issued.refresh.text, from: here) }
                        == "session_ended")
                #expect(try fixture.count("auth.sessions WHERE family_id = '\(issued.access.session)'") == "1")
            }
        }
    }

    @Test(
        "a change of role, of a custom role and the end of a membership void the tokens issued before, and only those")
    func rights() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (user, other) = (
                try fixture.person("ada@example.org", in: admin.organization),
                try fixture.person("bob@example.org", in: admin.organization)
            )
            let role = UniqueID.v7()
            try fixture.store.psql(
                """
                INSERT INTO auth.roles (org_id, id, name, permissions)
                VALUES ('\(admin.organization)', '\(role)', 'auditor', ARRAY['audit.read', 'account.manage', 'no.such'])
                """)
            let untouched = try await fixture.signIn(other, admin.organization)
            for (change, permissions) in [
                ("role = 'viewer'", Role.viewer.permissions), ("custom_role_id = '\(role)'", [.readAudit]),
            ] as [(String, PermissionSet)] {
                let before = try await fixture.signIn(user, admin.organization)
                try await fixture.monitor.refresh()
                #expect(access(fixture, before) != nil)
                try fixture.store.psql("UPDATE auth.memberships SET \(change) WHERE user_id = '\(user)'")
                try await fixture.monitor.refresh()
                #expect(access(fixture, before) == nil)
                let after = try await fixture.sessions.refresh(before.refresh.text, from: here)
                #expect(access(fixture, after)?.permissions == permissions.union([.manageAccount]))
            }
            let custom = try await fixture.signIn(user, admin.organization)
            try fixture.store.psql("UPDATE auth.roles SET permissions = ARRAY['usage.read'] WHERE id = '\(role)'")
            try await fixture.monitor.refresh()
            #expect(access(fixture, custom) == nil)
            let last = try await fixture.signIn(user, admin.organization)
            #expect(access(fixture, last)?.permissions == [.readUsage, .manageAccount])
            try fixture.store.psql("UPDATE auth.memberships SET retired_at = now() WHERE user_id = '\(user)'")
            try await fixture.monitor.refresh()
            #expect(access(fixture, last) == nil)
            #expect(access(fixture, untouched) != nil)
        }
    }

    @Test("where the organization demands a second factor, who has none yet can do nothing but set one up")
    func secondFactor() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let user = try fixture.person("ada@example.org", in: admin.organization, role: "admin")
            try fixture.store.psql("UPDATE auth.organizations SET require_two_factor = true")
            let issued = try await fixture.signIn(user, admin.organization)
            #expect(issued.mustSetUpSecondFactor)
            #expect(issued.access.permissions == [.manageAccount])
            let withFactor = try await fixture.signIn(user, admin.organization, factor: .totp)
            #expect(withFactor.access.permissions.contains(.manageOrganization))
        }
    }

    @Test("devices are listed, one is ended, all but one are ended, and nobody sees another organization's")
    func lists() async throws {
        try await Fixture.with { fixture in
            let (mine, foreign) = (try fixture.organization("mine"), try fixture.organization("foreign"))
            let user = try fixture.person("ada@example.org", in: mine.organization)
            try fixture.store.psql(
                "INSERT INTO auth.memberships VALUES ('\(foreign.organization)', '\(user)', 'viewer')")
            let first = try await fixture.signIn(user, mine.organization)
            let second = try await fixture.signIn(user, mine.organization)
            let elsewhere = try await fixture.signIn(user, foreign.organization)
            _ = try await fixture.sessions.refresh(first.refresh.text, from: here)
            let listed = try await fixture.sessions.list(of: user, everything, by: mine)
            #expect(listed.map(\.id) == [second.access.session, first.access.session])
            #expect(listed[0].address == "192.0.2.7")
            #expect(listed[0].deviceInfo.contains("tests/1"))
            for id in [elsewhere.access.session, UniqueID.v7()] {
                #expect(
                    await fixture.refusal { try await fixture.sessions.end(id, of: user, by: mine) }
                        == "session_not_found")
            }
            try await fixture.sessions.end(first.access.session, of: user, by: mine)
            #expect(access(fixture, first) == nil)
            #expect(access(fixture, second) != nil)
            #expect(
                await fixture.refusal { try await fixture.sessions.end(first.access.session, of: user, by: mine) }
                    == "session_not_found")
            let third = try await fixture.signIn(user, mine.organization)
            let count = try await fixture.sessions.end(of: user, except: third.access.session, by: mine)
            #expect(count == 1)
            #expect(access(fixture, second) == nil)
            #expect(access(fixture, third) != nil)
            #expect(access(fixture, elsewhere) != nil)
        }
    }

    @Test("ending all of a person's sessions reaches every organization, but for the one spared")
    func everywhere() async throws {
        try await Fixture.with { fixture in
            let (mine, foreign) = (try fixture.organization("mine"), try fixture.organization("foreign"))
            let user = try fixture.person("ada@example.org", in: mine.organization)
            try fixture.store.psql(
                "INSERT INTO auth.memberships VALUES ('\(foreign.organization)', '\(user)', 'viewer')")
            let here = try await fixture.signIn(user, mine.organization)
            let there = try await fixture.signIn(user, foreign.organization)
            let ended = try await fixture.database.query(
                "SELECT auth.end_sessions(\(user), 'password changed', \(here.access.session)) AS ended")
            #expect(try ended.first?["ended"] == Int32(1))
            try await fixture.monitor.refresh()
            #expect(access(fixture, here) != nil)
            #expect(access(fixture, there) == nil)
        }
    }
}
