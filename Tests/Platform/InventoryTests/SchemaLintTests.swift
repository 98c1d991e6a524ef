// SPDX-License-Identifier: Apache-2.0
import Foundation
import Migrator
import Postgres
import TestSupport
import Testing

@testable import Inventory

@Suite("The lint of a schema")
struct SchemaLintTests {
    /// A schema without findings.
    private static let clean = """
        CREATE SCHEMA s;
        CREATE TABLE s.orgs (id uuid PRIMARY KEY);
        COMMENT ON TABLE s.orgs IS 'No org: it is the org.';
        CREATE TABLE s.t (org uuid NOT NULL REFERENCES s.orgs, id uuid, at timestamptz, b uuid, hash text,
            PRIMARY KEY (org, id), FOREIGN KEY (org, b) REFERENCES s.t);
        COMMENT ON TABLE s.t IS 'Things.';
        CREATE INDEX t_b ON s.t (org, b) WHERE b IS NOT NULL;
        ALTER TABLE s.t ENABLE ROW LEVEL SECURITY;
        ALTER TABLE s.t FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON s.t USING (org = nullif(current_setting('a.org', true), '')::uuid);
        CREATE VIEW s.v WITH (security_invoker = true) AS SELECT org, id FROM s.t;
        CREATE FUNCTION s.f() RETURNS integer LANGUAGE sql SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
        REVOKE ALL ON FUNCTION s.f() FROM PUBLIC;
        COMMENT ON SCHEMA s IS 'All.'; COMMENT ON VIEW s.v IS 'Some.'; COMMENT ON FUNCTION s.f() IS 'One.';
        DO $$ DECLARE c record; BEGIN
            FOR c IN SELECT attrelid::regclass AS t, attname FROM pg_attribute
                WHERE attrelid IN ('s.t'::regclass, 's.orgs'::regclass, 's.v'::regclass) AND attnum > 0
            LOOP EXECUTE format('COMMENT ON COLUMN %s.%I IS ''It.''', c.t, c.attname); END LOOP;
        END $$;
        """

    /// A change, the rule it breaks and by what.
    private static let changes: [(String, LintRule, String)] = [
        (
            "ALTER TABLE s.t DROP CONSTRAINT t_org_b_fkey, DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id, org)",
            .leadingColumn, "s.t.t_pkey"
        ),
        ("CREATE INDEX t_hash ON s.t (hash)", .leadingColumn, "s.t.t_hash"),
        ("CREATE INDEX t_lower ON s.t (lower(hash), org)", .leadingColumn, "s.t.t_lower"),
        ("ALTER TABLE s.t ADD UNIQUE (hash)", .leadingColumn, "s.t.t_hash_key"),
        ("ALTER TABLE s.t NO FORCE ROW LEVEL SECURITY", .rowSecurity, "s.t"),
        ("DROP POLICY own ON s.t", .rowSecurity, "s.t"),
        ("COMMENT ON TABLE s.orgs IS 'Orgs.'", .rowSecurity, "s.orgs"),
        ("DROP INDEX s.t_b", .indexedReference, "s.t.t_org_b_fkey"),
        (
            "DROP INDEX s.t_b; CREATE INDEX t_b ON s.t (org, b) WHERE hash = 'x'", .indexedReference,
            "s.t.t_org_b_fkey"
        ),
        ("CREATE TYPE s.mood AS ENUM ('good')", .noEnum, "s.mood"),
        ("ALTER TABLE s.t ADD x timestamp", .timestamptz, "s.t.x"),
        ("ALTER TABLE s.t ADD x text", .described, "s.t.x"),
        ("COMMENT ON VIEW s.v IS NULL", .described, "s.v"),
        ("COMMENT ON COLUMN s.t.b IS 'What it'", .described, "s.t.b"),
        ("ALTER VIEW s.v RESET (security_invoker)", .securityInvoker, "s.v"),
        ("ALTER FUNCTION s.f() RESET search_path", .searchPath, "s.f()"),
        ("ALTER FUNCTION s.f() SET search_path = pg_catalog", .searchPath, "s.f()"),
        ("ALTER FUNCTION s.f() SET search_path = public, pg_temp", .searchPath, "s.f()"),
        ("GRANT EXECUTE ON FUNCTION s.f() TO PUBLIC", .publicGrant, "s.f() TO PUBLIC"),
        ("GRANT SELECT ON s.t TO PUBLIC", .publicGrant, "s.t TO PUBLIC"),
        ("CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a; GRANT SELECT ON s.m TO pg_monitor", .readableCopy, "s.m"),
        ("ALTER TABLE s.t ADD CHECK (hash <> '') NOT VALID", .valid, "s.t.t_hash_check"),
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.t_b'::regclass", .valid, "s.t.t_b"),
        (
            "CREATE TABLE s.p (org uuid) PARTITION BY RANGE (org); CREATE TABLE s.p_d PARTITION OF s.p DEFAULT",
            .noDefaultPartition, "s.p.p_d"
        ),
    ]

