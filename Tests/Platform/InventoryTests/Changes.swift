// SPDX-License-Identifier: Apache-2.0

/// A schema with one of everything, and what can be changed in it.
enum Changes {
    static let schema = """
        CREATE SCHEMA s;
        CREATE TABLE s.people (id uuid PRIMARY KEY, name text NOT NULL DEFAULT 'x', age integer CHECK (age > 0),
            boss uuid REFERENCES s.people);
        CREATE INDEX people_name ON s.people (name);
        COMMENT ON COLUMN s.people.name IS 'What they are called.';
        ALTER TABLE s.people ENABLE ROW LEVEL SECURITY;
        ALTER TABLE s.people FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON s.people USING (name = current_user);
        CREATE FUNCTION s.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
            AS $$ BEGIN RETURN new; END $$;
        CREATE TRIGGER touch BEFORE UPDATE ON s.people FOR EACH ROW EXECUTE FUNCTION s.touch();
        CREATE VIEW s.names WITH (security_invoker = true) AS SELECT name FROM s.people;
        CREATE RULE quiet AS ON DELETE TO s.people DO INSTEAD NOTHING;
        CREATE SEQUENCE s.numbers;
        CREATE TYPE s.pair AS (a integer, b text);
        CREATE TYPE s.mood AS ENUM ('good', 'bad');
        CREATE DOMAIN s.short AS text CHECK (length(value) < 9);
        CREATE STATISTICS s.pairs ON name, age FROM s.people;
        CREATE TABLE s.calls (id integer NOT NULL, name text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE INDEX calls_name ON s.calls (name);
        CREATE TRIGGER touch BEFORE UPDATE ON s.calls FOR EACH ROW EXECUTE FUNCTION s.touch();
        CREATE TABLE s.calls_1 PARTITION OF s.calls FOR VALUES FROM (10) TO (20);
        CREATE TABLE s.calls_2 PARTITION OF s.calls FOR VALUES FROM (20) TO (30);
        GRANT SELECT ON s.people TO pg_monitor;
        CREATE FUNCTION s.spy() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
        """

