// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Identity
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct APIKeyServiceTests {
    private let everything: PageRequest

    init() throws { everything = try PageRequest(limit: "500", after: nil) }

    @Test("a new key works at once, reads back as it was made, and its text is stored nowhere")
    func creates() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let expiry = Timestamp(microseconds: (Timestamp.now().seconds + 3600) * 1_000_000)
            let new = try NewAPIKey(
                name: "CI é", role: RoleChoice(.developer),
                limits: APIKeyLimits(models: ["a/b", "c/d"], expiresAt: expiry))
            let (id, token) = try await fixture.keys.create(new, by: admin)
            let principal = try #require(fixture.monitor.principal(of: token.text.reveal()))
            #expect(principal.organization == admin.organization)
            #expect(principal.id == id)
            #expect((principal.name, principal.role) == ("CI é", .developer))
            #expect(principal.allowedModels == ["a/b", "c/d"])
            let key = try await fixture.keys.find(id, of: admin.organization)
            #expect((key.name, key.role.role, key.lastFour) == ("CI é", .developer, token.lastFour))
            #expect(key.expiresAt == expiry)
            #expect(key.revokedAt == nil)
            let secret = token.text.reveal().dropFirst(4).dropLast(4)
            for table in ["auth.api_keys", "audits.audit_log"] {
                #expect(try fixture.store.psql("SELECT t::text FROM \(table) t").contains(secret) == false)
            }
        }
    }

    @Test("making and revoking a key each write their entry, in the same transaction")
    func audited() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (id, _) = try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            try await fixture.keys.revoke(id, by: admin)
            #expect(try fixture.actions() == ["key.created", "key.revoked"])
            let entries = try fixture.store.psql(
                "SELECT DISTINCT org_id, actor, entity, outcome FROM audits.audit_log")
            #expect(entries == "\(admin.organization)|key:\(admin.id)|key:\(id)|success")
            let same = try fixture.store.psql(
                """
                SELECT count(*) FROM auth.api_keys k JOIN audits.audit_log a ON a.entity = 'key:' || k.id
                WHERE a.action = 'key.revoked' AND k.xmin::text::bigint = a.transaction_id
                """)
            #expect(same == "1")
        }
    }

    @Test("when the entry cannot be written the key is not made, nor is one revoked")
    func neither() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (id, token) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            try fixture.store.psql("REVOKE INSERT ON audits.audit_log FROM witan_app")
            await #expect(throws: PostgresError.self) {
                try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            }
            await #expect(throws: PostgresError.self) { try await fixture.keys.revoke(id, by: admin) }
            #expect(try fixture.count("auth.api_keys") == "2")
            #expect(try fixture.count("auth.api_keys WHERE revoked_at IS NOT NULL") == "0")
            try await fixture.monitor.refresh()
            #expect(fixture.monitor.principal(of: token.text.reveal()) != nil)
            try fixture.store.psql(
                "GRANT INSERT ON audits.audit_log TO witan_app; REVOKE INSERT ON auth.api_keys FROM witan_app")
            await #expect(throws: PostgresError.self) {
                try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            }
            #expect(try fixture.actions() == ["key.created"])
        }
    }

    @Test("a manager makes no administrator, and nothing is left of the attempt")
    func grant() async throws {
        try await Fixture.with { fixture in
            let manager = try fixture.organization("one", role: .manager)
            let error = await #expect(throws: DomainError.self) {
                try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.admin)), by: manager)
            }
            #expect(error?.code == "role_too_high")
            #expect(try fixture.count("auth.api_keys") == "1")
            #expect(try fixture.actions() == [])
        }
    }

    @Test("another organization's keys are not there: not in lists, not by id, not to be revoked")
    func isolation() async throws {
        try await Fixture.with { fixture in
            let (mine, other) = (try fixture.organization("mine"), try fixture.organization("other"))
            let (id, token) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: mine)
            #expect(try await fixture.keys.list(everything, of: other.organization).map(\.id) == [other.id])
            for attempt in [
                { try await fixture.keys.find(id, of: other.organization) as Any },
                { try await fixture.keys.revoke(id, by: other) as Any },
            ] as [() async throws -> Any] {
                let error = await #expect(throws: DomainError.self) { _ = try await attempt() }
                #expect(error?.status == 404)
            }
            #expect(fixture.monitor.principal(of: token.text.reveal()) != nil)
            let rows = try await fixture.database.transaction(settings: [("app.org_id", "\(other.organization)")]) {
                try await $0.execute("UPDATE auth.api_keys SET revoked_at = now(), role = 'admin'")
            }
            #expect(rows == 1)
            let foreign = await #expect(throws: PostgresError.self) {
                try await fixture.database.transaction(settings: [("app.org_id", "\(other.organization)")]) {
                    try await $0.execute("UPDATE auth.api_keys SET org_id = \(mine.organization)")
                }
            }
            #expect(foreign?.sqlState == "42501")
        }
    }

    @Test("a revoked key is refused on this node at once, and on another as soon as it looks")
    func revokes() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (id, token) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            let elsewhere = IdentityMonitor(
                database: fixture.store.open(role: "witan_app"), pepper: pepper, tokenKey: tokenKey)
            #expect(elsewhere.principal(of: token.text.reveal()) == nil)
            try await elsewhere.refresh()
            #expect(elsewhere.principal(of: token.text.reveal()) != nil)
            try await fixture.keys.revoke(id, by: admin)
            #expect(fixture.monitor.principal(of: token.text.reveal()) == nil)
            try await elsewhere.refresh()
            #expect(elsewhere.principal(of: token.text.reveal()) == nil)
            #expect(try await fixture.keys.find(id, of: admin.organization).revokedAt != nil)
        }
    }

    @Test("revoking twice is one act, a key that is not there is a 404, and no key revokes itself")
    func revokesOnce() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (id, _) = try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            try await fixture.keys.revoke(id, by: admin)
            try await fixture.keys.revoke(id, by: admin)
            let missing = await #expect(throws: DomainError.self) { try await fixture.keys.revoke(.v7(), by: admin) }
            #expect(missing?.status == 404)
            let own = await #expect(throws: DomainError.self) { try await fixture.keys.revoke(admin.id, by: admin) }
            #expect(own?.status == 409)
            #expect(try fixture.actions() == ["key.created", "key.revoked"])
        }
    }

    @Test("a key is refused from its expiry on, without anybody looking at the database")
    func expires() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            var (expiry, text, lifetime) = (Timestamp.now(), "", Duration.seconds(1))
            // On a busy machine the making may take longer than a key lives: then the next one lives longer.
            while fixture.monitor.principal(of: text) == nil, lifetime < .seconds(100) {
                lifetime *= 2
                expiry = .now() + lifetime
                let new = try NewAPIKey(name: "k", role: RoleChoice(.viewer), limits: APIKeyLimits(expiresAt: expiry))
                text = try await fixture.keys.create(new, by: admin).token.text.reveal()
            }
            #expect(fixture.monitor.principal(of: text) != nil)
            try await Task.sleep(for: max(.zero, expiry - .now()) + .milliseconds(20))
            #expect(fixture.monitor.principal(of: text) == nil)
        }
    }

    @Test("while the database is away the last good snapshot serves")
    func away() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let (_, token) = try await fixture.keys.create(
                try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            await fixture.database.close()
            await #expect(throws: PostgresError.self) { try await fixture.monitor.refresh() }
            #expect(fixture.monitor.principal(of: token.text.reveal()) != nil)
        }
    }

    @Test("the snapshot is read anew when something changed, and only then")
    func onlyWhenChanged() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            let changes = Locked(0)
            let monitor = IdentityMonitor(database: fixture.database, pepper: pepper, tokenKey: tokenKey) {
                changes.withLock { $0 += 1 }
            }
            for _ in 0..<3 { try await monitor.refresh() }
            #expect(changes.withLock { $0 } == 1)
            #expect(monitor.count == 1)
            _ = try await fixture.keys.create(try NewAPIKey(name: "k", role: RoleChoice(.viewer)), by: admin)
            for _ in 0..<3 { try await monitor.refresh() }
            #expect(changes.withLock { $0 } == 2)
            #expect(monitor.count == 2)
        }
    }

    @Test("pages of keys go from the newest to the oldest")
    func pages() async throws {
        try await Fixture.with { fixture in
            let admin = try fixture.organization("one")
            var made: [UniqueID] = [admin.id]
            for number in 0..<4 {
                made.append(
                    try await fixture.keys.create(
                        try NewAPIKey(name: "\(number)", role: RoleChoice(.viewer)), by: admin
                    ).id)
            }
            let first = try await fixture.keys.list(try PageRequest(limit: "3", after: nil), of: admin.organization)
            let after = try #require(first.last?.id.description)
            let second = try await fixture.keys.list(try PageRequest(limit: "3", after: after), of: admin.organization)
            #expect((first + second).map(\.id) == made.reversed())
        }
    }
}
