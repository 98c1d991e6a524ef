// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Inventory

@Suite("The lint of migrations")
struct MigrationLintTests {
    /// A rule, what breaks it, and what does the same without.
    static let examples: [(rule: LintRule, bad: String, good: String)] = [
        (
            .volatileDefault, "ALTER TABLE s.t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
            "ALTER TABLE s.t ADD COLUMN c timestamptz NOT NULL DEFAULT now()"
        ),
        (
            .volatileDefault, "ALTER TABLE s.t ADD c integer GENERATED ALWAYS AS (a + 1) STORED",
            "ALTER TABLE s.t ADD c numeric(3, 1) DEFAULT 0.5"
        ),
        (.volatileDefault, "ALTER TABLE s.t ADD c bigserial", "ALTER TABLE s.t ADD c bigint"),
        (.alterType, "ALTER TABLE s.t ALTER COLUMN c TYPE bigint", "ALTER TABLE s.t ALTER COLUMN type SET DEFAULT 1"),
        (.alterType, "ALTER TABLE ONLY s.t ALTER c SET DATA TYPE text", "ALTER TABLE s.t ALTER c DROP DEFAULT"),
        (
            .requiredColumn, "ALTER TABLE s.t ADD COLUMN c text NOT NULL",
            "ALTER TABLE s.t ADD COLUMN c text NOT NULL DEFAULT ''"
        ),
        (.setNotNull, "ALTER TABLE s.t ALTER COLUMN c SET NOT NULL", "ALTER TABLE s.t ALTER COLUMN c DROP NOT NULL"),
        (
            .validateLater, "ALTER TABLE s.t ADD CONSTRAINT x FOREIGN KEY (a, b) REFERENCES s.u",
            "ALTER TABLE s.t ADD CONSTRAINT x FOREIGN KEY (a, b) REFERENCES s.u NOT VALID"
        ),
        (
            .validateLater, "ALTER TABLE s.t ADD CHECK (a > 0)",
            "ALTER TABLE s.t ADD CHECK (a > 0) NOT VALID; ALTER TABLE s.t VALIDATE CONSTRAINT t_a_check"
        ),
        (
            .validateLater, "ALTER TABLE s.t ADD COLUMN c uuid REFERENCES s.u",
            "CREATE TABLE s.v (c uuid REFERENCES s.u)"
        ),
        (
            .uniqueFromIndex, "ALTER TABLE s.t ADD CONSTRAINT x UNIQUE (a)",
            "ALTER TABLE s.t ADD CONSTRAINT x UNIQUE USING INDEX i"
        ),
        (
            .uniqueFromIndex, "ALTER TABLE s.t ADD PRIMARY KEY (a)",
            "CREATE TABLE s.v (); ALTER TABLE s.v ADD UNIQUE (a)"
        ),
        (.concurrentIndex, "CREATE INDEX i ON s.t (a)", "CREATE TABLE s.v (a integer); CREATE INDEX i ON s.v (a)"),
        (
            .concurrentIndex, "CREATE UNIQUE INDEX IF NOT EXISTS i ON ONLY s.t (a)",
            "-- migrate: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (a)"
        ),
        (.concurrentIndex, "DROP INDEX s.i", "-- migrate: no-transaction\nDROP INDEX CONCURRENTLY s.i"),
        (.concurrentIndex, "REINDEX TABLE s.t", "-- migrate: no-transaction\nREINDEX TABLE CONCURRENTLY s.t"),
        (
            .concurrentAlone, "CREATE INDEX CONCURRENTLY i ON s.t (a)",
            "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON s.t (a)"
        ),
        (.heavyCommand, "VACUUM FULL s.t", "ANALYZE s.t"),
        (.heavyCommand, "CLUSTER s.t USING i", "ALTER TABLE s.t CLUSTER ON i"),
        (.heavyCommand, "TRUNCATE s.t", "DELETE FROM s.t WHERE a = 1"),
        (.heavyCommand, "ALTER TABLE s.t SET UNLOGGED", "ALTER TABLE s.t SET (fillfactor = 85)"),
        (.explicitLock, "LOCK TABLE s.t", "SELECT pg_advisory_xact_lock(1)"),
        (.dropColumn, "ALTER TABLE s.t DROP COLUMN c", "ALTER TABLE s.t DROP CONSTRAINT c"),
        (.dropColumn, "ALTER TABLE s.t ADD x text, DROP c", "CREATE TABLE s.v (c text); ALTER TABLE s.v DROP c"),
        (.dropTable, "DROP TABLE s.t", "CREATE TABLE s.v (); DROP TABLE s.v"),
        (.dropTable, "DROP SCHEMA s CASCADE", "DROP FUNCTION s.f()"),
        (.rename, "ALTER TABLE s.t RENAME COLUMN a TO b", "ALTER TABLE s.t ADD COLUMN b text"),
        (.rename, "ALTER TABLE s.t RENAME TO u", "COMMENT ON TABLE s.t IS 'to rename'"),
        (.rename, "ALTER FUNCTION s.f() RENAME TO g", "ALTER FUNCTION s.f() OWNER TO x"),
        (.ownTransaction, "BEGIN; SELECT 1; COMMIT", "DO $$ BEGIN COMMIT; END $$"),
        (.qualifiedName, "CREATE TABLE t (a integer)", "CREATE TABLE s.t (a integer)"),
        (.qualifiedName, "CREATE TABLE s.v (c uuid REFERENCES u)", "CREATE TABLE s.v (c uuid REFERENCES s.u)"),
        (
            .qualifiedName, "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS ''",
            "CREATE TEMPORARY TABLE t (a integer)"
        ),
        (.qualifiedName, "CREATE TABLE s.v (); CREATE POLICY p ON v", "CREATE TABLE s.v (); CREATE POLICY p ON s.v"),
        (.qualifiedName, "INSERT INTO t VALUES (1)", "INSERT INTO s.t VALUES (1)"),
        (.qualifiedName, "UPDATE t SET a = 1", "UPDATE \"S\".\"T\" SET a = 1"),
        (.noEnum, "CREATE TYPE s.mood AS ENUM ('good', 'bad')", "CREATE TYPE s.pair AS (a integer)"),
        (
            .noDefaultPartition, "CREATE TABLE s.d PARTITION OF s.t DEFAULT",
            "CREATE TABLE s.d PARTITION OF s.t FOR VALUES FROM (1) TO (2)"
        ),
        (
            .noDefaultPartition, "ALTER TABLE s.t ATTACH PARTITION s.d DEFAULT",
            "ALTER TABLE s.t ALTER c SET DEFAULT 1"
        ),
        (.timestamptz, "CREATE TABLE s.v (a timestamp NOT NULL)", "CREATE TABLE s.v (timestamp timestamptz)"),
        (
            .timestamptz, "ALTER TABLE s.t ADD a timestamp(3) without time zone",
            "ALTER TABLE s.t ADD a timestamp(3) with time zone"
        ),
        (
            .securityInvoker, "CREATE VIEW s.w AS SELECT 1",
            "CREATE VIEW s.w WITH (security_invoker = true) AS SELECT at AS timestamp FROM s.t"
        ),
        (.allowReason, "-- allow: drop-column\nSELECT 1", "-- allow: drop-column gone since 0.4\nSELECT 1"),
        (.allowReason, "-- allow: dropping because\nSELECT 1", "-- allowances are made below\nSELECT 1"),
    ]

