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

/// Making invitations, and what ends them.
@Suite struct InvitationTests {
    private let all: PageRequest

    init() throws { all = try PageRequest(limit: "500", after: nil) }

    @Test("what is out of bounds is refused by its field, and the bounds themselves are not")
    func bounds() throws {
        let now = Timestamp.now()
        let email = try EmailAddress("ada@example.org")
        for (uses, expiry, email, field) in [
            (0, Duration.seconds(60), EmailAddress?.none, "max_uses"), (10_001, .seconds(60), nil, "max_uses"),
            (2, .seconds(60), email, "max_uses"), (1, .zero, nil, "expires_at"), (1, .seconds(-1), nil, "expires_at"),
            (1, NewInvitation.longest + .milliseconds(1), nil, "expires_at"),
        ] {
            let error = #expect(throws: DomainError.self) {
                try NewInvitation(
                    email: email, role: RoleChoice(.viewer), usesMaximum: uses, expiresAt: now + expiry, now: now)
            }
            #expect(error?.parameter == field)
        }
        for (uses, expiry) in [(1, NewInvitation.longest), (10_000, .milliseconds(1))] {
            _ = try NewInvitation(role: RoleChoice(.viewer), usesMaximum: uses, expiresAt: now + expiry, now: now)
        }
        #expect(try NewInvitation(role: RoleChoice(.viewer), now: now).expiresAt == now + NewInvitation.standard)
    }

    @Test("nobody invites into more than they have, into a team they do not manage, or into what is not theirs")
    func rights() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let invitations = try Invitations(fixture)
            let manager = try fixture.person("ada", .manager, in: mine.organization)
            let limited = Principal(
                organization: mine.organization, caller: .key(.v7()), name: "inviter", role: .viewer,
                permissions: Role.viewer.permissions.union([.manageInvitations]), policy: mine.policy)
            let team = try await fixture.teams.create(TeamDraft(name: "t"), by: mine).id
            let foreign = try await fixture.teams.create(TeamDraft(name: "t"), by: other).id
            let role = try await fixture.roles.create(CustomRoleDraft(name: "r", permissions: [.readUsage]), by: other)
            for (new, caller, code) in [
                (try NewInvitation(role: RoleChoice(.admin)), manager, "role_too_high"),
                (try NewInvitation(role: RoleChoice(.viewer), team: team), limited, "permission_denied"),
                (try NewInvitation(role: RoleChoice(.viewer), team: foreign), manager, "team_not_found"),
                (try NewInvitation(role: RoleChoice(.viewer, custom: role.id)), manager, "role_not_found"),
            ] {
                #expect(await fixture.refusal { _ = try await invitations.service.create(new, by: caller) } == code)
            }
            #expect(try fixture.count("auth.invitations") == "0")
        }
    }

    @Test("an invitation is worth nothing once its inviter is gone or may do less")
    func inviter() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let inviter = try fixture.person("ada", .manager, in: admin.organization)
            let new = try NewInvitation(role: RoleChoice(.manager))
            let code = try await invitations.code(new, by: inviter)
            // Past the program, which would have revoked the invitation.
            try fixture.store.psql("UPDATE auth.memberships SET role = 'viewer' WHERE user_id = '\(inviter.id)'")
            let refused = await fixture.refusal { try await invitations.accept(code, "b@example.org") }
            #expect(refused == "invalid_invitation")
            #expect(try fixture.store.psql("SELECT uses FROM auth.invitations") == "0")
            try await fixture.members.remove(inviter.id, by: admin)
            #expect(
                try await invitations.service.list(all, of: admin.organization).map { $0.state(at: .now()) }
                    == [.revoked])
        }
    }

    @Test("an invitation is worth nothing once the key that made it is revoked, expired or may do less")
    func invitingKey() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let new = try NewInvitation(role: RoleChoice(.viewer), usesMaximum: 9)
            for ended in ["revoked_at = now()", "expires_at = now()", "scopes = '{audit.read}'"] {
                let key = try await fixture.keys.create(
                    try NewAPIKey(name: "leaked", role: RoleChoice(.manager)), by: admin)
                let caller = try #require(fixture.monitor.principal(of: key.token.text.reveal()))
                let code = try await invitations.code(new, by: caller)
                let address = "ada-\(key.id)@example.org"
                try await invitations.accept(code, address)
                // Past the program, which would have revoked the invitation.
                try fixture.store.psql("UPDATE auth.api_keys SET \(ended) WHERE id = '\(key.id)'")
                let refused = await fixture.refusal { try await invitations.accept(code, "b\(address)") }
                #expect(refused == "invalid_invitation", "\(ended)")
            }
            #expect(try fixture.store.psql("SELECT sum(uses) FROM auth.invitations") == "3")
        }
    }

    @Test("revoking a key takes back the open invitations that it made, and no others")
    func revokedKey() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let invitations = try Invitations(fixture)
            let key = try await fixture.keys.create(
                try NewAPIKey(name: "leaked", role: RoleChoice(.manager)), by: admin)
            let caller = try #require(fixture.monitor.principal(of: key.token.text.reveal()))
            let new = try NewInvitation(role: RoleChoice(.viewer))
            for principal in [caller, caller, admin] { _ = try await invitations.service.create(new, by: principal) }
            try await fixture.keys.revoke(key.id, by: admin)
            let states = try await invitations.service.list(all, of: admin.organization).map { $0.state(at: .now()) }
            #expect(states == [.open, .revoked, .revoked])
            #expect(try fixture.payloads("key.revoked").first?["invitations_revoked"]?.integer == 2)
        }
    }

    @Test("an address is mailed three invitations an hour by an organization, also of many made at once")
    func mails() async throws {
        try await Fixture.with { fixture in
            let (admin, other) = (try fixture.organization("one"), try fixture.organization("two"))
            let invitations = try Invitations(fixture)
            let email = try EmailAddress("ada@example.org")
            let new = try NewInvitation(email: email, role: RoleChoice(.viewer))
            let outcomes = await fixture.outcomes(of: 6) { _ in
                _ = try await invitations.service.create(new, by: admin)
            }
            #expect(outcomes == ["none": 3, "too_many_invitations": 3])
            #expect(invitations.queue.count == 3)
            _ = try await invitations.service.create(new, by: other)
            _ = try await invitations.service.create(
                try NewInvitation(email: email, role: RoleChoice(.viewer), showsCode: true), by: admin)
            try fixture.store.psql("UPDATE auth.invitations SET created_at = created_at - interval '1 hour'")
            _ = try await invitations.service.create(new, by: admin)
        }
    }

    @Test("another organization's invitations are not there")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let invitations = try Invitations(fixture)
            let made = try await invitations.service.create(try NewInvitation(role: RoleChoice(.viewer)), by: mine)
            #expect(try await invitations.service.list(all, of: other.organization).isEmpty)
            let id = made.invitation.id
            #expect(
                await fixture.refusal { _ = try await invitations.service.find(id, of: other.organization) }
                    == "invitation_not_found")
            #expect(
                await fixture.refusal { try await invitations.service.revoke(id, by: other) } == "invitation_not_found")
            try await invitations.accept(try #require(made.code).text)
        }
    }
}
