// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions

/// Waiting for what others hold: briefly, again and again, and telling who it is.
extension MigrationRun {
    /// Runs `body`, which leaves nothing when it fails, and again when it failed for a lock it did not get in time.
    func patiently<Value: Sendable>(_ file: String, _ body: () async throws -> Value) async throws -> Value {
        let blockers = Locked<[Blocker]>([])
        var backoff = Backoff(first: migrator.patience.pauses.first, longest: migrator.patience.pauses.longest)
        var attempt = 1
        while true {
            do {
                return try await watched(file, blockers, body)
            } catch {
                guard Self.isLockTrouble(error) else { throw error }
                guard attempt < migrator.patience.tries else {
                    throw MigrationError.tableLocked(file: file, by: blockers.withLock { $0 }, tries: attempt)
                }
                let pause = backoff.wait()
                migrator.observe(.retrying(name: file, attempt: attempt, after: pause))
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// lock_not_available, deadlock_detected
    private static func isLockTrouble(_ error: any Error) -> Bool {
        let state: String?
        switch error {
        case MigrationError.failed(_, _, let cause): state = cause.sqlState
        case let cause as PostgresError: state = cause.sqlState
        default: state = nil
        }
        return state == "55P03" || state == "40P01"
    }

    /// Runs `body` and looks meanwhile who stands in its way.
    func watched<Value: Sendable>(
        _ file: String, _ blockers: Locked<[Blocker]>, _ body: () async throws -> Value
    ) async throws -> Value {
        let processID: Int = try await session.query("SELECT pg_backend_pid() AS pid").first?["pid"] ?? 0
        let (database, observe) = (migrator.database, migrator.observe)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // It has a connection of its own, so that ending it cannot touch another statement.
            group.addTask {
                await Self.watch(processID, in: database) { found in
                    let isNews = blockers.withLock { known in
                        defer { known = found }
                        return known.map(\.processID) != found.map(\.processID)
                    }
                    if isNews { observe(.blocked(name: file, by: found)) }
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    private static func watch(
        _ processID: Int, in database: Database, _ found: @Sendable ([Blocker]) -> Void
    ) async {
        // What is quick needs no watching.
        guard (try? await Task.sleep(for: .milliseconds(300))) != nil else { return }
        try? await database.withConnection { connection in
            while !Task.isCancelled {
                let blockers = try await Blocker.read(connection, of: processID)
                if !blockers.isEmpty { found(blockers) }
                try await Task.sleep(for: .milliseconds(250))
            }
        }
    }
}

extension Blocker {
    /// The sessions that `processID` waits for.
    static func read(_ connection: PostgresConnection, of processID: Int) async throws(PostgresError) -> [Blocker] {
        let rows = try await connection.query(
            """
            SELECT pid, coalesce(application_name, '') AS application, coalesce(state, '') AS state, query_start
            FROM pg_catalog.pg_stat_activity WHERE pid = ANY(pg_blocking_pids(\(Int32(clamping: processID))))
            ORDER BY pid
            """)
        var found: [Blocker] = []
        for row in rows {
            found.append(
                Blocker(
                    processID: try row["pid"], application: try row["application"], state: try row["state"],
                    queryStart: try row["query_start"]))
        }
        return found
    }
}