    @Test("finds each thing, and not what does the same without harm", arguments: examples.indices)
    func rules(index: Int) {
        let (rule, bad, good) = Self.examples[index]
        let found = MigrationLint.findings(in: bad, file: "0001_x.sql").map(\.rule)
        #expect(found.contains(rule), "\(bad): \(found)")
        #expect(MigrationLint.findings(in: good, file: "0001_x.sql").isEmpty, "\(good)")
    }

    @Test("has an example for every rule of files")
    func complete() {
        #expect(Set(Self.examples.map(\.rule)) == Set(LintRule.allCases).subtracting(LintRule.ofCatalogs))
        for rule in LintRule.allCases { #expect(!rule.sentence.isEmpty && !rule.fix.isEmpty) }
    }

    @Test("names file, line and object, and says what to do")
    func sentence() {
        let text = "SELECT 1;\n\n-- why\nALTER TABLE s.t\n    ADD COLUMN a text,\n    DROP COLUMN b;\n"
        let found = MigrationLint.findings(in: text, file: "0017_x.sql")
        #expect(found.count == 1)
        #expect(
            found.first?.description.hasPrefix(
                "0017_x.sql:6: drop-column: s.t: programs of the release before still name it") == true)
        #expect(found.first?.description.hasSuffix("allow this with the release.") == true)
    }

