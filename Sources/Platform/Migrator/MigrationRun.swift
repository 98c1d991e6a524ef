// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres
import SQLText
import SwiftExtensions

/// One program's turn: what it does while it has the lock.
struct MigrationRun {
    let migrator: Migrator
    /// Where the files run.
    let session: PostgresConnection
    /// Holds the lock, and is never in a transaction.
    let holder: PostgresConnection
    let lock: MigrationLock
    let server: ServerFacts
    /// By file, the schemas that it creates.
    private let created: [Int: [String]]
    /// The schemas whose catalog is ours: those that files create, and the history's.
    let ours: [String]

    init(
        _ migrator: Migrator, session: PostgresConnection, holder: PostgresConnection, lock: MigrationLock
    ) async throws {
        self.migrator = migrator
        self.session = session
        self.holder = holder
        self.lock = lock
        created = Dictionary(migrator.migrations.map { ($0.id, $0.createdSchemas) }) { first, _ in first }
        ours = Set(created.values.flatMap { $0 } + [HistoryTable.schema]).sorted()
        server = try await ServerFacts.read(session)
    }

    /// Makes sure that this is a database to work on.
    ///
    /// - Returns: What is there of the history.
    func check() async throws -> HistoryTable.Shape {
        try server.check()
        let shape = try await HistoryTable.shape(session)
        if shape == .foreign { throw MigrationError.foreignHistory }
        return shape
    }

    /// Sees to it that the history is there, in today's shape. In one transaction.
    func makeHistory(_ shape: HistoryTable.Shape) async throws {
        switch shape {
        case .current, .foreign: return
        case .none: try await session.run(script: HistoryTable.creation)
        case .first: try await renewHistory()
        }
    }

    /// From one row a file to events. The first shape had no fingerprints: the catalog counts as it is.
    private func renewHistory() async throws {
        let rows = try await HistoryTable.firstShape(session)
        try await session.run(script: "DROP TABLE ops._migration_history;" + HistoryTable.creation)
        for row in rows {
            let body = migrator.migrations.first { $0.rawChecksum == row.rawChecksum }?.text
            _ = try await session.execute(row.insertion(body: body))
        }
        let catalog = try await catalog()
        var row = row(.driftAccepted, nil, began: .now)
        row.fingerprint = catalog.fingerprint
        row.reason = "the history of an earlier program had no fingerprints"
        try await keep(catalog)
        try await append(&row, body: nil)
    }

    /// A schema that a pending file is to create must not be there, unless an earlier one made it.
    func refuseForeignSchemas(_ shape: HistoryTable.Shape) async throws {
        let history = try await HistoryTable.read(session)
        let made = Set(created.filter { history.applied[$0.key] != nil }.flatMap(\.value))
        var wanted = history.pending(migrator.migrations).flatMap { created[$0.id] ?? [] }
        wanted.removeAll(where: made.contains)
        wanted.removeAll { $0 == HistoryTable.schema && shape != .none }
        if shape == .none { wanted.append(HistoryTable.schema) }
        let interrupted = shape == .current ? try await interruptedSteps() : []
        guard interrupted.isEmpty else { return }
        let rows = try await session.query(
            "SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY(\(wanted)) ORDER BY nspname")
        var foreign: [String] = []
        for row in rows { foreign.append(try row["name"]) }
        if !foreign.isEmpty { throw MigrationError.foreignSchemas(foreign) }
    }

    private func interruptedSteps() async throws(PostgresError) -> [Row] {
        try await session.query("SELECT DISTINCT step FROM ops._migration_progress")
    }

    // MARK: Up

    func up() async throws -> [AppliedMigration] {
        let shape = try await check()
        try await refuseForeignSchemas(shape)
        try await transaction { try await makeHistory(shape) }
        let history = try await HistoryTable.read(session)
        try history.check(migrator.migrations)
        var applied: [AppliedMigration] = []
        var catalog: Catalog?
        for migration in history.pending(migrator.migrations) {
            let began = ContinuousClock.now
            if migration.kind == .sql {
                migrator.observe(.applying(name: migration.name))
                catalog = try await apply(migration, began, before: catalog)
            } else if try await !applyToStore(migration, began) {
                continue
            }
            let done = AppliedMigration(id: migration.id, name: migration.name, duration: ContinuousClock.now - began)
            migrator.observe(.applied(done))
            applied.append(done)
        }
        for migration in try await migrator.lost(history) {
            do throws(MigrationStoreError) {
                try await migrator.store(of: migration)?.apply(migration)
                migrator.observe(.restored(name: migration.name))
            } catch {
                migrator.observe(.deferred(name: migration.name, reason: error.description))
            }
        }
        return applied
    }

