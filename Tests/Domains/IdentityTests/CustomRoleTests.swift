// SPDX-License-Identifier: Apache-2.0
import Core
import Identity
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct CustomRoleTests {
    private let all: PageRequest
    private let auditor = CustomRoleDraft(
        name: "auditor", description: "reads the log", permissions: [.readAudit, .readMembers])

    init() throws { all = try PageRequest(limit: "500", after: nil) }

    @Test(
        "a draft out of bounds is refused by its field",
        arguments: [
            ("", "reads", ["audit.read"], "name"), (String(repeating: "a", count: 101), "", ["audit.read"], "name"),
            ("a\u{7}", "", ["audit.read"], "name"), ("Admin", "", ["audit.read"], "name"),
            ("a", String(repeating: "a", count: 1001), ["audit.read"], "description"),
            ("a", "", [], "permissions"), ("a", "", ["audit.reed"], "permissions"),
            ("a", "", ["installation.manage"], "permissions"), ("a", "", ["account.manage"], "permissions"),
        ])
    func bounds(name: String, description: String, permissions: [String], field: String) {
        let error = #expect(throws: DomainError.self) {
            try CustomRoleDraft(
                name: name, description: description,
                permissions: try CustomRoleDraft.permissions(named: permissions)
            ).check()
        }
        #expect(error?.parameter == field)
    }

    @Test("a role reads back as it was made, is listed, and its making is logged with address and program")
    func creates() async throws {
        try await Fixture.with { fixture in
            let organization = try fixture.organization("one").organization
            let admin = try fixture.person("ada", .admin, in: organization)
            let role = try await fixture.roles.create(auditor, by: admin)
            #expect(role.draft == auditor)
            #expect(try await fixture.roles.list(all, of: organization) == [role])
            #expect(try await fixture.roles.find(role.id, of: organization) == role)
            let entry = try #require(try fixture.payloads("role.created").first)
            #expect(entry["permissions"]?[1]?.string == "members.read")
            #expect(entry["ip_address"]?.string == here.address)
            #expect(entry["user_agent"]?.string == here.userAgent)
            #expect(
                try fixture.store.psql("SELECT actor, category FROM audits.audit_log") == "user:\(admin.id)|auth")
        }
    }

    @Test("nobody makes, changes or retires a role that may do more than they may")
    func grant() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let role = try await fixture.roles.create(
                CustomRoleDraft(name: "a", permissions: [.manageRoles, .readAudit]), by: admin)
            let small = Principal(
                organization: admin.organization, caller: .key(.v7()), name: "small", role: .viewer,
                permissions: [.manageRoles, .callModels], policy: admin.policy)
            #expect(await code { _ = try await fixture.roles.create(auditor, by: small) } == "role_too_high")
            #expect(await code { try await fixture.roles.retire(role.id, by: small) } == "role_too_high")
            let narrowing = await code {
                _ = try await fixture.roles.update(role.id, by: small) { $0.permissions = [.callModels] }
            }
            #expect(narrowing == "role_too_high")
            let own = try await fixture.roles.create(
                CustomRoleDraft(name: "b", permissions: [.callModels]), by: small)
            let widening = await code {
                _ = try await fixture.roles.update(own.id, by: small) { $0.permissions.insert(.readAudit) }
            }
            #expect(widening == "role_too_high")
            #expect(try fixture.actions() == ["role.created", "role.created"])
        }
    }

    @Test("a changed role counts at once for its keys, and voids the tokens of its members")
    func changes() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let role = try await fixture.roles.create(auditor, by: admin)
            let (_, key) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer, custom: role.id)), by: admin)
            let person = try fixture.person("ada", .viewer, in: admin.organization)
            _ = try await fixture.members.update(person.id, by: admin) { RoleChoice($0.role, custom: role.id) }
            let token = try fixture.token(of: person)
            #expect(fixture.monitor.principal(of: key.text.reveal())?.permissions == auditor.permissions)
            #expect(fixture.monitor.principal(of: token) != nil)
            _ = try await fixture.roles.update(role.id, by: admin) { $0.description = "reads" }
            #expect(fixture.monitor.principal(of: token) != nil)
            _ = try await fixture.roles.update(role.id, by: admin) { $0.permissions = [.readAudit] }
            #expect(fixture.monitor.principal(of: key.text.reveal())?.permissions == [.readAudit])
            #expect(fixture.monitor.principal(of: token) == nil)
            #expect(try await fixture.members.find(person.id, of: admin.organization).permissions == [.readAudit])
        }
    }

    @Test("a role that members, keys or invitations have is not retired; one that nobody has is, and its name is free")
    func retires() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let role = try await fixture.roles.create(auditor, by: admin)
            #expect(await code { _ = try await fixture.roles.create(auditor, by: admin) } == "role_exists")
            let person = try fixture.person("ada", .viewer, in: admin.organization)
            _ = try await fixture.members.update(person.id, by: admin) { RoleChoice($0.role, custom: role.id) }
            #expect(await code { try await fixture.roles.retire(role.id, by: admin) } == "role_in_use")
            _ = try await fixture.members.update(person.id, by: admin) { RoleChoice($0.role) }
            let (key, _) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer, custom: role.id)), by: admin)
            #expect(await code { try await fixture.roles.retire(role.id, by: admin) } == "role_in_use")
            try await fixture.keys.revoke(key, by: admin)
            try await fixture.roles.retire(role.id, by: admin)
            let found = await code { _ = try await fixture.roles.find(role.id, of: admin.organization) }
            #expect(found == "role_not_found")
            #expect(try await fixture.roles.list(all, of: admin.organization).isEmpty)
            let given = await code {
                _ = try await fixture.members.update(person.id, by: admin) { RoleChoice($0.role, custom: role.id) }
            }
            #expect(given == "role_not_found")
            _ = try await fixture.roles.create(auditor, by: admin)
        }
    }

    @Test("a role that is given while it is retired is either given or retired, never both")
    func race() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            for number in 0..<5 {
                let role = try await fixture.roles.create(
                    CustomRoleDraft(name: "r\(number)", permissions: [.readAudit]), by: admin)
                let key = try NewAPIKey(name: "k", role: RoleChoice(.viewer, custom: role.id))
                let outcomes = await fixture.outcomes(of: 2) { turn in
                    if turn == 0 {
                        try await fixture.roles.retire(role.id, by: admin)
                    } else {
                        _ = try await fixture.keys.create(key, by: admin)
                    }
                }
                #expect([["none": 1, "role_in_use": 1], ["none": 1, "role_not_found": 1]].contains(outcomes))
            }
        }
    }

    @Test("another organization's roles are not there")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let role = try await fixture.roles.create(auditor, by: mine)
            #expect(try await fixture.roles.list(all, of: other.organization).isEmpty)
            let found = await code { _ = try await fixture.roles.find(role.id, of: other.organization) }
            #expect(found == "role_not_found")
            #expect(await code { try await fixture.roles.retire(role.id, by: other) } == "role_not_found")
            #expect(await code { _ = try await fixture.roles.update(role.id, by: other) { _ in } } == "role_not_found")
            let theirs = try fixture.person("eve", .viewer, in: other.organization)
            let given = await code {
                _ = try await fixture.members.update(theirs.id, by: other) { RoleChoice($0.role, custom: role.id) }
            }
            #expect(given == "role_not_found")
            _ = try await fixture.roles.create(auditor, by: other)
        }
    }
}
