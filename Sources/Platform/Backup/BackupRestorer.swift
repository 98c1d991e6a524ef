// SPDX-License-Identifier: Apache-2.0
import Inventory
package import Migrator
package import Postgres
import SwiftExtensions

/// Builds a database from a backup, in an empty one: the schema by the program's own migrations up to the backup's
/// last, the rows by COPY in one transaction that compares counts, chains and the whole catalog before it commits, and
/// then the migrations that are newer than the backup.
///
/// The login needs to be the one that migrates: a superuser, or on a managed server one that may make schemas and
/// roles. When something fails the schemas are dropped again.
package struct BackupRestorer: Sendable {
    private let database: Database
    private let migrations: [Migration]
    private let profile: BackupProfile
    private let observe: @Sendable (BackupEvent) -> Void

    /// `database` is the server itself or a pooler in session mode, its statements without a bound in time.
    package init(
        database: Database, migrations: [Migration] = Migration.embedded, profile: BackupProfile,
        observe: @escaping @Sendable (BackupEvent) -> Void = { _ in }
    ) {
        self.database = database
        self.migrations = migrations
        self.profile = profile
        self.observe = observe
    }

    /// Throws when this program cannot restore the backup: `newer`, `changed`.
    package func check(_ backup: OpenBackup) throws(BackupError) {
        let known = Dictionary(migrations.map { (Int64($0.id), $0) }) { first, _ in first }
        let unknown = backup.manifest.migrations.filter { known[$0.id] == nil }
        guard unknown.isEmpty else { throw .newer(name: backup.name, unknown: unknown.map(\.name)) }
        for step in backup.manifest.migrations {
            guard let ours = known[step.id], step.checksum.isEmpty || ours.checksum == step.checksum else {
                throw .changed(name: backup.name, migration: step.name)
            }
        }
    }

    /// Restores the backup.
    ///
    /// - Returns: The newer migrations that were applied after it, by name.
    package func restore(_ backup: OpenBackup) async throws(BackupError) -> [String] {
        try check(backup)
        return try await BackupError.translating {
            try await database.withConnection(queryTimeout: .seconds(24 * 3600)) { holder in
                let site = RestoreSite(connection: holder, profile: profile)
                try await site.lock()
                try await site.begin()
                do {
                    try await build(backup, site)
                    try await database.withConnection(queryTimeout: .seconds(24 * 3600)) { connection in
                        try await RestoreLoad(connection, backup, profile, observe).run()
                    }
                } catch {
                    await RestoreSite.clear(database, profile)
                    throw error
                }
                return try await migrate(migrations)
            }
        }
    }

    private func build(_ backup: OpenBackup, _ site: RestoreSite) async throws {
        let wanted = Set(backup.manifest.migrations.map(\.id))
        _ = try await migrate(migrations.filter { wanted.contains(Int64($0.id)) })
        try await site.noteSize()
    }

    private func migrate(_ migrations: [Migration]) async throws(BackupError) -> [String] {
        let migrator = Migrator(
            database: database, migrations: migrations, programVersion: profile.programVersion,
            actor: profile.actor)
        do throws(MigrationError) {
            let applied = try await migrator.up().map(\.name)
            for name in applied { observe(.migrated(name)) }
            return applied
        } catch {
            throw .migration(error.description, exitCode: error.exitCode)
        }
    }
}

/// The database as a place to restore into: locked, known to be empty, and marked until all is done.
struct RestoreSite {
    let connection: PostgresConnection
    let profile: BackupProfile

    /// One restore at a time.
    func lock() async throws {
        let rows = try await connection.query("SELECT pg_try_advisory_lock(\(profile.lockKey)) AS locked")
        guard try rows.first?["locked"] == true else { throw BackupError.busy }
    }

    /// Marks the empty database: `notEmpty` for another. What an interrupted restore left, and nobody has used since,
    /// is cleared away first.
    func begin() async throws {
        try await connection.run(
            script: "SET statement_timeout = 0; SET idle_session_timeout = 0; SET search_path = pg_catalog")
        if try await isLeftover() { try await Self.drop(connection, profile) }
        let found = try await contents()
        guard found.isEmpty else { throw BackupError.notEmpty(found: found) }
        try await connection.run(script: SQL("CREATE SCHEMA \(identifier: profile.markerSchema)").text)
    }

    private func contents() async throws(PostgresError) -> [String] {
        try await connection.query(
            """
            SELECT found FROM (
                SELECT 'schema ' || nspname AS found FROM pg_namespace
                WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                    AND nspname <> ALL(\(profile.foreignSchemas))
                UNION ALL
                SELECT 'table ' || c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ANY(\(profile.foreignSchemas)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
            ) AS s ORDER BY found
            """
        ).mapped { row throws(PostgresError) in try row["found"] }
    }

    // MARK: What an interruption leaves

    /// All bytes of all tables: whoever writes a row into an empty table adds some.
    private static let size: SQL = """
        SELECT coalesce(sum(pg_relation_size(c.oid)), 0)::text AS size
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        """

    /// Notes on the mark how large the new schema is without rows.
    func noteSize() async throws {
        let size: String = try await connection.query(Self.size).first?["size"] ?? ""
        let marker = SQL("\(identifier: profile.markerSchema)").text
        // A comment takes no parameter; this is a number.
        try await connection.run(script: "COMMENT ON SCHEMA \(marker) IS '\(size.filter(\.isNumber))'")
    }

    private func isLeftover() async throws(PostgresError) -> Bool {
        let rows = try await connection.query(
            """
            SELECT coalesce(obj_description(oid, 'pg_namespace'), '') AS noted FROM pg_namespace
            WHERE nspname = \(profile.markerSchema)
            """)
        guard let row = rows.first else { return false }
        let noted: String = try row["noted"]
        return try await connection.query(Self.size).first?["size"] == noted
    }

    /// Takes back what was made, on a connection of its own: the others may be lost.
    static func clear(_ database: Database, _ profile: BackupProfile) async {
        var backoff = Backoff(first: .milliseconds(200), longest: .seconds(3))
        for _ in 0..<10 {
            do {
                try await database.withConnection { try await drop($0, profile) }
                return
            } catch {
                // A server that restarts is back soon. Beyond that the mark tells the next restore.
                guard (try? await Task.sleep(for: backoff.wait())) != nil else { return }
            }
        }
    }

    private static func drop(_ connection: PostgresConnection, _ profile: BackupProfile) async throws {
        let rows = try await connection.query(
            """
            SELECT string_agg(quote_ident(nspname), ', ') AS names FROM pg_namespace
            WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                AND nspname <> ALL(\(profile.foreignSchemas))
            """)
        guard let names: String = try rows.first?["names"] else { return }
        try await connection.run(script: "SET statement_timeout = 0; DROP SCHEMA \(names) CASCADE")
    }
}
