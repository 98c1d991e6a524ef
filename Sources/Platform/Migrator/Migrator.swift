// SPDX-License-Identifier: Apache-2.0
import Inventory
package import Postgres
import SQLText

/// Brings a database, and the stores beside it, up to date: the files they do not have yet, in order, by one program at
/// a time.
///
/// Its database must be the server itself (not a transaction pooler) and a role that may create what the files create.
package struct Migrator: Sendable {
    let database: Database
    let migrations: [Migration]
    let programVersion: String
    let actor: String
    let patience: MigrationPatience
    let stores: [Migration.Kind: MigrationStoreState]
    let observe: @Sendable (MigrationEvent) -> Void

    /// No file runs longer than this.
    private static let longest: Duration = .seconds(24 * 3600)

    /// - Parameters:
    ///   - migrations: In strictly ascending order of their ids; anything else is a programmer's error.
    ///   - programVersion: Recorded with each migration.
    ///   - actor: The account and machine the program runs on; recorded with each migration.
    ///   - stores: The stores beside the database; one that is not named is not configured.
    ///   - observe: Told of each step.
    package init(
        database: Database, migrations: [Migration] = Migration.embedded, programVersion: String, actor: String = "",
        patience: MigrationPatience = MigrationPatience(), stores: [Migration.Kind: MigrationStoreState] = [:],
        observe: @escaping @Sendable (MigrationEvent) -> Void = { _ in }
    ) {
        precondition(zip(migrations, migrations.dropFirst()).allSatisfy { $0.id < $1.id }, "migrations out of order")
        self.database = database
        self.migrations = migrations
        self.programVersion = programVersion
        self.actor = actor
        self.patience = patience
        self.stores = stores
        self.observe = observe
    }

    /// Every migration of the program and of the database, in order. No lock; the stores are not asked.
    package func status() async throws(MigrationError) -> [MigrationStatus] {
        try await translated {
            let history = try await HistoryTable.read(database)
            let progress = history.pending(migrations).isEmpty ? [:] : try await progress()
            return history.statuses(migrations, progress: progress, absent: absent)
        }
    }

    /// Every event in the life of the schema, in order, without the texts; and what is wrong with the chain that they
    /// are, a sentence each.
    package func history() async throws(MigrationError) -> (rows: [HistoryRow], broken: [String]) {
        try await translated {
            let history = try await HistoryTable.read(database)
            return (history.rows, history.isOfFirstShape ? [] : history.brokenLinks())
        }
    }

    /// Applies what is pending; with nothing pending that is one query and no lock.
    ///
    /// - Returns: What was applied here, which is nothing when another program was faster.
    package func up() async throws(MigrationError) -> [AppliedMigration] {
        guard try await isAnythingToDo() else { return [] }
        return try await locked { run in try await run.up() }
    }

    // MARK: What is to be done

    private func isAnythingToDo() async throws(MigrationError) -> Bool {
        try await translated {
            let history = try await HistoryTable.read(database)
            try history.check(migrations)
            for status in history.statuses(migrations, progress: [:], absent: absent) {
                if status.state == .applied, status.note != nil { observe(.cosmetic(name: status.name)) }
            }
            let isPending = history.pending(migrations).contains { $0.kind == .sql || store(of: $0) != nil }
            if isPending || history.isOfFirstShape { return true }
            return try await !lost(history).isEmpty
        }
    }

    /// The applied files whose store is there and has lost what they put there. A store that does not answer has lost
    /// nothing that could be put back.
    func lost(_ history: History) async throws -> [Migration] {
        var found: [Migration] = []
        for migration in migrations where migration.kind != .sql && history.applied[migration.id] != nil {
            guard let store = store(of: migration) else { continue }
            do throws(MigrationStoreError) {
                if try await !store.holds(migration) { found.append(migration) }
            } catch {
                observe(.deferred(name: migration.name, reason: error.description))
            }
        }
        return found
    }

    func store(of migration: Migration) -> (any MigrationStore)? {
        if case .present(let store) = stores[migration.kind] { store } else { nil }
    }

    /// Why each store that is not there is not.
    var absent: [Migration.Kind: String] {
        var reasons: [Migration.Kind: String] = [:]
        for kind in Migration.Kind.allCases where kind != .sql {
            switch stores[kind] {
            case .present: continue
            case .absent(let reason): reasons[kind] = reason
            case nil: reasons[kind] = "\(kind.rawValue) is not configured"
            }
        }
        return reasons
    }

    /// By file, how many statements are done; only of files that were interrupted.
    private func progress() async throws(PostgresError) -> [Int: Int] {
        do throws(PostgresError) {
            let rows = try await database.query(
                """
                SELECT step, count(*) FILTER (WHERE state = 'done') AS done
                FROM ops._migration_progress GROUP BY step
                """)
            var found: [Int: Int] = [:]
            for row in rows { found[try row["step"]] = try row["done"] }
            return found
        } catch {
            guard ["42P01", "3F000"].contains(error.sqlState) else { throw error }
            return [:]
        }
    }

    // MARK: Under the lock

    /// Runs `body` with the lock held and a session of its own.
    func locked<Value>(_ body: (MigrationRun) async throws -> Value) async throws(MigrationError) -> Value {
        try await translated {
            try await database.withConnection { holder in
                try await database.withConnection(queryTimeout: Self.longest) { session in
                    try await MigrationLock.refusePooler(holder, session)
                    let lock = MigrationLock(timeout: patience.forTheLock, observe: observe)
                    // Let go of by the end of its session, whatever happens.
                    try await lock.obtain(holder)
                    try await lock.check(from: session)
                    return try await body(MigrationRun(self, session: session, holder: holder, lock: lock))
                }
            }
        }
    }

    /// The errors of `body` as this module's.
    func translated<Value>(_ body: () async throws -> Value) async throws(MigrationError) -> Value {
        do {
            return try await body()
        } catch let error as MigrationError {
            throw error
        } catch let error as PostgresError {
            throw MigrationLock.isOfPooler(error)
                ? .pooler(evidence: MigrationLock.evidence(error)) : .database(error)
        } catch let error as InventoryError {
            throw .inventory(error)
        } catch {
            throw .database(.cancelled)
        }
    }
}