    @Test("finds each thing, and nothing in a schema as it should be")
    func rules() async throws {
        let test = try await InventoryDatabase(Self.clean)
        try await test.database.withConnection { connection in
            let clean = try await SchemaInventory.read(connection)
            #expect(SchemaLint(clean, leading: "org").findings.map(\.description) == [])
            for (change, rule, subject) in Self.changes {
                try await connection.run(script: "BEGIN; " + change)
                let findings = SchemaLint(try await SchemaInventory.read(connection), leading: "org").findings
                try await connection.run(script: "ROLLBACK")
                #expect(findings.contains { $0.rule == rule && $0.subject == subject }, "\(change): \(findings)")
            }
        }
        try await test.test.close()
    }

    @Test("leaves out what is excepted")
    func exceptions() async throws {
        let test = try await InventoryDatabase(Self.clean + "CREATE INDEX t_hash ON s.t (hash);")
        let inventory = try await test.read()
        #expect(SchemaLint(inventory, leading: "org").findings.map(\.rule) == [.leadingColumn])
        let exceptions: Set = [LintException(rule: .leadingColumn, name: "s.t.t_hash")]
        #expect(SchemaLint(inventory, leading: "org", exceptions: exceptions).findings.isEmpty)
        try await test.test.close()
    }
}

@Suite("The program's own schema")
struct OwnSchemaTests {
    /// The migrator's own tables, which are the installation's.
    private static let bookkeeping = ["history", "progress", "inventories"].map {
        LintException(rule: .rowSecurity, name: "ops._migration_\($0)")
    }

    @Test("has no finding of either lint")
    func lint() async throws {
        let files = Migration.embedded.map { (name: $0.name, text: $0.text) }
        let found = MigrationLint.findings(in: files)
        #expect(found.map(\.description) == [])
        let test = try await TestDatabase.make()
        let inventory = try await test.open().withConnection { try await SchemaInventory.read($0) }
        let lint = SchemaLint(
            inventory.filter { $0.schema != "public" }, leading: "org_id",
            exceptions: MigrationLint.exceptions(in: files).union(Self.bookkeeping))
        #expect(lint.findings.map(\.description) == [])
        try await test.close()
    }

    @Test("stands in schema.sql as the migrations leave it")
    func script() async throws {
        let test = try await TestDatabase.make()
        let inventory = try await test.open().withConnection { try await SchemaInventory.read($0) }
        try await test.close()
        guard inventory.serverMajor == 15 else { return }
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let file = try String(contentsOfFile: root + "/schema.sql", encoding: .utf8)
        let isSame = file.hasSuffix("\n" + SchemaScript(inventory).text)
        #expect(isSame, "the migrations changed: 'make docs' writes schema.sql again")
    }
}
