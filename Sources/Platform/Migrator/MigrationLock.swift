// SPDX-License-Identifier: Apache-2.0
import Postgres

/// The lock that lets one program migrate at a time: a session lock, so that it goes with its session, whatever kills
/// it, and no row can be left locked.
///
/// It is held on a connection that does nothing else and is never in a transaction, and it is waited for by trying
/// again. Waiting inside `pg_advisory_lock` would hold a snapshot for which `CREATE INDEX CONCURRENTLY` waits, while
/// the waiter waits for it: a deadlock.
struct MigrationLock {
    /// “witan” in ASCII.
    private static let key: Int64 = 0x77_6974_616e
    private static let interval: Duration = .milliseconds(50)

    let timeout: Duration
    let observe: @Sendable (MigrationEvent) -> Void

    /// Returns when the session has it.
    func obtain(_ session: PostgresConnection) async throws {
        let deadline = ContinuousClock.now + timeout
        var told = false
        while try await !attempt(session) {
            let holder = try await holder(session)
            guard ContinuousClock.now < deadline else {
                throw MigrationError.locked(
                    processID: holder.processID, application: holder.application, after: timeout)
            }
            if !told { observe(.waiting(processID: holder.processID, application: holder.application)) }
            told = true
            try await Task.sleep(for: Self.interval)
        }
    }

    /// Throws when a second session can have it too.
    func check(from other: PostgresConnection) async throws {
        if try await attempt(other) {
            try await release(other)
            throw MigrationError.lockIneffective
        }
    }

    func release(_ session: PostgresConnection) async throws(PostgresError) {
        _ = try await session.query("SELECT pg_advisory_unlock(\(Self.key)) AS released")
    }

    private func attempt(_ session: PostgresConnection) async throws(PostgresError) -> Bool {
        try await session.query("SELECT pg_try_advisory_lock(\(Self.key)) AS locked").first?["locked"] ?? false
    }

    private func holder(
        _ session: PostgresConnection
    ) async throws(PostgresError) -> (processID: Int, application: String) {
        let rows = try await session.query(
            """
            SELECT activity.pid, coalesce(activity.application_name, '') AS application
            FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
            WHERE locktype = 'advisory' AND granted AND objsubid = 1
                AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND classid::bigint = \(Self.key) >> 32 AND objid::bigint = \(Self.key) & 4294967295
            LIMIT 1
            """)
        guard let row = rows.first else { return (0, "") }
        return (try row["pid"], try row["application"])
    }
}