    /// A statement, and the sentences that tell of it.
    static let cases: [(String, [String])] = [
        ("ALTER TABLE s.people DISABLE TRIGGER touch", ["trigger s.people.touch changed (fires: none → never)"]),
        ("DROP POLICY own ON s.people", ["policy s.people.own is missing"]),
        (
            "ALTER POLICY own ON s.people USING (true)",
            ["policy s.people.own changed (using: (name = CURRENT_USER) → true)"]
        ),
        ("ALTER POLICY own ON s.people TO pg_monitor", ["policy s.people.own changed (to: PUBLIC → pg_monitor)"]),
        (
            "ALTER TABLE s.people NO FORCE ROW LEVEL SECURITY",
            ["table s.people changed (row security: forced → enabled)"]
        ),
        (
            "ALTER TABLE s.people DISABLE ROW LEVEL SECURITY",
            ["table s.people changed (row security: forced → forced but not enabled)"]
        ),
        (
            "GRANT UPDATE ON s.people TO pg_monitor",
            ["grant s.people TO pg_monitor changed (privileges: SELECT → SELECT, UPDATE)"]
        ),
        ("GRANT UPDATE (name) ON s.people TO pg_monitor", ["grant s.people (name) TO pg_monitor is not expected"]),
        ("GRANT SELECT ON s.people TO PUBLIC", ["grant s.people TO PUBLIC is not expected"]),
        ("GRANT CREATE ON SCHEMA s TO pg_monitor", ["grant s TO pg_monitor is not expected"]),
        ("REVOKE EXECUTE ON FUNCTION s.touch() FROM PUBLIC", ["grant s.touch() TO PUBLIC is missing"]),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
            ["default grant s FOR witan_root ON TABLES TO PUBLIC is not expected"]
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.people_name'::regclass",
            ["index s.people.people_name changed (state: none → invalid)"]
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.people_pkey'::regclass",
            ["constraint s.people.people_pkey changed (index: none → invalid)"]
        ),
        ("DROP INDEX s.people_name", ["index s.people.people_name is missing"]),
        ("CREATE UNIQUE INDEX age ON s.people (age)", ["index s.people.age is not expected"]),
        (
            "ALTER TABLE s.people ALTER name SET DEFAULT 'y'",
            ["column s.people.name changed (default: 'x'::text → 'y'::text)"]
        ),
        (
            "ALTER TABLE s.people ALTER name DROP NOT NULL",
            ["column s.people.name changed (null: refused → none)"]
        ),
        ("ALTER TABLE s.people ALTER age TYPE bigint", ["column s.people.age changed (type: integer → bigint)"]),
        (
            "ALTER TABLE s.people ADD note text",
            [
                "column s.people.note is not expected",
                "table s.people changed (columns: id, name, age, boss → id, name, age, boss, note)",
            ]
        ),
        (
            "COMMENT ON COLUMN s.people.name IS NULL",
            ["column s.people.name changed (comment: What they are called. → none)"]
        ),
        (
            "CREATE OR REPLACE FUNCTION s.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog "
                + "AS $$ BEGIN RETURN old; END $$", ["function s.touch() changed"]
        ),
        ("ALTER FUNCTION s.touch() SECURITY DEFINER", ["function s.touch() changed"]),
        ("ALTER FUNCTION s.touch() RESET search_path", ["function s.touch() changed"]),
        (
            "ALTER FUNCTION s.touch() OWNER TO pg_monitor",
            ["function s.touch() changed (owner: witan_root → pg_monitor)"]
        ),
        (
            "ALTER VIEW s.names SET (security_invoker = false)",
            ["view s.names changed (options: security_invoker=true → security_invoker=false)"]
        ),
        (
            "CREATE OR REPLACE VIEW s.names WITH (security_invoker = true) AS SELECT name FROM s.people WHERE age > 1",
            ["view s.names changed"]
        ),
        (
            "ALTER TABLE s.people OWNER TO pg_monitor",
            ["grant s.people TO pg_monitor is missing", "table s.people changed (owner: witan_root → pg_monitor)"]
        ),
        ("ALTER SCHEMA s OWNER TO pg_monitor", ["schema s changed (owner: witan_root → pg_monitor)"]),
        ("ALTER TABLE s.people DROP CONSTRAINT people_age_check", ["constraint s.people.people_age_check is missing"]),
        (
            "ALTER TABLE s.people ADD CHECK (age < 200) NOT VALID",
            ["constraint s.people.people_age_check1 is not expected"]
        ),
        (
            "ALTER TABLE s.people ALTER CONSTRAINT people_boss_fkey DEFERRABLE",
            ["constraint s.people.people_boss_fkey changed"]
        ),
        (
            "ALTER TABLE s.people DISABLE TRIGGER ALL",
            [
                "constraint s.people.people_boss_fkey changed (triggers: none → disabled)",
                "trigger s.people.touch changed (fires: none → never)",
            ]
        ),
        ("ALTER TABLE s.people SET UNLOGGED", ["table s.people changed (persistence: none → unlogged)"]),
        ("ALTER TABLE s.people SET (fillfactor = 85)", ["table s.people changed (options: none → fillfactor=85)"]),
        ("ALTER TABLE s.people DISABLE RULE quiet", ["rule s.people.quiet changed (fires: none → never)"]),
        ("ALTER SEQUENCE s.numbers CYCLE", ["sequence s.numbers changed"]),
        ("ALTER TYPE s.pair ADD ATTRIBUTE c integer", ["type s.pair changed"]),
        ("ALTER TYPE s.mood ADD VALUE 'so so'", ["type s.mood changed"]),
        ("ALTER DOMAIN s.short SET NOT NULL", ["domain s.short changed"]),
        ("DROP STATISTICS s.pairs", ["statistics s.people.pairs is missing"]),
        (
            "CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION s.spy()",
            ["event trigger spy is not expected"]
        ),
        ("CREATE TABLE s.more (id integer PRIMARY KEY)", ["table s.more is not expected"]),
        ("DROP TABLE s.calls", ["table s.calls is missing"]),
        ("ALTER TABLE s.calls DETACH PARTITION s.calls_2", ["table s.calls_2 is not expected"]),
        (
            "CREATE TABLE s.calls_x PARTITION OF s.calls DEFAULT",
            ["partition s.calls.calls_x is not expected (bound: DEFAULT)"]
        ),
        (
            "CREATE TABLE s.calls_x PARTITION OF s.calls FOR VALUES FROM (40) TO (50)",
            [
                "partition s.calls.calls_x is not expected (bound: FOR VALUES FROM (40) TO (50); "
                    + "gap: before its lower bound)"
            ]
        ),
        (
            "CREATE TABLE s.calls_x PARTITION OF s.calls FOR VALUES FROM (30) TO (MAXVALUE)",
            ["partition s.calls.calls_x is not expected (bound: FOR VALUES FROM (30) TO (MAXVALUE))"]
        ),
        (
            "GRANT SELECT ON s.calls_1 TO pg_monitor",
            ["partition s.calls.calls_1 is not expected (grants: SELECT TO pg_monitor)"]
        ),
        (
            "ALTER TABLE s.calls_1 DISABLE TRIGGER touch",
            ["partition s.calls.calls_1 is not expected (triggers: touch never fires)"]
        ),
        (
            "ALTER TABLE s.calls_1 ENABLE ROW LEVEL SECURITY; ALTER TABLE s.calls_1 FORCE ROW LEVEL SECURITY",
            ["partition s.calls.calls_2 is not expected (row security: not enabled, not forced)"]
        ),
        (
            "ALTER TABLE s.calls_1 OWNER TO pg_monitor",
            ["partition s.calls.calls_1 is not expected (owner: pg_monitor)"]
        ),
        (
            "ALTER TABLE s.calls_1 ADD CHECK (id <> 11)",
            ["partition s.calls.calls_1 is not expected (constraints: calls_1_id_check CHECK ((id <> 11)))"]
        ),
        (
            "CREATE UNIQUE INDEX only_1 ON s.calls_1 (name)",
            ["partition s.calls.calls_1 is not expected (indexes: only_1 of its own)"]
        ),
        (
            "ALTER TABLE s.calls_1 ALTER name SET DEFAULT 'z'",
            ["partition s.calls.calls_1 is not expected (columns: name)"]
        ),
        ("ALTER TABLE s.people REPLICA IDENTITY FULL", ["table s.people changed (replica identity: none → full)"]),
        (
            "ALTER TABLE s.people REPLICA IDENTITY USING INDEX people_pkey",
            ["table s.people changed (replica identity: none → index)"]
        ),
        (
            "ALTER TABLE s.people ALTER name SET STORAGE EXTERNAL",
            ["column s.people.name changed (storage: none → EXTERNAL)"]
        ),
        (
            "ALTER TABLE s.people ALTER name SET COMPRESSION pglz",
            ["column s.people.name changed (compression: none → pglz)"]
        ),
        (
            "ALTER TABLE s.calls ALTER name TYPE text COLLATE \"C\"",
            ["column s.calls.name changed (collation: none → pg_catalog.\"C\")"]
        ),
        (
            "ALTER TABLE s.people ALTER age SET NOT NULL, ALTER age ADD GENERATED ALWAYS AS IDENTITY",
            ["column s.people.age changed (identity: none → ALWAYS; null: none → refused)"]
        ),
        ("ALTER TABLE s.people CLUSTER ON people_name", ["index s.people.people_name changed (clustered: none → yes)"]),
        ("ALTER INDEX s.people_name SET (fillfactor = 70)", ["index s.people.people_name changed (definition: "]),
        ("CREATE TABLE s.heirs () INHERITS (s.people)", ["table s.heirs is not expected"]),
        ("ALTER VIEW s.names OWNER TO pg_monitor", ["view s.names changed (owner: witan_root → pg_monitor)"]),
        (
            "ALTER SEQUENCE s.numbers OWNER TO pg_monitor",
            ["sequence s.numbers changed (owner: witan_root → pg_monitor)"]
        ),
        ("ALTER TYPE s.mood OWNER TO pg_monitor", ["type s.mood changed (owner: witan_root → pg_monitor)"]),
        ("ALTER DOMAIN s.short OWNER TO pg_monitor", ["domain s.short changed (owner: witan_root → pg_monitor)"]),
        (
            "ALTER SEQUENCE s.numbers OWNED BY s.people.age",
            ["sequence s.numbers changed (owned by: none → s.people.age)"]
        ),
        ("COMMENT ON SCHEMA s IS 'x'", ["schema s changed (comment: none → x)"]),
        ("COMMENT ON TABLE s.people IS 'x'", ["table s.people changed (comment: none → x)"]),
        ("COMMENT ON VIEW s.names IS 'x'", ["view s.names changed (comment: none → x)"]),
        ("COMMENT ON FUNCTION s.touch() IS 'x'", ["function s.touch() changed (comment: none → x)"]),
        ("COMMENT ON INDEX s.people_name IS 'x'", ["index s.people.people_name changed (comment: none → x)"]),
        ("COMMENT ON POLICY own ON s.people IS 'x'", ["policy s.people.own changed (comment: none → x)"]),
        ("COMMENT ON TRIGGER touch ON s.people IS 'x'", ["trigger s.people.touch changed (comment: none → x)"]),
        (
            "COMMENT ON CONSTRAINT people_pkey ON s.people IS 'x'",
            ["constraint s.people.people_pkey changed (comment: none → x)"]
        ),
        ("GRANT USAGE ON SEQUENCE s.numbers TO pg_monitor", ["grant s.numbers TO pg_monitor is not expected"]),
        (
            "GRANT SELECT ON s.people TO pg_monitor WITH GRANT OPTION",
            ["grant s.people TO pg_monitor changed (privileges: SELECT → SELECT WITH GRANT OPTION)"]
        ),
        ("CREATE POLICY own ON s.calls_1", ["partition s.calls.calls_1 is not expected (policies: own)"]),
        ("ALTER TABLE s.calls_1 SET UNLOGGED", ["partition s.calls.calls_1 is not expected (persistence: unlogged)"]),
        (
            "CREATE TABLE s.calls_3 PARTITION OF s.calls FOR VALUES FROM (30) TO (40) PARTITION BY RANGE (id)",
            ["partition s.calls.calls_3 is not expected (kind: partitioned)"]
        ),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 's.calls_1_name_idx'::regclass",
            ["partition s.calls.calls_1 is not expected (indexes: calls_1_name_idx invalid)"]
        ),
        (
            "GRANT SELECT (name) ON s.calls_1 TO pg_monitor",
            ["partition s.calls.calls_1 is not expected (grants: SELECT TO pg_monitor)"]
        ),
    ]
}
