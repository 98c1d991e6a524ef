// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Identity
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct OrganizationServiceTests {
    @Test("the first start makes one organization, its administrator and one key that works")
    func bootstrap() async throws {
        try await Fixture.with { fixture in
            let token = try #require(try await fixture.organizations.bootstrap { _, _, _ in })
            try await fixture.monitor.refresh()
            let principal = try #require(fixture.monitor.principal(of: token.text.reveal()))
            #expect(principal.role == .admin)
            #expect(principal.policy.durableAnswers)
            #expect(!principal.policy.contentRetention)
            #expect(principal.policy.unknownPriceCeiling == nil)
            #expect(try fixture.count("auth.organizations") == "1")
            #expect(
                try fixture.store.psql(
                    "SELECT memberships.role FROM auth.memberships JOIN auth.users u ON u.id = user_id")
                    == "admin")
            #expect(Set(try fixture.actions()) == ["organization.created", "key.created"])
            let organization = try await fixture.organizations.find(principal.organization)
            #expect((organization.slug, organization.plan) == ("default", "free"))
        }
    }

    @Test("a second start makes nothing and says so")
    func once() async throws {
        try await Fixture.with { fixture in
            _ = try await fixture.organizations.bootstrap { _, _, _ in }
            let again = try await fixture.organizations.bootstrap { _, _, _ in Issue.record("ran again") }
            #expect(again == nil)
            #expect(try fixture.count("auth.organizations") == "1")
            #expect(try fixture.count("auth.api_keys") == "1")
        }
    }

    @Test("of several nodes that start at once on an empty database one makes the organization, the others go on")
    func race() async throws {
        try await Fixture.with { fixture in
            let tokens = try await withThrowingTaskGroup(of: APIKeyToken?.self) { group in
                for _ in 0..<4 { group.addTask { try await fixture.organizations.bootstrap { _, _, _ in } } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(tokens.count == 4)
            #expect(tokens.compactMap { $0 }.count == 1)
            #expect(try fixture.count("auth.organizations") == "1")
            #expect(try fixture.count("auth.api_keys") == "1")
            #expect(try fixture.count("auth.users") == "1")
        }
    }

    @Test("a first start that fails half-way leaves nothing, so that the next one begins anew")
    func failedBootstrap() async throws {
        struct NoSandbox: Error {}
        try await Fixture.with { fixture async throws in
            await #expect(throws: NoSandbox.self) {
                try await fixture.organizations.bootstrap { _, _, _ in throw NoSandbox() }
            }
            for table in ["auth.organizations", "auth.users", "auth.memberships", "auth.api_keys", "audits.audit_log"] {
                #expect(try fixture.count(table) == "0", "\(table)")
            }
            #expect(try await fixture.organizations.bootstrap { _, _, _ in } != nil)
        }
    }

    @Test("what is changed of a policy changes for callers at once, what is not stays, and each change is logged")
    func updates() async throws {
        try await Fixture.with { fixture in
            let token = try #require(try await fixture.organizations.bootstrap { _, _, _ in }).text.reveal()
            try await fixture.monitor.refresh()
            let admin = try #require(fixture.monitor.principal(of: token))
            let ceiling = try #require(FixedDecimal("0.00001"))
            var change = OrganizationChange()
            change.contentRetention = true
            change.ceiling = ceiling
            let updated = try await fixture.organizations.update(change, by: admin)
            #expect(updated.policy == fixture.monitor.principal(of: token)?.policy)
            #expect(updated.policy.contentRetention)
            #expect(updated.policy.durableAnswers)
            #expect(updated.policy.unknownPriceCeiling == ceiling)
            var second = OrganizationChange()
            second.durableAnswers = false
            second.clearsCeiling = true
            let again = try await fixture.organizations.update(second, by: admin)
            #expect(again.policy.contentRetention)
            #expect(!again.policy.durableAnswers)
            #expect(again.policy.unknownPriceCeiling == nil)
            let payloads = try fixture.store.psql(
                "SELECT payload FROM audits.audit_log WHERE action = 'organization.updated' ORDER BY id")
            #expect(
                payloads == """
                    {"content_retention":true,"unknown_price_ceiling":"0.00001"}
                    {"durable_answers":false,"unknown_price_ceiling":null}
                    """)
        }
    }

    @Test("when the entry cannot be written the policy stays as it was")
    func neither() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            try fixture.store.psql("REVOKE INSERT ON audits.audit_log FROM witan_app")
            var change = OrganizationChange()
            change.contentRetention = true
            await #expect(throws: PostgresError.self) { try await fixture.organizations.update(change, by: admin) }
            #expect(try await !fixture.organizations.find(admin.organization).policy.contentRetention)
        }
    }

    @Test("one organization's change leaves the others as they are")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            var change = OrganizationChange()
            change.contentRetention = true
            _ = try await fixture.organizations.update(change, by: mine)
            #expect(try await !fixture.organizations.find(other.organization).policy.contentRetention)
            #expect(try fixture.count("audits.audit_log WHERE org_id = '\(other.organization)'") == "0")
        }
    }
}

