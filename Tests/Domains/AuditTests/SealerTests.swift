// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions
import TestSupport
import Testing

@testable import Audit

@Suite struct SealerTests {
    /// Seals until so many entries are. Transactions of other tests, in other databases of the cluster, hold the
    /// snapshot's horizon back, so once may not be enough.
    private func sealAll(_ count: Int, by sealer: SealerWorker) async throws -> Int {
        let end = ContinuousClock.now + .seconds(30)
        var sealed = try await sealer.sealPending()
        while sealed < count, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(5))
            sealed += try await sealer.sealPending()
        }
        return sealed
    }

    @Test("what writers wrote at once is sealed exactly once, by several sealers at once")
    func concurrently() async throws {
        try await withStore { store in
            let writers = store.open(role: "witan_app")
            let sealers = (0..<3).map { _ in SealerWorker(database: store.open(role: "witan_sealer")) }
            let organizations = (0..<3).map { _ in UniqueID.v7() }
            let sealed = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<150 {
                    group.addTask {
                        try await append("thing.\(number)", of: organizations[number % 3], in: writers)
                        return 0
                    }
                }
                for sealer in sealers {
                    group.addTask {
                        var sealed = 0
                        for _ in 0..<20 { sealed += try await sealer.sealPending() }
                        return sealed
                    }
                }
                return try await group.reduce(0, +)
            }
            let rest = try await sealAll(150 - sealed, by: sealers[0])
            #expect(sealed + rest == 150)
            #expect(try await sealers[1].sealPending() == 0)
            let twice = "SELECT count(*), count(DISTINCT id) FROM (SELECT unnest(entry_ids) AS id FROM audits.chain) c"
            #expect(try store.psql(twice) == "150|150")
            for organization in organizations {
                let (verification, entries) = try await AuditService(database: writers).verify(organization)
                #expect(verification.findings == [])
                #expect(entries == 50)
                #expect(verification.sealed == 50)
            }
        }
    }

    @Test("a transaction that began early and commits late is not passed by")
    func late() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            let organization = UniqueID.v7()
            try await database.transaction(organization: organization) { transaction in
                try await AuditService.append(
                    "early.late", category: "tests", entity: "t:1", by: .system, of: organization, in: transaction)
                try await append("later.first", of: organization, in: database)
                // The later one is committed, but the earlier transaction is not over: neither may be sealed past.
                _ = try await sealer.sealPending()
                _ = try await sealer.sealPending()
            }
            _ = try await sealAll(2, by: sealer)
            let (verification, entries) = try await AuditService(database: database).verify(organization)
            #expect(entries == 2)
            #expect(verification.sealed == 2)
            #expect(verification.isIntact)
        }
    }

    @Test("a transaction that was rolled back leaves no gap and stops nothing")
    func rolledBack() async throws {
        struct Changed: Error {}
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            let organization = UniqueID.v7()
            try await append(of: organization, in: database)
            await #expect(throws: Changed.self) {
                try await database.transaction(organization: organization) { transaction in
                    try await AuditService.append(
                        "never.was", category: "tests", entity: "t:1", by: .system, of: organization, in: transaction)
                    throw Changed()
                }
            }
            try await append(of: organization, in: database)
            let sealed = try await sealAll(2, by: sealer)
            #expect(sealed == 2)
            #expect(try await AuditService(database: database).verify(organization).verification.isIntact)
        }
    }

    @Test("a long queue is sealed in links of bounded length, in order, and the chain goes on where it stood")
    func longQueue() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            let organization = UniqueID.v7()
            for count in [2500, 1] {
                try await database.transaction(organization: organization) { transaction in
                    for number in 0..<count {
                        try await AuditService.append(
                            "thing.\(number)", category: "tests", entity: "t:1", by: .system, of: organization,
                            in: transaction)
                    }
                }
                let sealed = try await sealAll(count, by: sealer)
                #expect(sealed == count)
            }
            let (verification, _) = try await AuditService(database: database).verify(organization)
            #expect(verification.isIntact)
            #expect(verification.sealed == 2501)
            #expect(verification.links == 4)
        }
    }

    @Test("steps end between transactions, and one that is longer than a step is sealed whole")
    func steps() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"), entriesPerStep: 3)
            let organization = UniqueID.v7()
            for count in [1, 2, 5, 1, 1, 4] {
                try await database.transaction(organization: organization) { transaction in
                    for number in 0..<count {
                        try await AuditService.append(
                            "thing.\(number)", category: "tests", entity: "t:1", by: .system, of: organization,
                            in: transaction)
                    }
                }
            }
            #expect(try await sealAll(14, by: sealer) == 14)
            let (verification, _) = try await AuditService(database: database).verify(organization)
            #expect(verification.isIntact)
            #expect(verification.sealed == 14)
            let lengths = try store.psql(
                "SELECT string_agg(cardinality(entry_ids)::text, ' ' ORDER BY sequence) FROM audits.chain")
            #expect(lengths.split(separator: " ").compactMap { Int($0) }.max() ?? 0 >= 5)
        }
    }

    @Test("what was sealed is summarized, so that the search for the next entries does not read it again")
    func summaries() async throws {
        try await withStore { store in
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            try store.psql(
                """
                INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
                SELECT gen_random_uuid(), ops.uuid_at(now()), 'tests', 'thing', 'success', 'system', 't:1',
                       json_build_object('text', repeat('x', 300)), sha256('')
                FROM generate_series(1, 2000)
                """)
            #expect(try await sealAll(2000, by: sealer) == 2000)
            #expect(try store.psql("SELECT audits.summarize_log()") == "0")
            let forgotten = try store.psql(
                """
                SELECT count(brin_desummarize_range(x.indexrelid, full_ranges * 16 - 16))
                FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid,
                     LATERAL (SELECT pg_relation_size(x.indrelid) / 8192 / 16) AS size (full_ranges)
                WHERE i.inhparent = 'audits.audit_log_transaction'::regclass AND full_ranges > 0
                """)
            #expect(forgotten == "1")
            #expect(try store.psql("SELECT audits.summarize_log()") == "1")
        }
    }

    @Test("an entry that no sealer has come to is counted as unsealed, a forged one too")
    func unsealed() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let organization = UniqueID.v7()
            try await append(of: organization, in: database)
            _ = try await sealAll(1, by: SealerWorker(database: store.open(role: "witan_sealer")))
            try store.psql(
                """
                INSERT INTO audits.audit_log (org_id, id, category, action, outcome, actor, entity, payload, digest)
                SELECT org_id, ops.uuid_at(now()), category, 'forged.entry', outcome, actor, entity, payload, digest
                FROM audits.audit_log
                """)
            let (verification, entries) = try await AuditService(database: database).verify(organization)
            #expect(entries - verification.sealed == 1)
        }
    }

    /// What somebody with all rights does to the tables, and what must be said of it.
    static let tamperings: [(sql: String, finding: String)] = [
        ("UPDATE audits.audit_log SET payload = '{\"n\":2}' WHERE action = 'thing.3'", "was changed"),
        ("UPDATE audits.audit_log SET payload = '{\"n\": 1}' WHERE action = 'thing.3'", "was changed"),
        ("UPDATE audits.audit_log SET actor = 'key:me' WHERE action = 'thing.0'", "was changed"),
        ("UPDATE audits.audit_log SET outcome = 'failure' WHERE action = 'thing.5'", "was changed"),
        ("UPDATE audits.audit_log SET digest = sha256('x') WHERE action = 'thing.2'", "was changed"),
        ("UPDATE audits.audit_log SET id = ops.uuid_at(now()) WHERE action = 'thing.2'", "is missing from the log"),
        ("DELETE FROM audits.audit_log WHERE action = 'thing.4'", "is missing from the log"),
        ("DELETE FROM audits.audit_log WHERE action = 'thing.5'", "is missing from the log"),
        ("DELETE FROM audits.audit_log", "is missing from the log"),
        ("DELETE FROM audits.chain WHERE sequence = 1", "link 1 is missing"),
        ("DELETE FROM audits.chain WHERE sequence = 3", "link 3 is missing"),
        ("UPDATE audits.chain SET hash = sha256('x') WHERE sequence = 2", "does not match its entries"),
        ("UPDATE audits.chain SET prev_hash = sha256('x') WHERE sequence = 2", "does not continue"),
        ("UPDATE audits.chain SET sequence = 10 WHERE sequence = 6", "link 6 is missing"),
        (
            """
            UPDATE audits.chain c SET entry_ids = o.entry_ids FROM audits.chain o
            WHERE c.sequence = 2 AND o.sequence = 3
            """, "does not match its entries"
        ),
    ]

    @Test("each way of tampering is found")
    func tampering() async throws {
        for (sql, finding) in Self.tamperings {
            try await withStore { store in
                let database = store.open(role: "witan_app")
                let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
                let organization = UniqueID.v7()
                for number in 0..<6 {
                    try await append("thing.\(number)", of: organization, in: database)
                    _ = try await sealAll(1, by: sealer)
                }
                let service = AuditService(database: database)
                #expect(try await service.verify(organization).verification.isIntact)
                try store.psql("SET session_replication_role = replica; \(sql)")
                let (verification, _) = try await service.verify(organization)
                #expect(!verification.isIntact, "\(sql)")
                #expect(verification.findings.contains { $0.contains(finding) }, "\(sql): \(verification.findings)")
            }
        }
    }

    @Test("when the chain's last link is taken away its entries are unsealed again")
    func tail() async throws {
        try await withStore { store in
            let database = store.open(role: "witan_app")
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            let organization = UniqueID.v7()
            for number in 0..<3 {
                try await append("thing.\(number)", of: organization, in: database)
                _ = try await sealAll(1, by: sealer)
            }
            try store.psql("SET session_replication_role = replica; DELETE FROM audits.chain WHERE sequence = 3")
            _ = try await sealer.sealPending()
            let (verification, entries) = try await AuditService(database: database).verify(organization)
            #expect(entries - verification.sealed == 1)
        }
    }
}
