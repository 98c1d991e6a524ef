// SPDX-License-Identifier: Apache-2.0
import Postgres

/// The tables that the migrator makes for itself, in the schema `ops`.
enum HistoryTable {
    /// The tables and functions here are left out of fingerprints: they are older than the first file.
    static let prefix = "_migration_"
    static let schema = "ops"

    /// What is there under the history's name.
    enum Shape {
        /// Nothing.
        case none
        case current
        /// One row a file, as the first programs had it.
        case first
        /// A table that is not a history of this program.
        case foreign
    }

    static func shape(_ session: PostgresConnection) async throws(PostgresError) -> Shape {
        let rows = try await session.query(
            """
            SELECT attname::text AS name FROM pg_catalog.pg_attribute
            WHERE attrelid = to_regclass('ops._migration_history') AND attnum > 0 AND NOT attisdropped
            """)
        var found: Set<String> = []
        for row in rows { found.insert(try row["name"]) }
        let expected = HistoryRow.columns.split { $0 == "," || $0.isWhitespace }.map(String.init)
        if found.isEmpty { return .none }
        if found.isSuperset(of: expected) { return .current }
        return found == ["id", "name", "checksum", "applied_at", "duration_ms", "program_version"] ? .first : .foreign
    }

    /// Makes what is missing. To be run where `shape` is `none`, in a transaction.
    static let creation = """
        CREATE SCHEMA IF NOT EXISTS ops;
        CREATE TABLE ops._migration_history (
            sequence bigint PRIMARY KEY CHECK (sequence > 0),
            event text NOT NULL
                CHECK (event IN ('applied', 'rolled_back', 'baselined', 'accepted', 'drift_accepted')),
            step bigint NOT NULL CHECK (step >= 0),
            name text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('sql', 'redis', 'elasticsearch')),
            algorithm text NOT NULL,
            checksum text NOT NULL,
            raw_checksum text NOT NULL,
            body text,
            actor text NOT NULL,
            login text NOT NULL,
            program_version text NOT NULL,
            server_version bigint NOT NULL,
            occurred_at timestamptz NOT NULL,
            duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
            fingerprint_before text,
            fingerprint text,
            reason text,
            previous_hash text NOT NULL UNIQUE,
            hash text NOT NULL UNIQUE
        );
        CREATE TABLE ops._migration_progress (
            step bigint NOT NULL,
            statement integer NOT NULL CHECK (statement > 0),
            checksum text NOT NULL,
            state text NOT NULL CHECK (state IN ('intent', 'done')),
            changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (step, statement)
        );
        CREATE TABLE ops._migration_inventories (
            server_major integer NOT NULL,
            fingerprint text NOT NULL,
            inventory text NOT NULL,
            PRIMARY KEY (server_major, fingerprint)
        );
        CREATE FUNCTION ops._migration_history_refuse() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog AS $$
        BEGIN
            RAISE EXCEPTION 'the history of migrations is only ever added to'
                USING ERRCODE = 'restrict_violation', HINT = 'Use the commands of the migrator.';
        END
        $$;
        REVOKE ALL ON FUNCTION ops._migration_history_refuse() FROM PUBLIC;
        CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON ops._migration_history
            FOR EACH STATEMENT EXECUTE FUNCTION ops._migration_history_refuse();
        """ + comments

