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
            _ = try await other.query("SELECT pg_advisory_unlock(\(Self.key)) AS released")
            throw MigrationError.pooler(evidence: "two sessions got the same lock")
        }
    }

    /// Whether the session still has it.
    func isHeld(by session: PostgresConnection) async throws(PostgresError) -> Bool {
        try await session.query(
            """
            SELECT count(*) AS count FROM pg_catalog.pg_locks
            WHERE pid = pg_backend_pid() AND \(Self.place)
            """
        ).first?["count"] as Int? == 1
    }

    /// Throws when one of two connections is given other sessions than its own: what a pooler does that hands a session
    /// on at the end of each transaction. The second keeps the session it got from the first one's, if it got it.
    static func refusePooler(_ one: PostgresConnection, _ other: PostgresConnection) async throws {
        do throws(PostgresError) {
            let first = try await processID(one)
            try await other.run(script: "BEGIN")
            let second = try await processID(other)
            let again = try await processID(one)
            try await other.run(script: "ROLLBACK")
            if first == second || first != again {
                throw .connection(first == second ? "two connections share a session" : "a connection changed sessions")
            }
        } catch {
            guard isOfPooler(error) else { throw error }
            throw MigrationError.pooler(evidence: evidence(error))
        }
    }

    /// Whether an error is one that only a pooler makes.
    static func isOfPooler(_ error: PostgresError) -> Bool {
        switch error {
        case .connection(let reason):
            reason.contains("unsupported startup parameter") || reason.contains("share a session")
                || reason.contains("changed sessions")
        // A prepared statement that is there and should not be, or the other way round.
        case .server(let report): ["26000", "42P05"].contains(report.sqlState)
        default: false
        }
    }

    static func evidence(_ error: PostgresError) -> String {
        switch error {
        case .connection(let reason) where reason.contains("startup parameter"): "it refuses start options"
        case .connection(let reason): reason
        default: "prepared statements get lost"
        }
    }

    private static func processID(_ session: PostgresConnection) async throws(PostgresError) -> Int {
        try await session.query("SELECT pg_backend_pid() AS pid").first?["pid"] ?? 0
    }

    private func attempt(_ session: PostgresConnection) async throws(PostgresError) -> Bool {
        try await session.query("SELECT pg_try_advisory_lock(\(Self.key)) AS locked").first?["locked"] ?? false
    }

    /// Conditions on `pg_locks`: the two halves of the key in this database.
    private static let place: SQL = """
        locktype = 'advisory' AND granted AND objsubid = 1
            AND pg_locks.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
            AND classid::bigint = \(Self.key) >> 32 AND objid::bigint = \(Self.key) & 4294967295
        """

    private func holder(
        _ session: PostgresConnection
    ) async throws(PostgresError) -> (processID: Int, application: String) {
        let rows = try await session.query(
            """
            SELECT activity.pid, coalesce(activity.application_name, '') AS application
            FROM pg_catalog.pg_locks JOIN pg_catalog.pg_stat_activity AS activity USING (pid)
            WHERE \(Self.place) LIMIT 1
            """)
        guard let row = rows.first else { return (0, "") }
        return (try row["pid"], try row["application"])
    }
}
