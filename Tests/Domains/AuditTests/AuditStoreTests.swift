// SPDX-License-Identifier: Apache-2.0
import API
import Core
import Cryptography
import JSON
import SwiftExtensions
import TestSupport
import Testing

@testable import Audit
@testable import Postgres

@Suite struct AuditStoreTests {
    @Test("an entry reads back as it was written, by list and by id")
    func readsBack() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            try await database.transaction(organization: organization) { transaction in
                try await AuditService.append(
                    "key.created", category: "auth", entity: "key:1", payload: ["z": "é\"\\\n", "a": [1, nil, true]],
                    by: Actor("key:9"), of: organization, in: transaction)
            }
            let service = AuditService(database: database)
            let entries = try await service.list(
                try PageRequest(limit: nil, after: nil), category: nil, of: organization)
            let entry = try #require(entries.first)
            #expect(entries.count == 1)
            #expect(entry.organization == organization)
            #expect((entry.action, entry.category) == ("key.created", "auth"))
            #expect((entry.actor, entry.entity) == ("key:9", "key:1"))
            #expect(entry.outcome == .success)
            #expect(entry.payload == #"{"a":[1,null,true],"z":"é\"\\\n"}"#)
            #expect(try await service.find(entry.id, of: organization) == entry)
            let age = Timestamp.now() - entry.id.time
            #expect(age >= .zero && age < .seconds(60))
            #expect(try store.psql("SELECT encode(digest, 'hex') FROM audits.audit_log") == entry.digest.hex)
        }
    }

    @Test("pages go from the newest to the oldest, none twice and none left out, also within a category")
    func pages() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            for number in 0..<7 {
                try await append(
                    "thing.\(number)", category: number % 2 == 0 ? "even" : "odd", of: organization, in: database)
            }
            let service = AuditService(database: database)
            var seen: [String] = []
            var after: String?
            while true {
                let page = try PageRequest(limit: "3", after: after)
                let entries = try await service.list(page, category: nil, of: organization)
                seen += entries.map(\.action)
                guard let last = entries.last, entries.count == 3 else { break }
                after = last.id.description
            }
            #expect(seen == (0..<7).reversed().map { "thing.\($0)" })
            let odd = try await service.list(try PageRequest(limit: nil, after: nil), category: "odd", of: organization)
            #expect(odd.map(\.action) == ["thing.5", "thing.3", "thing.1"])
        }
    }

    @Test("another organization sees nothing of the log, and what it asks for by id is not there")
    func isolation() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let (mine, other) = (UniqueID.v7(), UniqueID.v7())
            try await append(of: mine, in: database)
            let service = AuditService(database: database)
            let all = try PageRequest(limit: nil, after: nil)
            let entry = try #require(try await service.list(all, category: nil, of: mine).first)
            #expect(try await service.list(all, category: nil, of: other).isEmpty)
            let error = await #expect(throws: DomainError.self) { try await service.find(entry.id, of: other) }
            #expect(error?.status == 404)
            let (_, entries) = try await service.verify(other)
            #expect(entries == 0)
        }
    }

    @Test("without an organization there are no rows, and that is no error")
    func unset() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            try await append(of: .v7(), in: database)
            for table in [
                "audits.audit_log", "audits.chain", "council.requests", "providers.cost_records",
                "auth.organizations", "auth.users", "auth.api_keys", "auth.memberships", "providers.providers",
                "providers.models", "providers.prices",
            ] {
                #expect(try await database.query("SELECT 1 AS n FROM \(raw: table)").isEmpty, "\(table)")
                let rows = try await database.transaction(settings: [("app.org_id", "")]) {
                    try await $0.query("SELECT 1 AS n FROM \(raw: table)")
                }
                #expect(rows.isEmpty, "\(table)")
            }
        }
    }

    @Test("an entry cannot be written for another organization")
    func noForeignWrites() async throws {
        try await withStore { store async throws in
            let database = store.open(role: "witan_app")
            let (mine, other) = (UniqueID.v7(), UniqueID.v7())
            let error = await #expect(throws: PostgresError.self) {
                try await database.transaction(organization: mine) { transaction in
                    try await AuditService.append(
                        "thing.done", category: "tests", entity: "t:1", by: .system, of: other, in: transaction)
                }
            }
            #expect(error?.sqlState == "42501")
            #expect(try store.psql("SELECT count(*) FROM audits.audit_log") == "0")
        }
    }

    @Test("an entry is written with its act or not at all")
    func together() async throws {
        struct Changed: Error {}
        try await withStore { store async throws in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            await #expect(throws: Changed.self) {
                try await database.transaction(organization: organization) { transaction in
                    try await AuditService.append(
                        "thing.done", category: "tests", entity: "t:1", by: .system, of: organization, in: transaction)
                    throw Changed()
                }
            }
            #expect(try store.psql("SELECT count(*) FROM audits.audit_log") == "0")
        }
    }

    @Test("raising a snapshot's version shows to others when the transaction commits, and not before")
    func versions() async throws {
        struct Changed: Error {}
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let before = try await SnapshotVersionStore.read("identity", from: database)
            try await database.transaction {
                try await SnapshotVersionStore.raise("identity", in: $0)
                #expect(try await SnapshotVersionStore.read("identity", from: database) == before)
            }
            #expect(try await SnapshotVersionStore.read("identity", from: database) == before + 1)
            await #expect(throws: Changed.self) {
                try await database.transaction {
                    try await SnapshotVersionStore.raise("identity", in: $0)
                    throw Changed()
                }
            }
            #expect(try await SnapshotVersionStore.read("identity", from: database) == before + 1)
            await #expect(throws: DomainError.self) {
                try await SnapshotVersionStore.read("nothing", from: database)
            }
        }
    }

    @Test("a store that is away is told as a 503, a mistake of ours is not told at all")
    func failures() {
        #expect(PostgresError.connection("gone").domainError?.status == 503)
        #expect(PostgresError.timeout.domainError?.status == 503)
        #expect(PostgresError.overloaded.domainError?.status == 503)
        #expect(PostgresError.closed.domainError?.retryAfter != nil)
        #expect(PostgresError.server(ServerError(sqlState: "57P01", message: "")).domainError?.status == 503)
        #expect(PostgresError.server(ServerError(sqlState: "42P01", message: "")).domainError == nil)
        #expect(PostgresError.decoding(column: "a", reason: "b").domainError == nil)
    }

    @Test("of two that wait for each other one runs again, and both come about")
    func deadlock() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            let (first, firstHas) = AsyncStream<Void>.makeStream()
            let (second, secondHas) = AsyncStream<Void>.makeStream()
            let runs = Locked(0)
            // Each takes its own lock, waits until the other has its own too, the first time, and wants the other's.
            let act = {
                @Sendable (own: Int64, others: Int64, has: AsyncStream<Void>.Continuation, other: AsyncStream<Void>) in
                try await database.transaction(organization: organization) { transaction in
                    runs.withLock { $0 += 1 }
                    try await transaction.execute("SELECT pg_advisory_xact_lock(\(own))")
                    has.finish()
                    for await _ in other {}
                    try await transaction.execute("SELECT pg_advisory_xact_lock(\(others))")
                }
            }
            async let one: Void = act(1, 2, firstHas, second)
            async let two: Void = act(2, 1, secondHas, first)
            _ = try await (one, two)
            #expect(runs.withLock { $0 } > 2)
        }
    }
}
