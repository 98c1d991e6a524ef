// SPDX-License-Identifier: Apache-2.0
import Audit
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@Suite struct PartitionTests {
    private func ensure(_ months: Int, in database: Database) async throws -> Int32 {
        let rows = try await database.query("SELECT ops.ensure_partitions(\(raw: String(months))) AS created")
        return try #require(rows.first)["created"]
    }

    /// The tables that are divided by month, the three hot ones among them.
    private func divided(_ store: TestDatabase) throws -> Int32 {
        let tables = try store.psql("SELECT partrelid::regclass FROM pg_partitioned_table").split(separator: "\n")
        #expect(Set(tables).isSuperset(of: ["council.requests", "providers.cost_records", "audits.audit_log"]))
        return Int32(tables.count)
    }

    @Test("partitions are made months ahead for all tables divided by month, and a second time none is made")
    func ahead() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let tables = try divided(store)
            var created: [Int32] = []
            for months in [3, 12, 12] { created.append(try await ensure(months, in: database)) }
            #expect(created == [0, 9 * tables, 0])
        }
    }

    @Test("several nodes that make partitions at once make each once")
    func atOnce() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let tables = try divided(store)
            let made = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<6 { group.addTask { try await ensure(9, in: database) } }
                return try await group.reduce(0, +)
            }
            #expect(made == 6 * tables)
        }
    }

    @Test("a horizon that makes no sense is refused", arguments: [-1, 25])
    func bounds(months: Int) async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            await #expect(throws: PostgresError.self) { try await ensure(months, in: database) }
        }
    }

    @Test("an entry goes to the month in its id, from the first moment to the last")
    func months() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            let moments = try store.psql(
                """
                SELECT extract(epoch FROM edge - interval '1 millisecond')::numeric || ' '
                    || extract(epoch FROM edge)::numeric
                FROM (SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')
                    AT TIME ZONE 'UTC' AS edge) e
                """
            ).split(separator: " ").compactMap { Double($0) }
            try #require(moments.count == 2)
            var places: [String] = []
            for moment in moments {
                let id = UniqueID.lowest(at: Timestamp(microseconds: Int64((moment * 1000).rounded()) * 1000))
                try await database.transaction(organization: organization) { transaction in
                    try await AuditStore.insert(
                        AuditEntry(
                            organization: organization, id: id, category: "tests", action: "a.b", outcome: .success,
                            actor: "system", entity: "e:1", payload: "{}"), in: transaction)
                }
                places.append(try store.psql("SELECT tableoid::regclass FROM audits.audit_log WHERE id = '\(id)'"))
            }
            #expect(places[0] != places[1])
            let expected = try store.psql(
                "SELECT 'audits.audit_log_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
            #expect(places[0] == expected)
        }
    }
}
