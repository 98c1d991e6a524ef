// SPDX-License-Identifier: Apache-2.0
import Postgres
import TestSupport
import Testing

@testable import Inventory

@Suite("The script of a schema")
struct ScriptTests {
    private func remade(_ inventory: SchemaInventory) async throws -> SchemaInventory {
        let empty = try await TestDatabase.make(migrated: false)
        let remade = try await empty.open().withConnection { connection in
            try await connection.run(script: SchemaScript(inventory).text)
            return try await SchemaInventory.read(connection)
        }
        try await empty.close()
        return remade
    }

    @Test("of the program makes the same catalog in an empty database")
    func program() async throws {
        let test = try await TestDatabase.make()
        let inventory = try await test.open().withConnection { try await SchemaInventory.read($0) }
        let remade = try await remade(inventory)
        #expect(remade.differences(from: inventory).map(\.description) == [])
        #expect(remade.fingerprint == inventory.fingerprint)
        try await test.close()
    }

    @Test("with one of everything makes the same catalog")
    func everything() async throws {
        let test = try await InventoryDatabase(
            Changes.schema + VersionTests.more + """
                CREATE VIEW s.a_view AS SELECT * FROM s.names;
                CREATE MATERIALIZED VIEW s.copy AS SELECT name FROM s.people;
                CREATE UNIQUE INDEX copy_name ON s.copy (name);
                CREATE TABLE s.kinds (id integer GENERATED ALWAYS AS IDENTITY, n integer NOT NULL, k text COLLATE "C",
                    twice integer GENERATED ALWAYS AS (n * 2) STORED, mood s.mood, short s.short DEFAULT 'it''s',
                    UNIQUE (k, n) DEFERRABLE, EXCLUDE USING btree (n WITH =)) WITH (fillfactor = 85);
                ALTER TABLE s.kinds ALTER k SET STORAGE EXTERNAL, REPLICA IDENTITY FULL, ADD CHECK (n > 0) NOT VALID;
                CREATE TABLE s.listed (k text) PARTITION BY LIST (k);
                CREATE TABLE s.listed_a PARTITION OF s.listed FOR VALUES IN ('a');
                CREATE UNLOGGED TABLE s.scratch ("Odd name" text);
                CREATE FUNCTION s.people_of(n text) RETURNS SETOF s.people LANGUAGE sql AS 'SELECT * FROM s.people';
                CREATE PROCEDURE s.go() LANGUAGE sql AS 'SELECT 1';
                CREATE FUNCTION s.is_fine(n integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT n > 0';
                ALTER TABLE s.scratch ADD n integer CHECK (s.is_fine(n)) DEFAULT nextval('s.numbers');
                ALTER SEQUENCE s.numbers OWNED BY s.scratch.n;
                CREATE POLICY strict ON s.kinds AS RESTRICTIVE FOR UPDATE TO pg_monitor
                    USING (n = 1) WITH CHECK (n = 2);
                ALTER TABLE s.people DISABLE TRIGGER touch;
                ALTER TABLE s.scratch OWNER TO pg_monitor;
                GRANT UPDATE (n, k), SELECT ON s.kinds TO pg_monitor WITH GRANT OPTION;
                GRANT USAGE ON SEQUENCE s.numbers TO pg_monitor;
                ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT, INSERT ON TABLES TO pg_monitor;
                COMMENT ON TABLE s.kinds IS E'It''s one,\\nof two lines.';
                COMMENT ON CONSTRAINT people_pkey ON s.people IS 'Key.';
                COMMENT ON POLICY own ON s.people IS 'Own.';
                COMMENT ON INDEX s.people_name IS 'Names.';
                COMMENT ON FUNCTION s.touch() IS 'Touches.';
                CREATE EVENT TRIGGER spy ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION s.spy();
                ALTER EVENT TRIGGER spy DISABLE;
                """)
        let inventory = try await test.read()
        let remade = try await remade(inventory)
        #expect(remade.differences(from: inventory).map(\.description) == [])
        try await test.test.close()
    }
}
