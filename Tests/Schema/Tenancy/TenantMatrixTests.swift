// SPDX-License-Identifier: Apache-2.0
import Postgres
import TestSupport
import Testing

/// No foreign row is ever seen or written: asked of every table that the catalog has.
@Suite struct TenantMatrixTests {
    @Test("no role sees or writes a row of another organization, in any table, view or partition, but as listed")
    func matrix() async throws {
        let seeded = try await SeededStore.shared.value
        let (found, tries) = try await TenantMatrix(seeded: seeded).findings()
        for finding in found.prefix(100) { Issue.record("\(finding)") }
        #expect(found.isEmpty, "\(found.count) of \(tries)")
        // tables × (operations) × roles × settings at the least
        #expect(seeded.tenantTables.count > 60 && tries > 60 * 7 * 6 * 4)
    }

    @Test("every table of the designs is in the matrix with rows of both organizations")
    func rows() async throws {
        let seeded = try await SeededStore.shared.value
        for table in seeded.tenantTables {
            for tenant in Tenant.both {
                let predicates = seeded.rows(of: table.name, tenant).map(\.predicate)
                let count = try await seeded.database.query(
                    "SELECT count(*) AS n FROM \(raw: table.name) WHERE \(raw: predicates.joined(separator: " OR "))")
                #expect(try count.first?["n"] == predicates.count, "\(table.name)")
                #expect(predicates.count == (table.name == "auth.organizations" ? 1 : 2))
            }
        }
    }

    /// What could go wrong with a table, and what the matrix says to it.
    static let leaks = [
        (
            "CREATE TABLE ops.leak (org_id uuid NOT NULL, id uuid PRIMARY KEY); GRANT SELECT ON ops.leak TO witan_app",
            "ops.leak: select as witan_app, unset: 2,2"
        ),
        ("CREATE TABLE ops.lost (id uuid PRIMARY KEY); GRANT SELECT ON ops.lost TO witan_app", "ops.lost: select"),
        ("ALTER TABLE auth.teams DISABLE ROW LEVEL SECURITY", "auth.teams: select as witan_app, unset: 2,2"),
        ("DROP POLICY tenant ON auth.teams", "auth.teams: select as witan_app, own: 0,0, not 2,0"),
        ("ALTER POLICY tenant ON auth.teams WITH CHECK (true)", "auth.teams: insert as witan_app, other: 1"),
        (
            "ALTER POLICY tenant ON auth.teams USING (org_id = current_setting('app.org_id')::uuid)",
            "auth.teams: select as witan_app, empty: 22P02"
        ),
        ("GRANT DELETE ON auth.teams TO witan_app", "auth.teams: delete as witan_app, unset: 0, not 42501"),
        ("GRANT TRUNCATE ON ops.outbox TO witan_ingest", "ops.outbox: truncate as witan_ingest"),
        ("GRANT SELECT ON providers.providers TO witan_readonly", "providers.providers: select as witan_readonly"),
        (
            "GRANT USAGE ON SCHEMA auth TO PUBLIC; GRANT SELECT ON auth.teams TO PUBLIC",
            "auth.teams: select as witan_stranger"
        ),
        (
            "ALTER VIEW audits.audit_logs SET (security_invoker = false); CREATE POLICY all_rows ON audits.audit_log "
                + "TO witan_owner USING (true)", "audits.audit_logs: select as witan_app, unset: true,true"
        ),
        (
            "CREATE MATERIALIZED VIEW auth.copy AS SELECT id AS org_id FROM auth.organizations; "
                + "GRANT SELECT ON auth.copy TO witan_app", "auth.copy: select as witan_app"
        ),
        (
            "DO $$ DECLARE child regclass; BEGIN SELECT inhrelid INTO child FROM pg_inherits "
                + "WHERE inhparent = 'council.requests'::regclass LIMIT 1; "
                + "EXECUTE format('GRANT SELECT ON %s TO witan_app', child); END $$",
            "SELECT count(*) FROM council.requests_"
        ),
    ]

    /// Locks of what is changed here are not in the way of other tests.
    private static let changed = Task { try await SeededStore.make() }

    @Test("a leak is found", .serialized, arguments: leaks)
    func leak(change: String, finding: String) async throws {
        let what = String(finding[..<(finding.firstRange(of: " as ")?.lowerBound ?? finding.endIndex)])
        var found: [String] = []
        if change.hasPrefix("CREATE") {
            // What is new needs rows of its own.
            try await SeededStore.with(change: change) { seeded in
                found = try await TenantMatrix(seeded: seeded).findings(only: what).found
            }
        } else {
            let seeded = try await Self.changed.value
            found = try await TenantMatrix(seeded: seeded, change: change).findings(only: what).found
        }
        #expect(found.contains { $0.hasPrefix(finding) }, "\(found.prefix(5))")
    }

    @Test("a table that no row can be made for is an error that names it, not a gap")
    func needsHint() async throws {
        for (change, name) in [
            ("CREATE TABLE ops.odd (org_id uuid, id uuid PRIMARY KEY, n integer NOT NULL CHECK (n > 1000))", "ops.odd"),
            ("CREATE TABLE ops.strange (org_id uuid, id uuid PRIMARY KEY, p point NOT NULL)", "ops.strange"),
        ] {
            let error = await #expect(throws: RowGenerator.Unknown.self) {
                try await SeededStore.with(change: change) { _ in }
            }
            #expect(error?.description.contains(name) == true)
        }
    }

    static let later: Set = [
        "ops.archives", "ops.jobs", "ops.leases", "ops.retention_defaults", "ops._migration_progress",
        "ops._migration_inventories",
    ]

    @Test("the lists of tables without organization name tables that exist, and each says in the database why")
    func lists() async throws {
        let seeded = try await SeededStore.shared.value
        let names = Set(seeded.shapes.map(\.name))
        let listed = Array(TenantRules.own.keys) + TenantRules.global.keys
        #expect(Set(listed).subtracting(names).isSubset(of: Self.later))
        // The migrator's own tables are older than the rules.
        for name in listed where names.contains(name) && !name.hasPrefix("ops._migration_") {
            let comment = try seeded.store.psql("SELECT obj_description('\(name)'::regclass, 'pg_class')")
            #expect(comment.contains("No org_id: "), "\(name): \(comment)")
        }
    }
}