@Suite struct OrganizationDirectoryTests {
    private struct Broken: Error {}

    private func directory(_ fixture: Fixture, failing: Bool = false) throws -> OrganizationDirectoryService {
        OrganizationDirectoryService(
            database: fixture.database, monitor: fixture.monitor, invitations: try Invitations(fixture).service
        ) { organization, transaction in
            if failing { throw Broken() }
            try await transaction.execute(
                "INSERT INTO auth.teams (org_id, id, name) VALUES (\(organization), \(UniqueID.v7()), 'furnished')")
        }
    }

    @Test("a new organization is furnished, and whoever has the code of its invitation administers it")
    func creates() async throws {
        try await Fixture.with { fixture in
            let root = try fixture.organization("one")
            let made = try await directory(fixture).create(
                try NewOrganization(name: "Acme", slug: "acme", plan: .professional), by: root)
            let id = made.organization.id
            #expect((made.organization.plan, made.organization.memberCount) == (.professional, 0))
            #expect(try fixture.count("auth.teams WHERE org_id = '\(id)'") == "1")
            let user = try await Invitations(fixture).accept(try #require(made.code).text).user
            #expect(try await fixture.members.find(user, of: id).role == RoleChoice(.admin))
            let elsewhere = try fixture.store.psql(
                """
                SELECT org_id, action FROM audits.audit_log WHERE category = 'auth' AND org_id <> '\(id)'
                """)
            #expect(elsewhere == "\(root.organization)|organization.created")
            let again = await code {
                _ = try await directory(fixture).create(try NewOrganization(name: "Acme", slug: "acme"), by: root)
            }
            #expect(again == "organization_exists")
            #expect(try fixture.count("auth.organizations") == "2")
        }
    }

    @Test("what an operator does to other organizations is in the log of their own, too, with where it came from")
    func operatorsLog() async throws {
        try await Fixture.with { fixture in
            let root = try fixture.person("root", .admin, in: try fixture.organization("one").organization)
            let directory = try directory(fixture)
            let made = try await directory.create(try NewOrganization(name: "Acme", slug: "acme"), by: root)
            let id = made.organization.id
            _ = try await directory.update(id, name: "Other", plan: nil, by: root)
            try await directory.retire(id, by: root)
            for action in ["organization.created", "organization.updated", "organization.retired"] {
                let entries = try fixture.store.psql(
                    """
                    SELECT entity, actor FROM audits.audit_log
                    WHERE action = '\(action)' AND org_id IN ('\(id)', '\(root.organization)')
                    """
                ).split(separator: "\n")
                #expect(entries == ["organization:\(id)|user:\(root.id)", "organization:\(id)|user:\(root.id)"])
                #expect(try fixture.payloads(action).compactMap { $0["ip_address"] } == ["192.0.2.7"])
            }
            #expect(
                try fixture.payloads("organization.created").first?["invitation"]?.string
                    == "invitation:\(made.invitation.id)")
            #expect(try !fixture.store.psql("SELECT t::text FROM audits.audit_log t").contains("192.0.2.7"))
        }
    }

