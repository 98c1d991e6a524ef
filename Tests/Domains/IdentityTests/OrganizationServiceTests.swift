// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Identity
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
