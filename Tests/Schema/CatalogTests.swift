// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

/// The rules that every table follows, asked of the catalog: a table that is added later is asked too.
@Suite struct CatalogTests {
    /// What breaks a rule: rows of text, none when the rule holds.
    struct Rule: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let query: String

        init(_ sentence: String, _ query: String) {
            testDescription = sentence
            self.query = query
        }
    }

    /// The program's schemas.
    static let ours = "nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')"
    /// The migrator's own tables begin with `_migration`: it makes them before there are roles.
    static let relations =
        "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND \(ours) AND c.relname !~ '^_migration'"
    static let tables = "\(relations) AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    /// A column that makes a table a tenant's.
    static let tenants = "\(tables) JOIN pg_attribute o ON o.attrelid = c.oid AND o.attname = 'org_id'"

    static let tenancy = [
        Rule(
            "every tenant table forces row-level security",
            "SELECT c.oid::regclass FROM \(tenants) WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)"),
        Rule(
            "the tenant policy is the same everywhere, for reading and for writing, and asks for the setting once",
            """
            SELECT c.oid::regclass FROM \(tenants) LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
            WHERE pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM '(org_id = ( SELECT '
                    || '(NULLIF(current_setting(''app.org_id''::text, true), ''''::text))::uuid AS "nullif"))'
                OR pg_get_expr(p.polqual, p.polrelid) <> pg_get_expr(p.polwithcheck, p.polrelid)
            """),
        Rule(
            "org_id may not be null and leads every key",
            """
            SELECT c.oid::regclass FROM \(tenants) WHERE NOT o.attnotnull
            UNION ALL SELECT k.conindid::regclass FROM \(tenants) JOIN pg_constraint k ON k.conrelid = c.oid
            WHERE k.contype IN ('p', 'u') AND k.conkey[1] <> o.attnum
            """),
        Rule(
            "a table without org_id says why",
            """
            SELECT c.oid::regclass FROM \(tables)
            WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'org_id')
                AND coalesce(obj_description(c.oid, 'pg_class'), '') !~ 'No org_id: '
            """),
        Rule(
            "foreign keys between tenant tables carry the organization",
            """
            SELECT k.conname FROM \(tenants) JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
            JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attname = 'org_id'
            WHERE k.conkey[1] <> o.attnum OR k.confkey[1] <> f.attnum
            """),
        Rule(
            "views run as who asks",
            """
            SELECT c.oid::regclass FROM \(relations) WHERE c.relkind = 'm'
                OR c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
            """),
        Rule(
            "functions that run as their owner have a fixed search path, with temporary objects last",
            """
            SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND \(ours)
            WHERE p.prosecdef AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
            """),
    ]

    static let keys = [
        Rule(
            "nothing is cascaded away",
            """
            SELECT k.conname FROM \(tables) JOIN pg_constraint k ON k.conrelid = c.oid
            WHERE k.contype = 'f' AND (k.confdeltype <> 'r' OR k.confupdtype <> 'a')
            """),
        Rule(
            "every foreign key has an index that its columns lead",
            """
            SELECT k.conname FROM \(tables) JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
            WHERE NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indpred IS NULL AND k.conkey @>
                        (i.indkey::int2[])[0:cardinality(k.conkey) - 1]
                    AND k.conkey <@ (i.indkey::int2[])[0:cardinality(k.conkey) - 1])
            """),
        Rule(
            "audit rows refer to nothing",
            "SELECT k.conname FROM pg_constraint k WHERE k.contype = 'f' AND k.connamespace = 'audits'::regnamespace"),
        Rule(
            "no two indexes begin alike for nothing",
            """
            SELECT a.indexrelid::regclass FROM \(tables) JOIN pg_index a ON a.indrelid = c.oid
            JOIN pg_index b ON b.indrelid = c.oid AND b.indexrelid <> a.indexrelid
            WHERE NOT a.indisunique AND a.indpred IS NULL AND b.indpred IS NULL
                AND b.indkey::text || ' ' LIKE a.indkey::text || ' %'
            """),
        Rule(
            "no type of the schema's own, no time without zone, no money in floating point",
            """
            SELECT c.oid::regclass || '.' || a.attname FROM \(tables) JOIN pg_attribute a ON a.attrelid = c.oid
            JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attnum > 0
                AND (t.typtype <> 'b' OR t.typname IN ('timestamp', 'varchar', 'bpchar', 'float4', 'float8', 'money'))
            """),
        Rule(
            "there is no default partition, and no trigger fires on INSERT but what keeps the identity snapshot",
            """
            SELECT c.oid::regclass FROM \(relations) WHERE pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
            UNION ALL SELECT t.tgrelid::regclass FROM pg_trigger t JOIN \(tables) ON c.oid = t.tgrelid
            WHERE NOT t.tgisinternal AND t.tgtype & 4 <> 0
                AND t.tgfoid NOT IN ('ops.raise_snapshot'::regproc, 'ops.stamp_snapshot'::regproc)
            """),
    ]

    static let rights = [
        Rule(
            "everything belongs to witan_owner",
            """
            SELECT c.oid::regclass::text FROM \(relations) WHERE c.relowner <> 'witan_owner'::regrole
            UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE \(ours) AND p.proowner <> 'witan_owner'::regrole AND p.proname !~ '^_migration'
            UNION ALL SELECT nspname FROM pg_namespace WHERE \(ours) AND nspowner <> 'witan_owner'::regrole
            """),
        Rule(
            "nothing is everybody's",
            """
            SELECT c.oid::regclass::text FROM \(relations), aclexplode(c.relacl) a WHERE a.grantee = 0
            UNION ALL SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
                aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE \(ours) AND a.grantee = 0
            UNION ALL SELECT nspname FROM pg_namespace, aclexplode(nspacl) a WHERE \(ours) AND a.grantee = 0
            """),
        Rule(
            "who works with the tables may neither delete nor truncate",
            """
            SELECT r || ': ' || c.oid::regclass FROM \(tables),
                unnest(ARRAY['witan_app', 'witan_ingest', 'witan_sealer', 'witan_readonly', 'witan_backup']) r
            WHERE has_table_privilege(r, c.oid, 'DELETE, TRUNCATE')
            """),
        Rule(
            "partitions are reached through their parents only",
            "SELECT c.oid::regclass FROM \(relations) WHERE c.relispartition AND c.relacl IS NOT NULL"),
        Rule(
            "a backup sees every row of every table",
            """
            SELECT c.oid::regclass FROM \(tables) WHERE NOT has_table_privilege('witan_backup', c.oid, 'SELECT')
                OR c.relrowsecurity AND NOT EXISTS (
                    SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = 'r'
                        AND p.polroles = ARRAY['witan_backup'::regrole::oid] AND pg_get_expr(p.polqual, c.oid) = 'true')
            """),
    ]

    static let comments = [
        Rule(
            "every schema, table, view and column has its sentence",
            """
            SELECT nspname FROM pg_namespace n WHERE \(ours) AND coalesce(obj_description(n.oid), '') !~ '\\.$'
            UNION ALL SELECT c.oid::regclass::text FROM \(relations) WHERE c.relkind IN ('r', 'p', 'v')
                AND NOT c.relispartition AND coalesce(obj_description(c.oid, 'pg_class'), '') !~ '\\.$'
            UNION ALL SELECT c.oid::regclass || '.' || a.attname FROM \(relations) JOIN pg_attribute a
                ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
                AND coalesce(col_description(c.oid, a.attnum), '') !~ '[.…]$'
            """),
        Rule(
            "every function has its sentence",
            """
            SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE \(ours) AND p.proname !~ '^_migration' AND coalesce(obj_description(p.oid, 'pg_proc'), '') !~ '\\.$'
            """),
    ]

    @Test("the rules hold for every object", arguments: tenancy + keys + rights + comments)
    func rule(_ rule: Rule) async throws {
        let found = try await Shared.store.value.psql(rule.query)
        #expect(found.isEmpty, "\(found)")
    }

    /// For each rule a table that breaks it, so that the questions are known to find something.
    @Test("a table that breaks a rule is found")
    func counterexamples() async throws {
        try await withSchema { store in
            try store.psql(
                """
                CREATE TYPE auth.mood AS ENUM ('good', 'bad');
                CREATE TABLE auth.wrong (id uuid PRIMARY KEY, org_id uuid, mood auth.mood, at timestamp, email text,
                    team uuid, user_id uuid REFERENCES auth.users ON DELETE CASCADE,
                    FOREIGN KEY (team, org_id) REFERENCES auth.teams (id, org_id));
                CREATE TABLE auth.lost (id uuid PRIMARY KEY);
                CREATE INDEX ON auth.wrong (email);
                CREATE INDEX ON auth.wrong (email, at);
                GRANT SELECT ON auth.wrong TO PUBLIC;
                GRANT DELETE ON auth.wrong TO witan_app;
                CREATE VIEW auth.leak AS SELECT * FROM auth.users;
                CREATE FUNCTION auth.power() RETURNS void LANGUAGE sql SECURITY DEFINER AS '';
                CREATE TABLE audits.child (id uuid PRIMARY KEY REFERENCES auth.lost);
                CREATE TRIGGER eager BEFORE INSERT ON auth.wrong FOR EACH ROW EXECUTE FUNCTION ops.touch();
                CREATE TABLE auth.wrongs (id uuid, org_id uuid REFERENCES auth.lost) PARTITION BY RANGE (id);
                CREATE TABLE auth.wrongs_default PARTITION OF auth.wrongs DEFAULT;
                GRANT SELECT ON auth.wrongs_default TO witan_app;
                ALTER TABLE auth.wrong ADD UNIQUE (team, org_id);
                """)
            for rule in Self.tenancy + Self.keys + Self.rights + Self.comments {
                #expect(try !store.psql(rule.query).isEmpty, "\(rule.testDescription)")
            }
        }
    }
}

/// One database for all questions that change nothing.
private enum Shared {
    static let store = Task { try await TestDatabase.make() }
}
