// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// What an owner does to rows behind the triggers' back leaves the catalog as it was, and is noticed by the
/// verification of the log: in the log by the chain, in calls by the log, everywhere else by sealed digests.
@Suite struct SealedRowsTests {
    /// Another value for a column, by its type.
    private static let others = [
        "text": "%c || 'x'", "uuid": "gen_random_uuid()", "timestamp with time zone": "%c - interval '1 hour'",
        "integer": "%c + 1", "bigint": "%c + 1", "smallint": "%c + 1", "numeric": "%c / 2", "boolean": "NOT %c",
        "jsonb": "'{\"other\": 1}'", "bytea": "sha256(%c)", "double precision": "%c / 2", "date": "%c - 1",
    ]

    /// What the verification says after a change by a superuser, whose triggers sleep. Nothing of the change stays.
    private func findings(after change: String, in seeded: SeededStore) throws -> [Substring] {
        try seeded.store.psql(
            """
            BEGIN; SET LOCAL session_replication_role = replica; \(change); SET LOCAL ROLE witan_app;
            SET LOCAL app.org_id = '\(Tenant.a.id)'; SET LOCAL app.team_id = '*';
            SELECT table_name || ' ' || finding FROM audits.broken_seals(); ROLLBACK
            """
        ).split(separator: "\n")
    }

    @Test("rows of every history table that are deleted, truncated, changed, or dropped with their table are named")
    func everyTable() async throws {
        try await SeededStore.with { seeded in
            // Made up, as all rows are here.
            try seeded.store.psql("SET session_replication_role = replica; TRUNCATE audits.row_seals")
            let worker = RowSealWorker(owner: seeded.database, app: seeded.store.open(role: "witan_app"))
            let organization = try #require(UniqueID(Tenant.a.id))
            #expect(try await worker.seal(organization) > 40)
            #expect(try await worker.seal(organization) == 0, "what is sealed was sealed again")
            #expect(try findings(after: "SELECT", in: seeded) == [])
            let tables = try seeded.store.psql("SELECT audits.sealed_tables()").split(separator: "\n").map(String.init)
            let expected = Set(AppendOnlyTests.addedTo + AppendOnlyTests.kept)
                .subtracting(["audits.audit_log", "audits.chain", "audits.system_logs", "providers.cost_records"])
            #expect(expected.isSubset(of: tables) && tables.count == expected.count + 2)
            for table in tables {
                for change in ["DELETE FROM \(table)", "TRUNCATE \(table) CASCADE", "DROP TABLE \(table) CASCADE"] {
                    let found = try findings(after: change, in: seeded)
                    #expect(found.contains("\(table) missing"), "\(change): \(found)")
                }
                try changes(of: table, in: seeded)
            }
        }
    }

    /// Changes two of the sealed columns, where a CHECK lets it.
    private func changes(of table: String, in seeded: SeededStore) throws {
        let columns = try seeded.store.psql(
            """
            SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a
            WHERE a.attrelid = '\(table)'::regclass AND a.attname = ANY (audits.sealed_columns('\(table)'))
                AND a.attname <> 'org_id'
            """
        ).split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
        var noticed = 0
        for column in columns where noticed < 2 {
            guard let other = Self.others[column[1]] else { continue }
            let value = other.replacing("%c", with: column[0])
            let change = "UPDATE \(table) SET \(column[0]) = \(value) WHERE \(column[0]) IS DISTINCT FROM \(value)"
            let trial = "BEGIN; SET LOCAL session_replication_role = replica; \(change); ROLLBACK"
            guard (try? seeded.store.psql(trial)) != nil else { continue }
            let isEmpty = try seeded.store.psql(
                "SELECT 1 FROM \(table) WHERE org_id = '\(Tenant.a.id)' AND \(column[0]) IS NOT NULL LIMIT 1"
            ).isEmpty
            if isEmpty { continue }
            let found = try findings(after: change, in: seeded)
            let isNamed = found.contains("\(table) changed") || found.contains("\(table) missing")
            #expect(isNamed, "\(change): \(found)")
            noticed += 1
        }
        #expect(noticed > 0, "no column of \(table) could be changed to look at it")
    }

