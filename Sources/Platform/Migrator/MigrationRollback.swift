// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres
import SQLText

extension Migrator {
    /// Takes the way back of the last applied SQL file, and proves it: unless the catalog is then what it was before
    /// the file, nothing is changed.
    package func rollback(_ id: Int) async throws(MigrationError) -> AppliedMigration {
        try await locked { run in try await run.rollback(id) }
    }
}

extension MigrationRun {
    fileprivate func rollback(_ id: Int) async throws -> AppliedMigration {
        let began = ContinuousClock.now
        try await requireHistory()
        let history = try await HistoryTable.read(session)
        try history.check(migrator.migrations)
        let (migration, down, applied) = try history.wayBack(of: id, in: migrator.migrations)
        guard let before = applied.fingerprintBefore, applied.serverMajor == server.version / 10_000 else {
            throw MigrationError.refused(
                "\(migration.name) cannot be taken back: how the catalog was before it is not known"
                    + (applied.fingerprintBefore == nil
                        ? "." : " on this version of PostgreSQL (it was applied on \(applied.serverMajor))."))
        }
        try await resetSession()
        let file = "\(migration.name).down.sql"
        try await patiently(file) {
            try await transaction(of: file) {
                let now = try await catalog()
                try await executeWhole(down, of: file)
                let after = try await record(.rolledBack, migration, body: down, began: began, before: now)
                guard after.fingerprint == before else {
                    let differences = try await kept(before).map { after.inventory.differences(from: $0) }
                    throw MigrationError.drift(
                        action: "After \(file) the catalog is not what it was before \(migration.file), so nothing was "
                            + "changed", differences ?? [])
                }
            }
        }
        return AppliedMigration(id: id, name: migration.name, duration: ContinuousClock.now - began)
    }

    /// For what makes no sense without a history of today's shape.
    func requireHistory() async throws {
        switch try await check() {
        case .current: return
        case .first:
            throw MigrationError.refused("The history is of an earlier program's shape. Run migrate up first.")
        case .none, .foreign:
            throw MigrationError.refused("This database has no history of migrations. Run migrate up first.")
        }
    }
}

extension History {
    /// The file to take back, its way back, and the row that says that it was applied.
    fileprivate func wayBack(
        of id: Int, in migrations: [Migration]
    ) throws(MigrationError) -> (migration: Migration, down: String, applied: HistoryRow) {
        guard let migration = migrations.first(where: { $0.id == id }) else {
            throw .refused("There is no migration \(id). See migrate status.")
        }
        guard let row = applied[id] else {
            throw .refused("\(migration.name) is not applied, so it cannot be taken back.")
        }
        let later = applied.values.filter { $0.step > id && $0.kind == .sql }.sorted { $0.step < $1.step }.map(\.name)
        guard later.isEmpty else {
            throw .refused(
                "\(migration.name) cannot be taken back before \(later.reversed().joined(separator: ", ")), "
                    + "which came later and may depend on it.")
        }
        guard let down = migration.down else {
            throw .refused(
                "\(migration.name) cannot be taken back: \(migration.irreversibility ?? "")."
            )
        }
        if StatementSplitter.statements(in: down).contains(where: \.endsTransaction) {
            throw .endedTransaction(file: "\(migration.name).down.sql")
        }
        return (migration, down, row)
    }
}
