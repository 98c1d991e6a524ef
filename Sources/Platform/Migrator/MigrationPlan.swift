// SPDX-License-Identifier: Apache-2.0
import Postgres
import SQLText
import SwiftExtensions

/// What `up` would do, found out by doing it and taking it back.
package struct MigrationPlan: Sendable {
    /// A lock on a table or index that was there before.
    package struct Lock: Sendable, Equatable {
        /// With its schema, quoted where SQL needs it.
        package let relation: String
        /// The strongest one taken, such as `AccessExclusiveLock`.
        package let mode: String
    }

    /// What became of a step.
    package enum Outcome: Sendable {
        /// It ran, and was rolled back.
        case tried(duration: Duration, locks: [Lock], rewritten: [String])
        /// It cannot be tried; what it would do, a line each.
        case outlined([String])
        /// It failed, or what comes before it did.
        case failed(String)
    }

    /// One pending file.
    package struct Step: Sendable {
        /// The digits the file's name begins with.
        package let id: Int
        /// The file's name without its ending.
        package let name: String
        /// The store it is for.
        package let kind: Migration.Kind
        /// What became of it.
        package let outcome: Outcome
        /// Why `up` would leave it pending.
        package let deferredBecause: String?
    }

    /// What is pending, in order.
    package let steps: [Step]

    /// Whether every step that could be tried succeeded.
    package var isSound: Bool {
        steps.allSatisfy { if case .failed = $0.outcome { false } else { true } }
    }
}

extension Migrator {
    /// Runs the transactional steps that are pending, measures them, and rolls it all back. Other steps are outlined.
    /// While it runs, it holds the locks that it reports.
    package func plan() async throws(MigrationError) -> MigrationPlan {
        try await locked { run in try await run.plan() }
    }
}

extension MigrationRun {
    fileprivate func plan() async throws -> MigrationPlan {
        let shape = try await check()
        try await refuseForeignSchemas(shape)
        let history = try await HistoryTable.read(session)
        try history.check(migrator.migrations)
        let pending = history.pending(migrator.migrations)
        guard !pending.isEmpty else { return MigrationPlan(steps: []) }
        try await resetSession()
        var probe = try await RelationProbe(session)
        try await session.run(script: "BEGIN")
        do {
            try await makeHistory(shape)
            var steps: [MigrationPlan.Step] = []
            var obstacle: String?
            for migration in pending {
                let outcome = try await outcome(migration, obstacle: obstacle, &probe)
                if case .failed = outcome { obstacle = obstacle ?? migration.file }
                steps.append(
                    MigrationPlan.Step(
                        id: migration.id, name: migration.name, kind: migration.kind, outcome: outcome,
                        deferredBecause: migrator.absent[migration.kind]))
            }
            try await session.run(script: "ROLLBACK")
            return MigrationPlan(steps: steps)
        } catch {
            try? await session.run(script: "ROLLBACK")
            throw error
        }
    }

    private func outcome(
        _ migration: Migration, obstacle: String?, _ probe: inout RelationProbe
    ) async throws -> MigrationPlan.Outcome {
        guard migration.isTransactional else { return try outline(migration) }
        if let obstacle { return .failed("not tried, because \(obstacle) failed") }
        if migration.statements.contains(where: \.endsTransaction) {
            return .failed(MigrationError.endedTransaction(file: migration.file).description)
        }
        try await session.run(script: "SAVEPOINT step")
        let began = ContinuousClock.now
        do {
            try await watched(migration.file, Locked([])) { try await executeWhole(migration.text, of: migration.file) }
            let duration = ContinuousClock.now - began
            // As between files that are applied; within the transaction.
            try await resetSession()
            let changes = try await probe.changes(session)
            return .tried(duration: duration, locks: changes.locks, rewritten: changes.rewritten)
        } catch let error as MigrationError where error.exitCode != 10 {
            try await session.run(script: "ROLLBACK TO SAVEPOINT step")
            return .failed(error.description)
        }
    }

    private func outline(_ migration: Migration) throws -> MigrationPlan.Outcome {
        guard migration.kind == .sql else {
            guard let store = migrator.store(of: migration) else { return .outlined([]) }
            do throws(MigrationStoreError) {
                return .outlined(try store.outline(of: migration))
            } catch {
                return .failed(error.description)
            }
        }
        return .outlined(
            migration.statements.map { statement in
                let line = statement.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                let short = line.count > 90 ? line.prefix(89) + "…" : line
                return ConcurrentIndex(statement).map { "\(short)  (ShareUpdateExclusiveLock on \($0.table))" } ?? short
            })
    }
}

/// Tells what a transaction does to the relations that were there before it.
private struct RelationProbe {
    /// By its id, the file a relation was in.
    private var files: [Int64: Int64] = [:]
    private var known: Set<String> = []

    /// From the weakest to the strongest (PostgreSQL manual §13.3.1).
    private static let modes = [
        "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
        "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
    ]

    init(_ session: PostgresConnection) async throws {
        for (id, file, _) in try await Self.relations(session) { files[id] = file }
    }

    /// What is new since the last call.
    mutating func changes(
        _ session: PostgresConnection
    ) async throws -> (locks: [MigrationPlan.Lock], rewritten: [String]) {
        var rewritten: [String] = []
        for (id, file, name) in try await Self.relations(session) {
            guard let before = files[id], before != file else { continue }
            files[id] = file
            rewritten.append(name)
        }
        let rows = try await session.query(
            """
            SELECT relation::bigint AS id, relation::regclass::text AS name, mode
            FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted
            """)
        var strongest: [String: Int] = [:]
        for row in rows {
            let (id, name, mode): (Int64, String, String) = (try row["id"], try row["name"], try row["mode"])
            guard files[id] != nil, known.insert("\(id) \(mode)").inserted else { continue }
            strongest[name] = max(strongest[name] ?? 0, Self.modes.firstIndex(of: mode) ?? 0)
        }
        let locks = strongest.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            MigrationPlan.Lock(relation: $0.key, mode: Self.modes[$0.value])
        }
        return (locks, rewritten.sorted())
    }

    private static func relations(
        _ session: PostgresConnection
    ) async throws -> [(id: Int64, file: Int64, name: String)] {
        let rows = try await session.query(
            """
            SELECT class.oid::bigint AS id, relfilenode::bigint AS file, class.oid::regclass::text AS name
            FROM pg_catalog.pg_class AS class JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relnamespace
            WHERE relkind IN ('r', 'm', 'p', 'i', 'I') AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
                AND relname NOT LIKE '\\_migration\\_%'
            """)
        var found: [(Int64, Int64, String)] = []
        for row in rows { found.append((try row["id"], try row["file"], try row["name"])) }
        return found
    }
}