    @Test("an organization that cannot be furnished is not made")
    func neither() async throws {
        try await Fixture.with { fixture async throws in
            let root = try fixture.organization("one")
            await #expect(throws: Broken.self) {
                try await directory(fixture, failing: true).create(
                    try NewOrganization(name: "Acme", slug: "acme"), by: root)
            }
            #expect(try fixture.count("auth.organizations") == "1")
            #expect(try fixture.count("auth.invitations") == "0")
        }
    }

    @Test("of several who make organizations of one slug at once one does")
    func race() async throws {
        try await Fixture.with { fixture in
            let root = try fixture.organization("one")
            let directory = try directory(fixture)
            let outcomes = await fixture.outcomes(of: 4) { _ in
                try await directory.create(try NewOrganization(name: "Acme", slug: "acme"), by: root)
            }
            #expect(outcomes == ["none": 1, "organization_exists": 3])
            #expect(try fixture.count("auth.organizations") == "2")
        }
    }

    @Test("an organization that is retired is shut at once: its keys, its people, its invitations; nothing is deleted")
    func retires() async throws {
        try await Fixture.with { fixture in
            let root = try fixture.organization("one")
            let (directory, invitations) = (try directory(fixture), try Invitations(fixture))
            let made = try await directory.create(try NewOrganization(name: "Acme", slug: "acme"), by: root)
            let id = made.organization.id
            let person = try fixture.person("ada", .admin, in: id)
            let (_, key) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: person)
            let token = try fixture.token(of: person)
            #expect(fixture.monitor.principal(of: key.text.reveal()) != nil)
            #expect(fixture.monitor.principal(of: token) != nil)
            try await directory.retire(id, by: root)
            try await directory.retire(id, by: root)
            #expect(fixture.monitor.principal(of: key.text.reveal()) == nil)
            #expect(fixture.monitor.principal(of: token) == nil)
            let shown = try #require(made.code).text
            #expect(await code { try await invitations.accept(shown) } == "invalid_invitation")
            #expect(await code { try await directory.retire(root.organization, by: root) } == "own_organization")
            #expect(await code { try await directory.retire(.v7(), by: root) } == "organization_not_found")
            let all = try await directory.list(try PageRequest(limit: "10", after: nil))
            #expect(all.map(\.slug) == ["acme", "one"])
            #expect(all.map { $0.retiredAt == nil } == [false, true])
            #expect(try fixture.count("audits.audit_log WHERE action = 'organization.retired'") == "2", "in both logs")
        }
    }

    @Test(
        "a slug out of bounds is refused",
        arguments: ["", "-a", "A", "a_b", "ä", String(repeating: "a", count: 64), "a b"])
    func slugs(slug: String) throws {
        let error = #expect(throws: DomainError.self) { try NewOrganization(name: "a", slug: slug) }
        #expect(error?.parameter == "slug")
        _ = try NewOrganization(name: "a", slug: String(repeating: "a", count: 63))
    }

    @Test("an administrator changes name and settings, an operator the plan; what cannot be kept is refused")
    func describes() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            var change = OrganizationChange()
            change.name = "Über Acme"
            change.settings = ["theme": "dark", "limits": [1, 2.5]]
            let changed = try await fixture.organizations.update(change, by: admin)
            #expect((changed.name, changed.settings["theme"]?.string) == ("Über Acme", "dark"))
            #expect(try await fixture.organizations.update(OrganizationChange(), by: admin).name == "Über Acme")
            for settings in [
                [], "text", ["a": "\u{0}"], ["\u{0}": 1], ["a": [["b": "\u{0}"]]],
                ["a": .string(String(repeating: "a", count: 16_384))],
                ["a": try JSONValue(parsing: Array("1e400".utf8))],
            ] as [JSONValue] {
                var wrong = OrganizationChange()
                wrong.settings = settings
                #expect(await code { _ = try await fixture.organizations.update(wrong, by: admin) } == "invalid_value")
            }
            var booked = OrganizationChange()
            booked.plan = .enterprise
            #expect(
                await code { _ = try await fixture.organizations.update(booked, by: admin) } == "permission_denied")
            let root = Principal(
                organization: admin.organization, caller: .key(.v7()), name: "root", role: .admin,
                permissions: Role.admin.permissions.union([.manageInstallation]), policy: admin.policy)
            #expect(try await fixture.organizations.update(booked, by: root).plan == "enterprise")
        }
    }
}
