// SPDX-License-Identifier: Apache-2.0
import Audit
import Postgres
import SwiftExtensions
import TestSupport
import Testing

/// What each database role may not do to the log; that they may do their own work is in the other suites.
@Suite struct DatabaseRoleTests {
    static let denied: [(role: String, statement: String)] =
        ["witan_app", "witan_ingest", "witan_sealer", "witan_readonly"].flatMap { role in
            [
                "UPDATE audits.audit_log SET actor = 'x'", "DELETE FROM audits.audit_log", "TRUNCATE audits.audit_log",
                "UPDATE audits.chain SET sequence = 9", "DELETE FROM audits.chain", "TRUNCATE audits.chain",
                "DELETE FROM council.requests", "UPDATE council.requests SET total_cost = 0",
                "TRUNCATE council.requests",
                "DELETE FROM providers.cost_records", "UPDATE providers.cost_records SET cost = 0",
                "TRUNCATE providers.cost_records", "DROP TABLE audits.audit_log",
                "ALTER TABLE audits.audit_log DISABLE TRIGGER ALL",
                "ALTER TABLE audits.audit_log DISABLE ROW LEVEL SECURITY",
                "SET session_replication_role = replica", "DELETE FROM auth.organizations",
                "DELETE FROM auth.api_keys",
            ].map { (role, $0) }
        } + [
            ("witan_app", "INSERT INTO audits.chain VALUES (gen_random_uuid(), 1, '{}', '', '')"),
            ("witan_app", "UPDATE audits.seal_position SET next_transaction_id = 0"),
            ("witan_app", "INSERT INTO council.requests DEFAULT VALUES"),
            ("witan_app", "INSERT INTO providers.cost_records DEFAULT VALUES"),
            ("witan_app", "DELETE FROM ops.snapshot_versions"), ("witan_app", "UPDATE ops.settings SET value = ''"),
            ("witan_ingest", "SELECT 1 FROM audits.audit_log"), ("witan_ingest", "SELECT 1 FROM council.requests"),
            ("witan_ingest", "SELECT 1 FROM providers.cost_records"), ("witan_ingest", "SELECT 1 FROM auth.api_keys"),
            ("witan_ingest", "SELECT * FROM auth.key_snapshot(0)"),
            ("witan_ingest", "SELECT * FROM providers.catalog_snapshot()"),
            ("witan_sealer", "INSERT INTO audits.audit_log DEFAULT VALUES"),
            ("witan_sealer", "SELECT 1 FROM council.requests"), ("witan_sealer", "SELECT 1 FROM auth.api_keys"),
            ("witan_readonly", "INSERT INTO audits.audit_log DEFAULT VALUES"),
            ("witan_readonly", "SELECT 1 FROM auth.api_keys"),
            ("witan_readonly", "SELECT 1 FROM providers.providers"),
        ]

    @Test("what a role may not do, PostgreSQL refuses")
    func denials() async throws {
        try await withStore { store in
            var databases: [String: Database] = [:]
            for (role, statement) in Self.denied {
                let database = databases[role] ?? store.open(role: role)
                databases[role] = database
                let error = await #expect(throws: PostgresError.self, "\(role): \(statement)") {
                    try await database.execute(SQL(raw: statement))
                }
                #expect(error?.sqlState == "42501", "\(role): \(statement): \(String(describing: error))")
            }
        }
    }

    @Test("the log's partitions cannot be reached past the policies of the log")
    func partitions() async throws {
        try await withStore { store in
            try await append(of: .v7(), in: store.open(role: "witan_app"))
            let names = try store.psql(
                """
                SELECT inhrelid::regclass FROM pg_inherits
                WHERE inhparent IN ('audits.audit_log'::regclass, 'council.requests'::regclass,
                                    'providers.cost_records'::regclass)
                """
            ).split(separator: "\n")
            #expect(names.count >= 15)
            for role in ["witan_app", "witan_ingest", "witan_sealer", "witan_readonly"] {
                let database = store.open(role: role)
                for name in names {
                    for statement in [
                        "SELECT 1 FROM \(name)", "DELETE FROM \(name)", "INSERT INTO \(name) DEFAULT VALUES",
                    ] {
                        let error = await #expect(throws: PostgresError.self, "\(role): \(statement)") {
                            try await database.execute(SQL(raw: statement))
                        }
                        #expect(error?.sqlState == "42501", "\(role): \(statement)")
                    }
                }
            }
        }
    }

    @Test("not even the superuser changes the log by accident")
    func triggers() async throws {
        try await withStore { store in
            try await append(of: .v7(), in: store.open(role: "witan_app"))
            let sealer = SealerWorker(database: store.open(role: "witan_sealer"))
            while try await sealer.sealPending() == 0 { try await Task.sleep(for: .milliseconds(5)) }
            for table in ["audits.audit_log", "audits.chain"] {
                for statement in ["UPDATE \(table) SET org_id = org_id", "DELETE FROM \(table)", "TRUNCATE \(table)"] {
                    let error = #expect(throws: PsqlError.self, "\(statement)") { try store.psql(statement) }
                    #expect(error?.output.contains("append-only") == true, "\(statement)")
                }
                #expect(try store.psql("SELECT count(*) FROM \(table)") == "1")
            }
        }
    }

    @Test("every tenant table forces row-level security on everybody, its owner included")
    func forced() async throws {
        try await withStore { store in
            let open = try store.psql(
                """
                SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
                WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
                  AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
                """)
            #expect(open.isEmpty)
            let bypass = try store.psql(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'witan%' AND rolname <> 'witan_root' "
                    + "AND (rolbypassrls OR rolsuper)")
            #expect(bypass.isEmpty)
        }
    }
}
