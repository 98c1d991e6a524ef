// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct MemberTests {
    private let all: PageRequest

    init() throws { all = try PageRequest(limit: "500", after: nil) }

    @Test("members are listed by page, each with what they may do, and those of other organizations are not there")
    func lists() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let people = try [
                fixture.person("ada", .admin, in: mine.organization),
                fixture.person("bob", .developer, in: mine.organization),
                fixture.person("cyd", .viewer, in: mine.organization),
            ].map(\.id)
            let eve = try fixture.person("eve", .admin, in: other.organization).id
            let first = try await fixture.members.list(try PageRequest(limit: "2", after: nil), of: mine.organization)
            let after = try #require(first.last?.id.description)
            let rest = try await fixture.members.list(try PageRequest(limit: "2", after: after), of: mine.organization)
            #expect((first + rest).map(\.id) == people.reversed())
            #expect(first.map(\.email) == ["cyd@example.org", "bob@example.org"])
            #expect(first.map(\.permissions) == [Role.viewer.permissions, Role.developer.permissions])
            #expect(await code { _ = try await fixture.members.find(eve, of: mine.organization) } == "user_not_found")
            #expect(await code { try await fixture.members.remove(eve, by: mine) } == "user_not_found")
            #expect(
                await code { _ = try await fixture.members.update(eve, by: mine) { $0 } } == "user_not_found")
        }
    }

    @Test("another role counts at once: older tokens are void, and the change is logged")
    func updates() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let person = try fixture.person("ada", .developer, in: admin.organization)
            let token = try fixture.token(of: person)
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: token) != nil)
            let updated = try await fixture.members.update(person.id, by: admin) { _ in RoleChoice(.manager) }
            #expect(updated.role == RoleChoice(.manager))
            #expect(updated.permissions == Role.manager.permissions)
            #expect(fixture.monitor.principal(of: token) == nil)
            #expect(fixture.monitor.principal(of: try fixture.token(of: person)) != nil)
            let entry = try #require(try fixture.payloads("member.updated").first)
            #expect((entry["role"]?.string, entry["old_role"]?.string) == ("manager", "developer"))
            _ = try await fixture.members.update(person.id, by: admin) { _ in RoleChoice(.manager) }
            #expect(try fixture.actions() == ["member.updated"])
        }
    }

    @Test("nobody changes themselves, gives more than they have, or manages somebody who may do more")
    func rights() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let admin = try fixture.person("ada", .admin, in: organization)
            let developer = try fixture.person("bob", .developer, in: organization)
            let limited = Principal(
                organization: organization, caller: .key(.v7()), name: "people", role: .manager,
                permissions: Role.developer.permissions.union([.manageMembers]), policy: admin.policy)
            for attempt in [
                { _ = try await fixture.members.update(admin.id, by: limited) { _ in RoleChoice(.viewer) } },
                { try await fixture.members.remove(admin.id, by: limited) },
                { _ = try await fixture.members.update(developer.id, by: limited) { _ in RoleChoice(.manager) } },
            ] as [() async throws -> Void] {
                #expect(await code(of: attempt) == "role_too_high")
            }
            #expect(
                await code { _ = try await fixture.members.update(admin.id, by: admin) { _ in RoleChoice(.viewer) } }
                    == "own_membership")
            #expect(await code { try await fixture.members.remove(admin.id, by: admin) } == "own_membership")
            #expect(try fixture.actions().isEmpty)
            _ = try await fixture.members.update(developer.id, by: limited) { _ in RoleChoice(.viewer) }
        }
    }

    @Test("who runs the installation is managed by those only who do too")
    func operators() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let admin = try fixture.person("ada", .admin, in: organization)
            let chief = try fixture.person("bob", .admin, in: organization)
            try fixture.store.psql("UPDATE auth.users SET role = 'operator' WHERE id = '\(chief.id)'")
            #expect(await code { try await fixture.members.remove(chief.id, by: admin) } == "role_too_high")
            let operators = Principal(
                organization: organization, caller: .key(.v7()), name: "root", role: .admin,
                permissions: Role.admin.permissions.union([.manageInstallation]), policy: admin.policy)
            try await fixture.members.remove(chief.id, by: operators)
        }
    }

    @Test("the last administrator is neither demoted nor removed, not even past the program")
    func lastAdmin() async throws {
        try await Fixture.with { fixture in
            let root = try fixture.organization("one")
            let admin = try fixture.person("ada", .admin, in: root.organization)
            let demoted = await code {
                _ = try await fixture.members.update(admin.id, by: root) { _ in RoleChoice(.viewer) }
            }
            #expect(demoted == "last_admin")
            let role = try await fixture.roles.create(
                CustomRoleDraft(name: "all", permissions: Permission.grantable), by: root)
            let custom = await code {
                _ = try await fixture.members.update(admin.id, by: root) { RoleChoice($0.role, custom: role.id) }
            }
            #expect(custom == "last_admin")
            #expect(await code { try await fixture.members.remove(admin.id, by: root) } == "last_admin")
            let past = await #expect(throws: PostgresError.self) {
                try await fixture.database.transaction(settings: [("app.org_id", "\(root.organization)")]) {
                    try await $0.execute("UPDATE auth.memberships SET retired_at = now()")
                }
            }
            #expect(past?.sqlState == "23000")
            #expect(try fixture.actions() == ["role.created"])
        }
    }

    @Test("two administrators who end each other at once leave one", arguments: [true, false])
    func race(byRemoval: Bool) async throws {
        try await Fixture.with { fixture in
            for round in 0..<5 {
                let organization = try fixture.organization("o\(round)").organization
                let one = try fixture.person("a\(round)", .admin, in: organization)
                let two = try fixture.person("b\(round)", .admin, in: organization)
                let outcomes = await fixture.outcomes(of: 2) { turn in
                    let (target, caller) = turn == 0 ? (one, two) : (two, one)
                    if byRemoval {
                        try await fixture.members.remove(target.id, by: caller)
                    } else {
                        _ = try await fixture.members.update(target.id, by: caller) { _ in RoleChoice(.viewer) }
                    }
                }
                #expect(outcomes == ["none": 1, "last_admin": 1])
            }
        }
    }

    @Test("who is removed is out at once with sessions, keys, teams and open invitations, here and nowhere else")
    func removes() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let person = try fixture.person("ada", .manager, in: mine.organization)
            try fixture.store.psql(
                """
                INSERT INTO auth.memberships (org_id, user_id, role)
                VALUES ('\(other.organization)', '\(person.id)', 'viewer');
                INSERT INTO auth.sessions (org_id, id, family_id, user_id, refresh_token_hash, expires_at)
                SELECT o.id, o.id, '\(UniqueID.v7())', '\(person.id)', sha256(o.slug::bytea), now() + interval '1 day'
                FROM auth.organizations o;
                INSERT INTO auth.invitations (org_id, id, code_hash, role, created_by, expires_at)
                VALUES ('\(mine.organization)', '\(UniqueID.v7())', sha256('code'), 'viewer', '\(person.id)',
                        now() + interval '1 day')
                """)
            let (_, key) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer), owner: person.id), by: mine)
            let there = fixture.signedIn(person.id, .viewer, in: other.organization)
            let (here, elsewhere) = (try fixture.token(of: person), try fixture.token(of: there))
            for credential in [key.text.reveal(), here, elsewhere] {
                #expect(fixture.monitor.principal(of: credential) != nil)
            }
            try await fixture.members.remove(person.id, by: mine)
            #expect(fixture.monitor.principal(of: key.text.reveal()) == nil)
            #expect(fixture.monitor.principal(of: here) == nil)
            #expect(fixture.monitor.principal(of: elsewhere) != nil)
            #expect(
                try fixture.store.psql("SELECT org_id FROM auth.sessions WHERE revoked_at IS NOT NULL")
                    == mine.organization.description)
            #expect(try fixture.count("auth.invitations WHERE revoked_at IS NULL") == "0")
            #expect(
                await code { _ = try await fixture.members.find(person.id, of: mine.organization) } == "user_not_found")
            #expect(try await fixture.members.find(person.id, of: other.organization).role == RoleChoice(.viewer))
            let entry = try #require(try fixture.payloads("member.removed").first)
            #expect(entry["keys_revoked"]?.elements?.count == 1)
            #expect(entry["invitations_revoked"]?.integer == 1)
        }
    }

    @Test("who loses a right loses their open invitations; who gains one keeps them")
    func invitations() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let person = try fixture.person("ada", .manager, in: admin.organization)
            try fixture.store.psql(
                """
                INSERT INTO auth.invitations (org_id, id, code_hash, role, created_by, expires_at)
                VALUES ('\(admin.organization)', '\(UniqueID.v7())', sha256('code'), 'manager', '\(person.id)',
                        now() + interval '1 day')
                """)
            _ = try await fixture.members.update(person.id, by: admin) { _ in RoleChoice(.admin) }
            #expect(try fixture.count("auth.invitations WHERE revoked_at IS NULL") == "1")
            _ = try fixture.person("bob", .admin, in: admin.organization)
            _ = try await fixture.members.update(person.id, by: admin) { _ in RoleChoice(.developer) }
            #expect(try fixture.count("auth.invitations WHERE revoked_at IS NULL") == "0")
        }
    }
}

