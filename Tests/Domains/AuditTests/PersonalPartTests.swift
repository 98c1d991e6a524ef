// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Cryptography
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// What the log holds of people: sealed where it lies, open to who may read the log, gone with the person's key.
@Suite struct PersonalPartTests {
    private static let seal = masterKey(1).map(PersonalSeal.init)
    private static let here = Origin(address: "198.51.100.23", userAgent: "planted-agent/1", seal: seal)

    private static func masterKey(_ byte: UInt8) -> MasterKey? {
        try? MasterKey(Secret([UInt8](repeating: byte, count: 32)))
    }

    /// A statement as people see it who only look, within an organization.
    private static func confined(_ organization: UniqueID, _ statement: String) -> String {
        "SET app.org_id = '\(organization)'; SET ROLE witan_readonly; \(statement)"
    }

    /// An organization with one member; both ids.
    private func member(_ slug: String, in store: TestDatabase) throws -> (organization: UniqueID, person: UniqueID) {
        let (organization, person) = (UniqueID.v7(), UniqueID.v7())
        try store.psql(
            """
            INSERT INTO auth.organizations (id, name, slug) VALUES ('\(organization)', '\(slug)', '\(slug)');
            INSERT INTO auth.users (id, email, name) VALUES ('\(person)', '\(slug)@example.com', '\(slug)');
            INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(organization)', '\(person)', 'admin')
            """)
        return (organization, person)
    }

    private func append(
        by actor: Actor, personal: PersonalFacts? = nil, of organization: UniqueID, in database: Database
    ) async throws -> AuditEntry {
        let id = UniqueID.v7()
        try await database.transaction(organization: organization) { transaction in
            try await AuditService.append(
                "thing.done", id: id, category: "auth", entity: "thing:1", payload: ["n": 1], personal: personal,
                by: actor, of: organization, in: transaction)
        }
        return try await AuditService(database: database).find(id, of: organization)
    }

