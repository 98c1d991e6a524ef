// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import JSON
import Mail
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Identity

/// Accepting invitations, and being refused.
@Suite struct InvitationAcceptanceTests {
    private let all: PageRequest

    init() throws { all = try PageRequest(limit: "500", after: nil) }

    @Test("a new person joins with an account of their own, and the invitation is used up")
    func newcomer() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let admin = try fixture.person("root", .admin, in: organization)
            let invitations = try Invitations(fixture)
            let (made, shown) = try await invitations.service.create(
                try NewInvitation(role: RoleChoice(.manager)), by: admin)
            let code = try #require(shown).text
            #expect(made.createdBy == admin.id)
            #expect(made.state(at: .now()) == .open)
            let accepted = try await invitations.accept(code, "Ada@Example.org")
            let member = try await fixture.members.find(accepted.user, of: organization)
            #expect((member.email, member.name, member.role) == ("ada@example.org", "ada", RoleChoice(.manager)))
            #expect(!member.isVerified)
            #expect((accepted.slug, accepted.organization) == ("one", organization))
            #expect(try await invitations.service.find(made.id, of: organization).state(at: .now()) == .used)
            let again = await fixture.refusal { try await invitations.accept(code, "b@example.org") }
            #expect(again == "invalid_invitation")
            #expect(try fixture.actions() == ["invitation.created", "invitation.accepted", "invitation.refused"])
            let entry = try fixture.store.psql(
                """
                SELECT actor = 'user:\(accepted.user)', payload::text LIKE '%192.0.2.7%'
                FROM audits.audit_log WHERE action = 'invitation.accepted'
                """)
            #expect(entry == "t|f")
            let opened = try fixture.payloads("invitation.accepted").first
            #expect(opened?["ip_address"]?.string == here.address && opened?["user_agent"]?.string == here.userAgent)
            let secret = code.reveal().dropFirst(4)
            for table in ["auth.invitations", "audits.audit_log"] {
                #expect(try !fixture.store.psql("SELECT t::text FROM \(table) t").contains(secret))
            }
        }
    }

    @Test("who has an account joins with its password, and not with another one, which counts as a wrong sign-in")
    func existing() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let invitations = try Invitations(fixture)
            let first = try await invitations.code(try NewInvitation(role: RoleChoice(.viewer)), by: mine)
            let person = try await invitations.accept(first).user
            let second = try await invitations.code(
                try NewInvitation(role: RoleChoice(.developer), usesMaximum: 5), by: other)
            let wrong = await fixture.refusal { try await invitations.accept(second, password: "quite another one 7") }
            #expect(wrong == "invalid_credentials")
            #expect(try await invitations.accept(second).user == person)
            #expect(await fixture.refusal { try await invitations.accept(second) } == "already_member")
            #expect(try await fixture.members.find(person, of: other.organization).role == RoleChoice(.developer))
            #expect(try await fixture.members.find(person, of: mine.organization).role == RoleChoice(.viewer))
            #expect(try fixture.count("auth.users WHERE email = 'ada@example.org'") == "1")
            #expect(try fixture.store.psql("SELECT uses FROM auth.invitations WHERE max_uses = 5") == "1")
            let refusal = try fixture.store.psql(
                """
                SELECT CASE org_id WHEN '\(mine.organization)' THEN 'mine' ELSE 'other' END, actor,
                       payload::jsonb ->> 'reason'
                FROM audits.audit_log WHERE outcome = 'failure' ORDER BY id
                """)
            #expect(
                refusal.split(separator: "\n") == [
                    "other|anonymous|wrong password", "mine|user:\(person)|wrong password",
                    "other|user:\(person)|a member already", "mine|user:\(person)|a member already",
                ])
        }
    }

    @Test("of many who use the last places at once exactly so many win, be it one or three", arguments: [1, 3])
    func race(places: Int) async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let code = try await invitations.code(
                try NewInvitation(role: RoleChoice(.viewer), usesMaximum: places), by: admin)
            let outcomes = await fixture.outcomes(of: 5) { number in
                try await invitations.accept(code, "p\(number)@example.org", from: "192.0.2.\(number)")
            }
            #expect(outcomes == ["none": places, "invalid_invitation": 5 - places])
            #expect(try fixture.count("auth.memberships") == "\(places)")
            #expect(try fixture.count("auth.users") == "\(places)")
            #expect(try fixture.store.psql("SELECT uses FROM auth.invitations") == "\(places)")
        }
    }

    @Test("codes that are wrong, revoked, expired or for somebody else are answered alike, and those known are logged")
    func alike() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let revoked = try await invitations.service.create(try NewInvitation(role: RoleChoice(.viewer)), by: admin)
            try await invitations.service.revoke(revoked.invitation.id, by: admin)
            try await invitations.service.revoke(revoked.invitation.id, by: admin)
            let expired = try await invitations.service.create(try NewInvitation(role: RoleChoice(.viewer)), by: admin)
            try fixture.store.psql(
                """
                UPDATE auth.invitations SET expires_at = now() - interval '1 second'
                WHERE id = '\(expired.invitation.id)'
                """)
            let bound = try await invitations.service.create(
                try NewInvitation(
                    email: try EmailAddress("bob@example.org"), role: RoleChoice(.viewer), showsCode: true), by: admin)
            var answers: Set<String> = []
            for code in [
                try #require(revoked.code).text, try #require(expired.code).text, try #require(bound.code).text,
                InvitationCode.generate().text, Secret("wti_"), Secret(""), Secret(String(repeating: "a", count: 47)),
            ] {
                let error = await #expect(throws: DomainError.self) { try await invitations.accept(code) }
                answers.insert("\(try #require(error)) \(try #require(error).status)")
            }
            #expect(answers.count == 1 && answers.first?.hasSuffix("(invalid_invitation) 400") == true)
            #expect(try fixture.count("auth.users") == "0")
            #expect(
                try fixture.payloads("invitation.refused").compactMap { $0["reason"]?.string } == [
                    "used, revoked or expired", "used, revoked or expired", "another address",
                ])
            #expect(try fixture.count("audits.audit_log WHERE action = 'invitation.revoked'") == "1")
        }
    }

    @Test("who tries too many codes from one place must wait, and others need not")
    func limited() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let good = try await invitations.code(try NewInvitation(role: RoleChoice(.viewer)), by: admin)
            var refusals: Set<String> = []
            for _ in 0..<12 {
                refusals.insert(
                    await fixture.refusal { try await invitations.accept(InvitationCode.generate().text) })
            }
            #expect(refusals == ["invalid_invitation", "sign_in_locked"])
            #expect(await fixture.refusal { try await invitations.accept(good) } == "sign_in_locked")
            try await invitations.accept(good, from: "198.51.100.1")
        }
    }

    @Test("a mailed code is shown to nobody else, and who accepts with it has proven the address")
    func mailed() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let email = try EmailAddress("ada@example.org")
            let (made, code) = try await invitations.service.create(
                try NewInvitation(email: email, role: RoleChoice(.viewer)), by: admin)
            #expect(code == nil)
            #expect(invitations.queue.count == 1)
            #expect(made.isMailed)
            // The code itself is on its way; the test puts one of its own in its place.
            let known = InvitationCode.generate()
            try fixture.store.psql("UPDATE auth.invitations SET code_hash = '\\x\(known.hash.hex)'")
            let user = try await invitations.accept(known.text).user
            #expect(try await fixture.members.find(user, of: admin.organization).isVerified)
            let shown = try await invitations.code(
                try NewInvitation(
                    email: try EmailAddress("bob@example.org"), role: RoleChoice(.viewer), showsCode: true), by: admin)
            let other = try await invitations.accept(shown, "bob@example.org").user
            #expect(try await !fixture.members.find(other, of: admin.organization).isVerified)
            #expect(invitations.queue.count == 1)
        }
    }

    @Test("who accepts gets the custom role and the team; a team that is gone is left out")
    func roleAndTeam() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let role = try await fixture.roles.create(
                CustomRoleDraft(name: "r", permissions: [.readUsage]), by: admin)
            let team = try await fixture.teams.create(TeamDraft(name: "t"), by: admin)
            let code = try await invitations.code(
                try NewInvitation(role: RoleChoice(.viewer, custom: role.id), team: team.id, usesMaximum: 2), by: admin)
            #expect(await fixture.refusal { try await fixture.roles.retire(role.id, by: admin) } == "role_in_use")
            let user = try await invitations.accept(code).user
            #expect(try await fixture.members.find(user, of: admin.organization).permissions == [.readUsage])
            let members = try await fixture.teams.members(of: team.id, all, organization: admin.organization)
            #expect(members.map(\.id) == [user])
            try await fixture.teams.retire(team.id, by: admin)
            let late = try await invitations.accept(code, "bob@example.org").user
            #expect(try fixture.count("auth.team_members WHERE user_id = '\(late)'") == "0")
        }
    }

    @Test("who was removed may come back by invitation, and what they had does not come back with them")
    func rejoin() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let code = try await invitations.code(
                try NewInvitation(role: RoleChoice(.developer), usesMaximum: 2), by: admin)
            let user = try await invitations.accept(code).user
            let (_, key) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer), owner: user), by: admin)
            let token = try fixture.token(of: fixture.signedIn(user, .developer, in: admin.organization))
            #expect(fixture.monitor.principal(of: key.text.reveal()) != nil)
            #expect(fixture.monitor.principal(of: token) != nil)
            try await fixture.members.remove(user, by: admin)
            #expect(try await invitations.accept(code).user == user)
            #expect(try await fixture.members.find(user, of: admin.organization).role == RoleChoice(.developer))
            #expect(fixture.monitor.principal(of: key.text.reveal()) == nil)
            #expect(fixture.monitor.principal(of: token) == nil)
        }
    }

    @Test("who is signed in joins with a code alone; a key does not, nor does another person with a bound code")
    func signedIn() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let invitations = try Invitations(fixture)
            let person = try fixture.person("ada", .viewer, in: mine.organization)
            let stranger = try fixture.person("eve", .viewer, in: mine.organization)
            let code = try await invitations.code(
                try NewInvitation(
                    email: try EmailAddress("ada@example.org"), role: RoleChoice(.manager), showsCode: true), by: other)
            let byKey = await fixture.refusal { _ = try await invitations.acceptances.accept(code, by: mine) }
            #expect(byKey == "person_required")
            #expect(
                await fixture.refusal { _ = try await invitations.acceptances.accept(code, by: stranger) }
                    == "invalid_invitation")
            let accepted = try await invitations.acceptances.accept(code, by: person)
            #expect((accepted.user, accepted.organization) == (person.id, other.organization))
            #expect(try await fixture.members.find(person.id, of: other.organization).role == RoleChoice(.manager))
        }
    }

    @Test("a bad password is refused alike whether there is an account or not, and uses nothing up")
    func badPassword() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let code = try await invitations.code(
                try NewInvitation(role: RoleChoice(.viewer), usesMaximum: 9), by: admin)
            try await invitations.accept(code)
            for (password, reason) in [("short", "invalid_password"), ("password1234567", "weak_password")] {
                var answers: Set<String> = []
                for email in ["ada@example.org", "bob@example.org"] {
                    let error = await #expect(throws: DomainError.self) {
                        try await invitations.accept(code, email, password: password)
                    }
                    #expect(error?.code == reason)
                    answers.insert("\(try #require(error))")
                }
                #expect(answers.count == 1)
            }
            #expect(try fixture.store.psql("SELECT uses FROM auth.invitations") == "1")
        }
    }

    @Test("an account with a second factor joins with a code of it only, and wrong codes count and change nothing")
    func secondFactor() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let (accounts, invitations) = (Accounts(fixture), try Invitations(fixture))
            let user = try await accounts.person("ada@example.org", in: mine.organization)
            let principal = try await accounts.principal(try await accounts.signIn("ada@example.org"))
            let earlier = Timestamp.now() - .seconds(300)
            let (_, codes) = try await accounts.enroll(principal, now: earlier)
            let code = try await invitations.code(try NewInvitation(role: RoleChoice(.viewer)), by: other)
            let join = { (factor: GivenCode?) in
                await fixture.refusal {
                    try await invitations.accept(
                        code, "ada@example.org", password: Accounts.password, factor: factor)
                }
            }
            #expect(await join(nil) == "second_factor_required")
            #expect(await join(.authenticator(Secret("000000"))) == "invalid_code")
            #expect(await join(.recoveryCode(Secret("aaaa-aaaa-aaaa-aaaa"))) == "invalid_code")
            #expect(try fixture.store.psql("SELECT uses FROM auth.invitations") == "0")
            #expect(try fixture.count("auth.memberships WHERE org_id = '\(other.organization)'") == "0")
            #expect(try fixture.store.psql("SELECT max(failures) FROM auth.lockouts WHERE kind = 'account'") == "2")
            #expect(await join(.recoveryCode(codes[0].text)) == "none")
            #expect(try await fixture.members.find(user, of: other.organization).role == RoleChoice(.viewer))
            #expect(
                try fixture.payloads("invitation.refused").compactMap { $0["reason"]?.string } == [
                    "no second factor", "no second factor", "wrong code", "wrong code", "wrong code", "wrong code",
                ])
        }
    }

    @Test("every refusal has address and user agent in a log: the invitation's, and the person's own organization's")
    func refusals() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let invitations = try Invitations(fixture)
            let code = try await invitations.code(
                try NewInvitation(role: RoleChoice(.viewer), usesMaximum: 9), by: other)
            let user = try await Accounts(fixture).person("ada@example.org", in: mine.organization)
            let person = fixture.signedIn(user, .viewer, in: mine.organization)
            let join = { (code: Secret<String>, principal: Principal) in
                await fixture.refusal { _ = try await invitations.acceptances.accept(code, by: principal) }
            }
            let guess = await fixture.refusal { try await invitations.accept(code, password: "quite another one 7") }
            #expect(guess == "invalid_credentials")
            #expect(await join(InvitationCode.generate().text, person) == "invalid_invitation")
            #expect(await join(code, person) == "none")
            #expect(await join(code, person) == "already_member")
            let entries = try fixture.store.psql(
                """
                SELECT CASE org_id WHEN '\(mine.organization)' THEN 'mine' ELSE 'other' END, actor = 'user:\(user)'
                FROM audits.audit_log WHERE action = 'invitation.refused' ORDER BY id
                """)
            #expect(entries == "other|f\nmine|t\nmine|t\nother|t\nmine|t")
            for entry in try fixture.payloads("invitation.refused") {
                #expect(entry["ip_address"]?.string == here.address, "\(entry)")
                #expect(entry["user_agent"]?.string == here.userAgent)
            }
            // Of a known person nothing stands there in clear.
            #expect(
                try fixture.count(
                    "audits.audit_log WHERE action = 'invitation.refused' AND payload::text LIKE '%ip_address%'") == "1"
            )
        }
    }
}