    @Test("a call whose rows are changed, deleted, or gone with their month is found by the log")
    func calls() async throws {
        for (change, finding) in [
            ("UPDATE council.requests SET total_cost = 0", "council.requests says something else of call"),
            ("UPDATE council.requests SET status = 'failed'", "council.requests says something else of call"),
            ("DELETE FROM council.requests", "council.requests has no row of call"),
            ("TRUNCATE council.requests", "council.requests has no row of call"),
            ("TRUNCATE council.requests_%m", "council.requests has no row of call"),
            ("DROP TABLE council.requests_%m", "council.requests has no row of call"),
            (
                "ALTER TABLE council.requests DETACH PARTITION council.requests_%m",
                "council.requests has no row of call"
            ),
            ("UPDATE providers.cost_records SET cost = cost + 1", "providers.cost_records says something else of call"),
            ("DELETE FROM providers.cost_records", "providers.cost_records has no row of call"),
            (
                "DROP TRIGGER no_truncate ON providers.cost_records_%m; TRUNCATE providers.cost_records_%m",
                "providers.cost_records has no row of call"
            ),
            ("DROP TABLE providers.cost_records_%m", "providers.cost_records has no row of call"),
            (
                "ALTER TABLE providers.cost_records DETACH PARTITION providers.cost_records_%m",
                "providers.cost_records has no row of call"
            ),
            ("TRUNCATE audits.audit_log_%m", "is missing from the log"),
            ("DROP TABLE audits.audit_log_%m", "is missing from the log"),
            ("ALTER TABLE audits.audit_log DETACH PARTITION audits.audit_log_%m", "is missing from the log"),
            ("TRUNCATE audits.chain", ""),
        ] {
            try await withSchema { store in
                let organization = UniqueID.v7()
                try await call(organization, in: store)
                let service = AuditService(database: store.open(role: "witan_app"))
                let before = try await service.verify(organization).verification
                #expect(before.isIntact, "\(before.findings)")
                let month = Timestamp.now().description
                let statement = change.replacing("%m", with: "\(month.prefix(4))_\(month.dropFirst(5).prefix(2))")
                try store.psql("SET session_replication_role = replica; \(statement)")
                let after = try await service.verify(organization)
                let isNoticed = !after.verification.isIntact || after.verification.sealed < after.entries
                #expect(isNoticed, "\(statement)")
                let isNamed = after.verification.findings.contains { $0.contains(finding) } || finding.isEmpty
                #expect(isNamed, "\(statement): \(after.verification.findings)")
            }
        }
    }

    /// One call's three rows.
    private func call(_ organization: UniqueID, in store: TestDatabase) async throws {
        let id = UniqueID.v7()
        try store.psql(
            """
            INSERT INTO council.requests (org_id, id, api_key_id, status, model, stream, http_status, total_cost,
                total_latency_ms, request_sha256)
            VALUES ('\(organization)', '\(id)', '\(id)', 'completed', 'mock/mock', false, 200, 0.25, 12, '\\x01');
            INSERT INTO providers.cost_records (org_id, request_id, call, provider, model, input_tokens, cached_tokens,
                output_tokens, estimated, cost, pricing_version)
            VALUES ('\(organization)', '\(id)', 0, 'mock', 'mock', 7, 0, 9, false, 0.25, '1');
            """)
        try await store.open(role: "witan_app").transaction(organization: organization) { transaction in
            try await AuditService.append(
                "model.called", id: id, category: "gateway", entity: "request:\(id)",
                payload: [
                    "cost": "0.25", "estimated": false, "http_status": 200, "input_tokens": 7, "model": "mock/mock",
                    "output_tokens": 9, "request_sha256": "01", "status": "completed",
                ], by: Actor("key:\(id)"), of: organization, in: transaction)
        }
        try await sealPending(1, in: store)
    }

    @Test("a seal that is removed, exchanged or made up is found by the log")
    func seals() async throws {
        for (change, finding) in [
            ("DELETE FROM audits.checkpoints", "is gone after it was sealed"),
            ("DELETE FROM audits.checkpoints; DELETE FROM audits.row_seals", "is gone"),
            ("UPDATE audits.row_seals SET digests = ARRAY[sha256('x')]", "is not the one in the log"),
            ("UPDATE audits.row_seals SET id = gen_random_uuid()", "has no entry in the log"),
        ] {
            try await withSchema { store in
                let organization = UniqueID.v7()
                try store.psql(
                    """
                    INSERT INTO audits.checkpoints (org_id, sequence, entries, hash, key_id, signature)
                    VALUES ('\(organization)', 1, 1, sha256('x'), 'k', decode(repeat('07', 64), 'hex'))
                    """)
                let worker = RowSealWorker(owner: store.open(), app: store.open(role: "witan_app"))
                #expect(try await worker.seal(organization) == 1)
                let service = AuditService(database: store.open(role: "witan_app"))
                // Before the sealer has come by, and after.
                let early = try await service.verify(organization).verification
                #expect(early.isIntact, "\(early.findings)")
                try await sealPending(1, in: store)
                #expect(try await service.verify(organization).verification.isIntact)
                try store.psql("SET session_replication_role = replica; \(change)")
                let after = try await service.verify(organization).verification
                #expect(after.findings.contains { $0.contains(finding) }, "\(change): \(after.findings)")
            }
        }
    }
}
