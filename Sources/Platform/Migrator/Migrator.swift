// SPDX-License-Identifier: Apache-2.0
package import Postgres
import SQLText

/// Brings a database up to date: the files it does not have yet, in order, by one program at a time.
///
/// Its database must be the server itself (not a transaction pooler) and a role that may create what the files create.
package struct Migrator: Sendable {
    private let database: Database
    private let migrations: [Migration]
    private let programVersion: String
    private let lock: MigrationLock
    private let observe: @Sendable (MigrationEvent) -> Void

    /// How long a transactional file waits for a table that somebody uses: while it waits, everybody queues behind it.
    private static let tableLockTimeout = "30s"
    /// No file runs longer than this.
    private static let longest: Duration = .seconds(24 * 3600)

    /// - Parameters:
    ///   - migrations: In strictly ascending order of their ids; anything else is a programmer's error.
    ///   - programVersion: Recorded with each migration.
    ///   - lockTimeout: How long to wait for another program that migrates.
    ///   - observe: Told of each step.
    package init(
        database: Database, migrations: [Migration] = Migration.embedded, programVersion: String,
        lockTimeout: Duration = .seconds(60), observe: @escaping @Sendable (MigrationEvent) -> Void = { _ in }
    ) {
        precondition(zip(migrations, migrations.dropFirst()).allSatisfy { $0.id < $1.id }, "migrations out of order")
        self.database = database
        self.migrations = migrations
        self.programVersion = programVersion
        lock = MigrationLock(timeout: lockTimeout, observe: observe)
        self.observe = observe
    }

    /// Every migration of the program and of the database, in order. One query, no lock.
    package func status() async throws(MigrationError) -> [MigrationStatus] {
        statuses(try await history())
    }

    /// Applies what is pending; with nothing pending that is one query and no lock.
    ///
    /// - Returns: What was applied here, which is nothing when another program was faster.
    package func up() async throws(MigrationError) -> [AppliedMigration] {
        guard try !pending(await history()).isEmpty else { return [] }
        return try await translated {
            try await database.withConnection { holder in
                // Let go of by the end of this session, whatever happens.
                try await lock.obtain(holder)
                return try await database.withConnection(queryTimeout: Self.longest) { session in
                    try await lock.check(from: session)
                    return try await applyPending(session)
                }
            }
        }
    }

    // MARK: What is to be done

    private func history() async throws(MigrationError) -> [MigrationHistory.Entry] {
        do {
            return try await MigrationHistory.read(database.query)
        } catch {
            throw .database(error)
        }
    }

    private func statuses(_ history: [MigrationHistory.Entry]) -> [MigrationStatus] {
        let recorded = Dictionary(history.map { ($0.id, $0) }) { first, _ in first }
        let known = Set(migrations.map(\.id))
        let ours = migrations.map { migration in
            let state: MigrationStatus.State =
                switch recorded[migration.id]?.checksum {
                case nil: .pending
                case migration.rawChecksum: .applied
                default: .changed
                }
            return MigrationStatus(id: migration.id, name: migration.name, state: state)
        }
        let theirs = history.filter { !known.contains($0.id) }.map {
            MigrationStatus(id: $0.id, name: $0.name, state: .unknownToProgram)
        }
        return (ours + theirs).sorted { $0.id < $1.id }
    }

    /// What is to be applied.
    ///
    /// - Throws: When program and database do not fit together.
    private func pending(_ history: [MigrationHistory.Entry]) throws(MigrationError) -> [Migration] {
        let statuses = statuses(history)
        let unknown = statuses.filter { $0.state == .unknownToProgram }
        guard unknown.isEmpty else { throw .databaseIsNewer(unknown: unknown.map(\.name)) }
        if let changed = statuses.first(where: { $0.state == .changed }) {
            let applied = history.first { $0.id == changed.id }?.checksum ?? ""
            let found = migrations.first { $0.id == changed.id }?.rawChecksum ?? ""
            throw .changed(name: changed.name, applied: applied, found: found)
        }
        if let late = statuses.first(where: { $0.state == .pending }), let last = history.last, late.id < last.id {
            throw .outOfOrder(name: late.name, after: last.name)
        }
        return migrations.filter { migration in !history.contains { $0.id == migration.id } }
    }

    // MARK: Doing it

    private func applyPending(_ session: PostgresConnection) async throws -> [AppliedMigration] {
        try await session.run(script: MigrationHistory.creation)
        let due = try pending(try await MigrationHistory.read(session.query))
        var applied: [AppliedMigration] = []
        for migration in due {
            observe(.applying(name: migration.name))
            // What the file before has set must not reach this one (`search_path` above all).
            try await session.run(
                script: """
                    RESET ALL;
                    RESET ROLE;
                    SET statement_timeout = 0;
                    SET idle_in_transaction_session_timeout = 0;
                    SET lock_timeout = '\(migration.isTransactional ? Self.tableLockTimeout : "0")';
                    """)
            let began = ContinuousClock.now
            if migration.isTransactional {
                try await applyAsOne(migration, session, began)
            } else {
                try await applyOneByOne(migration, session, began)
            }
            let done = AppliedMigration(id: migration.id, name: migration.name, duration: ContinuousClock.now - began)
            observe(.applied(done))
            applied.append(done)
        }
        return applied
    }

    /// The record comes first: should the lock be lost, its key keeps a second program out until this one is done.
    private func applyAsOne(
        _ migration: Migration, _ session: PostgresConnection, _ began: ContinuousClock.Instant
    ) async throws {
        try await session.run(script: "BEGIN")
        do {
            _ = try await session.execute(MigrationHistory.insertion(of: migration, programVersion: programVersion))
            let transaction = try await transaction(session)
            try await attempt(migration, migration.text, firstLine: 1, session)
            guard try await self.transaction(session) == transaction else {
                throw MigrationError.endedTransaction(name: migration.name)
            }
            _ = try await session.execute(
                MigrationHistory.completion(of: migration, after: ContinuousClock.now - began))
            // Constraints that are checked at the end fail here.
            try await attempt(migration, "COMMIT", firstLine: nil, session)
        } catch {
            // Without a session there is nothing to roll back; the first error is the one to tell.
            try? await session.run(script: "ROLLBACK")
            throw error
        }
    }

    private func transaction(_ session: PostgresConnection) async throws(PostgresError) -> String? {
        try await session.query("SELECT pg_current_xact_id_if_assigned()::text AS id").first?["id"]
    }

    private func applyOneByOne(
        _ migration: Migration, _ session: PostgresConnection, _ began: ContinuousClock.Instant
    ) async throws {
        for statement in StatementSplitter.statements(in: migration.text) {
            try await attempt(migration, statement.text, firstLine: statement.line, session)
        }
        _ = try await session.execute(
            MigrationHistory.insertion(of: migration, programVersion: programVersion))
        _ = try await session.execute(MigrationHistory.completion(of: migration, after: ContinuousClock.now - began))
    }

    /// Runs SQL of a file; an error names the file, and the line when the server says where.
    private func attempt(
        _ migration: Migration, _ script: String, firstLine: Int?, _ session: PostgresConnection
    ) async throws(MigrationError) {
        do {
            try await session.run(script: script)
        } catch {
            var line = migration.isTransactional ? nil : firstLine
            if case .server(let report) = error, let position = report.position, let firstLine {
                line = firstLine + script.unicodeScalars.prefix(position - 1).count { $0 == "\n" }
            }
            throw .failed(name: migration.name, line: line, error: error)
        }
    }

    /// The errors of `body` as this module's.
    private func translated<Value>(_ body: () async throws -> Value) async throws(MigrationError) -> Value {
        do {
            return try await body()
        } catch let error as MigrationError {
            throw error
        } catch let error as PostgresError {
            throw .database(error)
        } catch {
            throw .database(.cancelled)
        }
    }
}