    @Test("knows tables that files before it have made as new")
    func several() {
        let files = [
            ("0001_a.sql", "CREATE TABLE s.t (a integer)"), ("0002_b.sql", "CREATE INDEX i ON s.t (a)"),
        ]
        #expect(MigrationLint.findings(in: files).isEmpty)
        #expect(MigrationLint.findings(in: [files[1]]).map(\.rule) == [.concurrentIndex])
    }

    @Test("lets a way back take things away, by their whole names")
    func wayBack() {
        let text = "DROP TABLE s.t;\nALTER TABLE s.u DROP COLUMN a;\nDROP FUNCTION f();\n"
        #expect(MigrationLint.findings(in: text, file: "0017_x.down.sql").map(\.rule) == [.qualifiedName])
        #expect(MigrationLint.findings(in: text, file: "0017_x.sql").count == 3)
    }

    @Test("allows what a comment with a reason excepts, there and nowhere else")
    func allow() {
        let text = """
            -- Old and unused.
            -- allow: drop-column gone since 0.4
            ALTER TABLE s.t DROP COLUMN a;
            ALTER TABLE s.t
                -- allow: alter-type the table has ten rows
                ALTER b TYPE bigint;
            ALTER TABLE s.t DROP COLUMN c;
            SELECT '
            -- allow: drop-column inside of a string
            ';
            ALTER TABLE s.t DROP COLUMN d;
            """
        let found = MigrationLint.findings(in: text, file: "f")
        #expect(found.map(\.line) == [7, 11])
    }

    @Test("tells the catalog's lint which indexes and tables are excepted, and why they must say so")
    func exceptions() {
        let files = [
            (
                "a",
                """
                -- Not led by org: found before it is known.
                CREATE UNIQUE INDEX t_hash ON s.t (hash);
                CREATE INDEX t_name
                    ON s.t (name);

                CREATE INDEX t_led ON s.t (org);
                -- allow: row-security the same for everybody
                CREATE TABLE s.kinds (id integer);
                -- Not led by org:
                CREATE INDEX t_other ON s.t (other);
                """
            )
        ]
        #expect(
            MigrationLint.exceptions(in: files) == [
                LintException(rule: .leadingColumn, name: "s.t.t_hash"),
                LintException(rule: .leadingColumn, name: "s.t.t_name"),
                LintException(rule: .rowSecurity, name: "s.kinds"),
            ])
        #expect(MigrationLint.findings(in: files).map(\.rule).contains(.allowReason))
    }

    @Test("takes cut-off text without a trap")
    func cut() {
        let text = "ALTER TABLE s.t ADD COLUMN c uuid DEFAULT f('x', \"y\") REFERENCES ; CREATE INDEX ON"
        for length in 0...text.count { _ = MigrationLint.findings(in: String(text.prefix(length)), file: "f") }
    }
}