    /// - Returns: The catalog afterwards.
    private func apply(
        _ migration: Migration, _ began: ContinuousClock.Instant, before: Catalog?
    ) async throws -> Catalog {
        guard try await lock.isHeld(by: holder) else { throw MigrationError.lockLost(file: migration.file) }
        try await resetSession()
        var before = before
        if before == nil { before = try await catalog() }
        guard migration.isTransactional else {
            return try await StatementRun(run: self, migration: migration).apply(began, before: before)
        }
        if migration.statements.contains(where: \.endsTransaction) {
            throw MigrationError.endedTransaction(file: migration.file)
        }
        return try await patiently(migration.file) {
            try await transaction(of: migration.file) {
                try await executeWhole(migration.text, of: migration.file)
                return try await record(
                    .applied, migration, body: migration.text, began: began, before: before)
            }
        }
    }

    /// - Returns: Whether it was applied; otherwise it waits for its store.
    private func applyToStore(_ migration: Migration, _ began: ContinuousClock.Instant) async throws -> Bool {
        guard let store = migrator.store(of: migration) else {
            migrator.observe(.deferred(name: migration.name, reason: migrator.absent[migration.kind] ?? ""))
            return false
        }
        do throws(MigrationStoreError) {
            try await store.apply(migration)
        } catch {
            guard error.isAbsence else {
                throw MigrationError.store(file: migration.file, reason: error.description)
            }
            migrator.observe(.deferred(name: migration.name, reason: error.description))
            return false
        }
        try await resetSession()
        try await transaction {
            var row = row(.applied, migration, began: began)
            try await append(&row, body: migration.text)
        }
        return true
    }

    // MARK: Sessions and transactions

    /// What a file has set must not reach the next one (`search_path` above all). A server that lost its client stops
    /// within a second, so that a run after a crash does not wait for the one before.
    func resetSession() async throws {
        try await session.run(
            script: """
                RESET ALL;
                RESET ROLE;
                SET statement_timeout = 0;
                SET idle_in_transaction_session_timeout = 0;
                SET client_connection_check_interval = 1000;
                SET lock_timeout = \(migrator.patience.forTables.milliseconds);
                """)
    }

    /// Runs `body` as one transaction, or leaves nothing.
    func transaction<Value>(of file: String? = nil, _ body: () async throws -> Value) async throws -> Value {
        try await session.run(script: "BEGIN")
        do {
            let value = try await body()
            do throws(PostgresError) {
                // Constraints that are checked at the end fail here.
                try await session.run(script: "COMMIT")
            } catch {
                guard let file else { throw error }
                throw MigrationError.failed(file: file, line: nil, error: error)
            }
            return value
        } catch {
            // Without a session there is nothing to roll back; the first error is the one to tell.
            try? await session.run(script: "ROLLBACK")
            throw error
        }
    }

    /// Runs a file in the transaction that is open, and sees to it that it still is afterwards.
    func executeWhole(_ script: String, of file: String) async throws {
        let number = try await transactionID()
        try await execute(script, of: file, firstLine: 1)
        guard try await transactionID() == number else { throw MigrationError.endedTransaction(file: file) }
    }

    private func transactionID() async throws(PostgresError) -> String {
        try await session.query("SELECT pg_current_xact_id()::text AS id").first?["id"] ?? ""
    }

    /// Runs SQL of a file; an error names the file, and the line as well as it is known.
    ///
    /// - Parameter statementLine: The line to name when the server does not say where.
    func execute(
        _ script: String, of file: String, firstLine: Int, statementLine: Int? = nil
    ) async throws(MigrationError) {
        do {
            try await session.run(script: script)
        } catch {
            var line = statementLine
            if case .server(let report) = error, let position = report.position {
                line = firstLine + script.unicodeScalars.prefix(position - 1).count { $0 == "\n" }
            }
            throw .failed(file: file, line: line, error: error)
        }
    }
}