    @Test("where a person acted from is sealed in the table, opens for the reader, and not in another entry")
    func sealed() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (organization, person) = try member("one", in: store)
            for actor in [Actor("user:\(person)", from: Self.here), Actor("key:1", person: person, from: Self.here)] {
                let entry = try await append(by: actor, of: organization, in: database)
                #expect(!entry.payload.contains("198.51") && !entry.payload.contains("planted"))
                let service = AuditService(database: database, seal: Self.seal)
                let part = try #require(
                    try await service.personalParts(of: [entry], organization: organization).first?.first)
                #expect(part.person == person && part.state == .open)
                #expect(part.view["ip_address"]?.string == "198.51.100.23")
                #expect(part.view["user_agent"]?.string == "planted-agent/1")
                let moved = AuditEntry(
                    organization: organization, id: .v7(), category: entry.category, action: entry.action,
                    outcome: entry.outcome, actor: entry.actor, entity: entry.entity, payload: entry.payload)
                let elsewhere = try await service.personalParts(of: [moved], organization: organization)
                #expect(elsewhere.first?.first?.state == .unreadable)
                let closed = AuditService(database: database, seal: Self.masterKey(2).map(PersonalSeal.init))
                #expect(
                    try await closed.personalParts(of: [entry], organization: organization).first?.first?.state
                        == .unreadable)
            }
            #expect(try store.psql("SELECT count(*) FROM auth.payload_keys") == "1")
            #expect(
                try store.psql(
                    Self.confined(organization, "SELECT DISTINCT personal, ip_address IS NULL FROM auth.audit_logs"))
                    == "sealed|t")
        }
    }

    @Test("a program's address stays readable, and is found by the views")
    func programs() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (organization, _) = try member("one", in: store)
            let entry = try await append(by: Actor("key:1", from: Self.here), of: organization, in: database)
            #expect(
                entry.payload == #"{"ip_address":"198.51.100.23","n":1,"user_agent":"planted-agent/1"}"#)
            #expect(try store.psql("SELECT ip_address, personal IS NULL FROM auth.audit_logs") == "198.51.100.23|t")
            #expect(try store.psql("SELECT count(*) FROM auth.payload_keys") == "0")
        }
    }

    @Test("facts of another person are sealed under that person's key, and one's own go with the address")
    func others() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (organization, person) = try member("one", in: store)
            let other = UniqueID.v7()
            try store.psql(
                """
                INSERT INTO auth.users (id, email, name) VALUES ('\(other)', 'other@example.com', 'Other');
                INSERT INTO auth.memberships (org_id, user_id, role) VALUES ('\(organization)', '\(other)', 'viewer')
                """)
            let service = AuditService(database: database, seal: Self.seal)
            let actor = Actor("user:\(person)", from: Self.here)
            for (subject, count) in [(other, 2), (person, 1)] {
                let facts = PersonalFacts(of: subject, [JSONMember("email", "planted@example.com")])
                let entry = try await append(by: actor, personal: facts, of: organization, in: database)
                #expect(!entry.payload.contains("planted"))
                let parts = try await service.personalParts(of: [entry], organization: organization)[0]
                #expect(parts.count == count)
                #expect(parts.last?.person == subject)
                #expect(parts.last?.view["email"]?.string == "planted@example.com")
            }
        }
    }

    @Test("without the person's key, or without a seal, nothing personal is kept in clear")
    func withoutKey() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (organization, person) = try member("one", in: store)
            let service = AuditService(database: database, seal: Self.seal)
            let actor = Actor("user:\(person)", from: Self.here)
            let before = try await append(by: actor, of: organization, in: database)
            try store.psql(
                """
                UPDATE auth.payload_keys SET encrypted_dek = NULL, destroyed_at = now();
                INSERT INTO auth.erasures (org_id, id, user_id, certificate, signature, master_key_id)
                VALUES ('\(organization)', '\(UniqueID.v7())', '\(person)', '{}', decode(repeat('00', 64), 'hex'), 'k')
                """)
            let after = try await append(by: actor, of: organization, in: database)
            #expect(after.payload == #"{"n":1,"personal":[{"sealed":null,"user":"\#(person)"}]}"#)
            let stranger = try await append(
                by: Actor("user:\(UniqueID.v7())", from: Self.here), of: organization, in: database)
            #expect(!stranger.payload.contains("planted"))
            let plain = Origin(address: "198.51.100.23", userAgent: "planted-agent/1")
            let unsealed = try await append(
                by: Actor("user:\(person)", from: plain), of: organization, in: database)
            #expect(unsealed.payload == #"{"n":1}"#)
            let parts = try await service.personalParts(of: [before, after], organization: organization)
            #expect(parts.map { $0.map(\.state) } == [[.erased], [.erased]])
            #expect(
                try store.psql(
                    Self.confined(organization, "SELECT string_agg(DISTINCT personal, ',') FROM auth.audit_logs"))
                    == "erased")
        }
    }

    @Test("two who are first at once share one key, and an entry that is undone leaves none behind")
    func firstUse() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (organization, person) = try member("one", in: store)
            let actor = Actor("user:\(person)", from: Self.here)
            struct Undone: Error {}
            await #expect(throws: Undone.self) {
                try await database.transaction(organization: organization) { transaction in
                    try await AuditService.append(
                        "thing.done", category: "auth", entity: "thing:1", by: actor, of: organization, in: transaction)
                    throw Undone()
                }
            }
            #expect(try store.psql("SELECT count(*) FROM auth.payload_keys") == "0")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask { _ = try await append(by: actor, of: organization, in: database) }
                }
                try await group.waitForAll()
            }
            let service = AuditService(database: database, seal: Self.seal)
            let entries = try await service.list(
                try PageRequest(limit: nil, after: nil), category: nil, of: organization)
            let parts = try await service.personalParts(of: entries, organization: organization)
            #expect(parts.count == 8)
            #expect(parts.allSatisfy { $0.map(\.state) == [.open] })
            #expect(try await service.verify(organization).verification.isIntact)
        }
    }
}
