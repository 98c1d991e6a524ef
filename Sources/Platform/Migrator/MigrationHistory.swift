// SPDX-License-Identifier: Apache-2.0
import Postgres

/// `ops._migration_history`: which migrations this database has.
enum MigrationHistory {
    struct Entry {
        let id: Int
        let name: String
        let checksum: String

        init(row: Row) throws(PostgresError) {
            id = try row["id"]
            name = try row["name"]
            checksum = try row["checksum"]
        }
    }

    /// All entries in order; none where the table was never made. One query.
    static func read(_ query: (SQL) async throws(PostgresError) -> [Row]) async throws(PostgresError) -> [Entry] {
        do {
            var entries: [Entry] = []
            for row in try await query("SELECT id, name, checksum FROM ops._migration_history ORDER BY id") {
                entries.append(try Entry(row: row))
            }
            return entries
        } catch {
            // undefined_table, invalid_schema_name
            guard ["42P01", "3F000"].contains(error.sqlState) else { throw error }
            return []
        }
    }

    static let creation = """
        CREATE SCHEMA IF NOT EXISTS ops;
        CREATE TABLE IF NOT EXISTS ops._migration_history (
            id integer PRIMARY KEY,
            name text NOT NULL,
            checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            duration_ms bigint NOT NULL DEFAULT 0,
            program_version text NOT NULL
        );
        """

    static func insertion(of migration: Migration, programVersion: String) -> SQL {
        """
        INSERT INTO ops._migration_history (id, name, checksum, program_version)
        VALUES (\(Int32(clamping: migration.id)), \(migration.name), \(migration.rawChecksum), \(programVersion))
        """
    }

    static func completion(of migration: Migration, after duration: Duration) -> SQL {
        """
        UPDATE ops._migration_history SET applied_at = clock_timestamp(), duration_ms = \(duration.milliseconds)
        WHERE id = \(Int32(clamping: migration.id))
        """
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