@Suite struct OwnedKeyTests {
    @Test("a key may do no more than its owner may, whatever becomes of either")
    func narrowed() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let owner = try fixture.person("ada", .admin, in: admin.organization)
            _ = try fixture.person("bob", .admin, in: admin.organization)
            let (_, key) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.admin), owner: owner.id), by: admin)
            let permissions = { fixture.monitor.principal(of: key.text.reveal())?.permissions }
            #expect(permissions() == Role.admin.permissions)
            _ = try await fixture.members.update(owner.id, by: admin) { _ in RoleChoice(.developer) }
            #expect(permissions() == Role.developer.permissions)
            let role = try await fixture.roles.create(
                CustomRoleDraft(name: "r", permissions: [.readAudit, .readUsage]), by: admin)
            _ = try await fixture.members.update(owner.id, by: admin) { RoleChoice($0.role, custom: role.id) }
            #expect(permissions() == [.readAudit, .readUsage])
            _ = try await fixture.roles.update(role.id, by: admin) { $0.permissions = [.readUsage] }
            #expect(permissions() == [.readUsage])
            _ = try await fixture.members.update(owner.id, by: admin) { _ in RoleChoice(.admin) }
            #expect(permissions() == Role.admin.permissions)
        }
    }

    @Test("an operator's administrator key runs the installation until its owner is no administrator any more")
    func operators() async throws {
        try await Fixture.with { fixture in
            let token = try #require(try await fixture.organizations.bootstrap { _, _, _ in }).text.reveal()
            try await fixture.monitor.refresh()
            let root = try #require(fixture.monitor.principal(of: token))
            #expect(root.may(.manageInstallation))
            let other = try fixture.person("ada", .admin, in: root.organization)
            let user = try #require(root.user)
            let refused = await code {
                _ = try await fixture.members.update(user, by: other) { _ in RoleChoice(.viewer) }
            }
            #expect(refused == "role_too_high")
            try fixture.store.psql("UPDATE auth.memberships SET role = 'viewer' WHERE user_id = '\(user)'")
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: token)?.permissions == Role.viewer.permissions)
        }
    }
}
