// SPDX-License-Identifier: Apache-2.0
package import Inventory
package import Postgres
import SwiftExtensions

extension Migrator {
    /// Accepts a file that says something else than the one that was applied, or looks different. It is not run.
    package func accept(_ id: Int, reason: String) async throws(MigrationError) {
        try await locked { run in try await run.accept(id, reason: reason) }
    }

    /// Accepts the catalog as it is in the place of what the files have made.
    ///
    /// - Returns: What was accepted.
    package func acceptDrift(reason: String) async throws(MigrationError) -> [SchemaDifference] {
        try await locked { run in try await run.acceptDrift(reason: reason) }
    }

    /// Adopts a schema that was made without this history: the SQL files up to `id` count as applied, and are not run.
    /// What they would make is made in a scratch database and compared.
    ///
    /// - Parameters:
    ///   - acceptingDrift: Adopt it although it differs, or although nothing can be compared.
    ///   - open: Opens the scratch database of this name on the same server.
    /// - Returns: How the schema differs from what the files make; nil when that could not be found out.
    package func baseline(
        _ id: Int, acceptingDrift: Bool, open: (_ name: String) -> Database
    ) async throws(MigrationError) -> [SchemaDifference]? {
        let files = migrations.filter { $0.id <= id && $0.kind == .sql }
        guard files.contains(where: { $0.id == id }) else {
            throw .refused("There is no SQL migration \(id). See migrate status.")
        }
        return try await locked { run in
            try await run.baseline(files, acceptingDrift: acceptingDrift, open: open)
        }
    }
}

extension MigrationRun {
    fileprivate func accept(_ id: Int, reason: String) async throws {
        try await requireHistory()
        let history = try await HistoryTable.read(session)
        guard let migration = migrator.migrations.first(where: { $0.id == id }), let row = history.applied[id] else {
            throw MigrationError.refused("There is no applied migration \(id). See migrate status.")
        }
        guard row.rawChecksum != migration.rawChecksum else {
            throw MigrationError.refused("\(migration.file) is the file that was applied; there is nothing to accept.")
        }
        try await transaction {
            var row = self.row(.accepted, migration, began: .now)
            row.reason = reason
            try await append(&row, body: migration.text)
        }
    }

    fileprivate func acceptDrift(reason: String) async throws -> [SchemaDifference] {
        try await requireHistory()
        let history = try await HistoryTable.read(session)
        let drift = try await drift(history)
        guard !drift.differences.isEmpty || !drift.notes.isEmpty || !drift.broken.isEmpty else {
            throw MigrationError.refused("The catalog is what the files have made; there is nothing to accept.")
        }
        try await transaction {
            let live = try await catalog()
            var row = row(.driftAccepted, nil, began: .now)
            row.reason = reason
            row.fingerprintBefore = history.expected?.fingerprint
            row.fingerprint = live.fingerprint
            try await keep(live)
            try await append(&row, body: nil)
        }
        return drift.differences
    }

    fileprivate func baseline(
        _ files: [Migration], acceptingDrift: Bool, open: (String) -> Database
    ) async throws -> [SchemaDifference]? {
        let shape = try await check()
        let history = try await HistoryTable.read(session)
        guard history.rows.isEmpty else {
            throw MigrationError.refused(
                "This database has a history of \(history.rows.count) entries; baseline is for one without.")
        }
        try await resetSession()
        let made = try await catalog(of: files, open: open)
        guard made != nil || acceptingDrift else {
            throw MigrationError.refused(
                "\(server.role) may not create a scratch database to compare with, and nothing was recorded. Grant it "
                    + "CREATEDB, or adopt the schema as it is with --accept-drift.")
        }
        return try await transaction {
            try await makeHistory(shape)
            let live = try await catalog()
            let differences = made.map { live.inventory.differences(from: $0) }
            if let differences, !differences.isEmpty, !acceptingDrift {
                throw MigrationError.drift(
                    action: "The schema is not what the files up to \(files.last?.name ?? "") make, and nothing was "
                        + "recorded", differences)
            }
            try await keep(live)
            for file in files {
                var row = row(.baselined, file, began: .now)
                if file.id == files.last?.id { row.fingerprint = live.fingerprint }
                try await append(&row, body: file.text)
            }
            return differences
        }
    }

    /// What the files make in a database of their own; nil when none may be created.
    private func catalog(of files: [Migration], open: (String) -> Database) async throws -> SchemaInventory? {
        let name = "migrate_scratch_\(UniqueID.v7().description.filter { $0 != "-" })"
        do {
            try await session.run(script: "CREATE DATABASE \(name) TEMPLATE template0")
        } catch {
            // insufficient_privilege, feature_not_supported
            guard ["42501", "0A000"].contains(error.sqlState) else { throw error }
            return nil
        }
        let scratch = open(name)
        do {
            let other = Migrator(
                database: scratch, migrations: files, programVersion: migrator.programVersion, actor: migrator.actor)
            _ = try await other.up()
            let made = try await scratch.withConnection { session in
                try await MigrationRun(migrator, session: session, holder: session, lock: lock).catalog().inventory
            }
            await scratch.close()
            try await session.run(script: "DROP DATABASE \(name) WITH (FORCE)")
            return made
        } catch {
            await scratch.close()
            try? await session.run(script: "DROP DATABASE \(name) WITH (FORCE)")
            throw error
        }
    }
}