    private static let comments = """

        COMMENT ON TABLE ops._migration_history IS
            'Every step of the schema, of the key-value store and of the search engine; written by the migrator only.';
        COMMENT ON COLUMN ops._migration_history.sequence IS 'From 1, without a gap.';
        COMMENT ON COLUMN ops._migration_history.event IS 'What happened to the step.';
        COMMENT ON COLUMN ops._migration_history.step IS 'The number of the file; 0 for what concerns no file.';
        COMMENT ON COLUMN ops._migration_history.name IS 'The name of the file without its ending.';
        COMMENT ON COLUMN ops._migration_history.kind IS 'The store that the file is for.';
        COMMENT ON COLUMN ops._migration_history.algorithm IS 'What the checksum is a checksum of.';
        COMMENT ON COLUMN ops._migration_history.checksum IS 'What the file says, 64 hexadecimal digits.';
        COMMENT ON COLUMN ops._migration_history.raw_checksum IS 'SHA-256 of the body, 64 hexadecimal digits.';
        COMMENT ON COLUMN ops._migration_history.body IS
            'The whole text that was run; null where it is not known. The server compresses it.';
        COMMENT ON COLUMN ops._migration_history.actor IS 'The account and the machine the program ran on.';
        COMMENT ON COLUMN ops._migration_history.login IS 'The account the program logged in to the server with.';
        COMMENT ON COLUMN ops._migration_history.program_version IS 'The version of the program.';
        COMMENT ON COLUMN ops._migration_history.server_version IS 'The server''s server_version_num.';
        COMMENT ON COLUMN ops._migration_history.occurred_at IS 'When it was done, by the server''s clock.';
        COMMENT ON COLUMN ops._migration_history.duration_ms IS 'How long it took, waits included, in milliseconds.';
        COMMENT ON COLUMN ops._migration_history.fingerprint_before IS 'The catalog''s fingerprint before the step.';
        COMMENT ON COLUMN ops._migration_history.fingerprint IS 'The catalog''s fingerprint after the step.';
        COMMENT ON COLUMN ops._migration_history.reason IS 'Why somebody did it by hand.';
        COMMENT ON COLUMN ops._migration_history.previous_hash IS 'The hash of the row before; zeros for the first.';
        COMMENT ON COLUMN ops._migration_history.hash IS 'SHA-256 over all other columns; the body counts by its hash.';
        COMMENT ON TABLE ops._migration_progress IS
            'How far a step outside of transactions is; empty but while one runs or after it was interrupted.';
        COMMENT ON COLUMN ops._migration_progress.step IS 'The number of the file.';
        COMMENT ON COLUMN ops._migration_progress.statement IS 'The number of the statement in the file, from 1.';
        COMMENT ON COLUMN ops._migration_progress.checksum IS 'What the statement says, 64 hexadecimal digits.';
        COMMENT ON COLUMN ops._migration_progress.state IS 'intent before it runs, done afterwards.';
        COMMENT ON COLUMN ops._migration_progress.changed_at IS 'When the state was written.';
        COMMENT ON TABLE ops._migration_inventories IS
            'The catalogs that the history''s fingerprints stand for, so that a difference can be named.';
        COMMENT ON COLUMN ops._migration_inventories.server_major IS 'The server''s major version, such as 15.';
        COMMENT ON COLUMN ops._migration_inventories.fingerprint IS 'SHA-256 of the catalog, 64 hexadecimal digits.';
        COMMENT ON COLUMN ops._migration_inventories.inventory IS 'Every object and its definition, as JSON.';
        COMMENT ON FUNCTION ops._migration_history_refuse() IS
            'Refuses to change or remove rows of the history.';
        """

    /// Reads the rows of the first shape as events.
    static func firstShape(_ session: PostgresConnection) async throws(PostgresError) -> [HistoryRow] {
        let rows = try await session.query(
            """
            SELECT id::bigint AS id, name, checksum, applied_at, duration_ms, program_version,
                session_user::text AS login, current_setting('server_version_num')::bigint AS server_version
            FROM ops._migration_history ORDER BY id
            """)
        var found: [HistoryRow] = []
        for row in rows {
            let checksum: String = try row["checksum"]
            var entry = HistoryRow(
                event: .applied, step: try row["id"], name: try row["name"], kind: .sql,
                algorithm: MigrationChecksum.bytes, checksum: checksum, rawChecksum: checksum, actor: "",
                login: try row["login"], programVersion: try row["program_version"],
                serverVersion: try row["server_version"], occurredAt: try row["applied_at"],
                milliseconds: try row["duration_ms"])
            entry.follow(found.last.map { ($0.sequence, $0.hash) })
            found.append(entry)
        }
        return found
    }

    /// The history; an empty one where the table was never made. One query where the table is of today's shape.
    static func read(_ session: PostgresConnection) async throws -> History {
        try await history(session.query) { try await firstShape(session) }
    }

    /// The history; an empty one where the table was never made. One query where the table is of today's shape.
    static func read(_ database: Database) async throws -> History {
        try await history(database.query) { try await database.withConnection { try await firstShape($0) } }
    }

    private static func history(
        _ query: (SQL) async throws(PostgresError) -> [Row], firstShape: () async throws -> [HistoryRow]
    ) async throws -> History {
        do {
            let rows = try await query(
                SQL(raw: "SELECT \(HistoryRow.columns) FROM ops._migration_history ORDER BY sequence"))
            var found: [HistoryRow] = []
            for row in rows { found.append(try HistoryRow(row: row)) }
            return History(found)
        } catch {
            switch error.sqlState {
            // undefined_table, invalid_schema_name
            case "42P01", "3F000": return History([])
            // undefined_column
            case "42703": break
            default: throw error
            }
        }
        do {
            return History(try await firstShape(), isOfFirstShape: true)
        } catch let error as PostgresError where ["42703", "42846"].contains(error.sqlState) {
            // undefined_column, cannot_coerce
            throw MigrationError.foreignHistory
        }
    }
}
