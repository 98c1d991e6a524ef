// SPDX-License-Identifier: Apache-2.0
import Core
package import Postgres
import SwiftExtensions

/// The table `ops.jobs`.
package enum JobStore {
    /// Makes the job known, with its interval as the program has it now; new jobs are due at once.
    static func register(_ job: Job, in database: Database) async throws {
        try await database.execute(
            """
            INSERT INTO ops.jobs AS known (name, interval_seconds)
            VALUES (\(job.name), \(job.every.components.seconds)::int)
            ON CONFLICT (name) DO UPDATE SET interval_seconds = excluded.interval_seconds
            WHERE known.interval_seconds <> excluded.interval_seconds
            """)
    }

    /// Notes runs whose node died or lost the lease, and makes them due again.
    static func noteInterrupted(under lease: Lease, in database: Database) async throws {
        try await database.execute(
            """
            UPDATE ops.jobs SET state = 'waiting', last_result = 'interrupted', last_finished_at = clock_timestamp(),
                last_message = 'the node that ran it went away', failures = failures + 1,
                consecutive_failures = consecutive_failures + 1, next_run_at = clock_timestamp()
            WHERE state = 'running' AND fence < \(lease.fence) AND \(LeaseStore.isHeld(lease))
            """)
    }

    /// Begins a run when the job is due and the lease is held; false otherwise.
    static func begin(_ name: String, under lease: Lease, in database: Database) async throws -> Bool {
        try await database.execute(
            """
            UPDATE ops.jobs SET state = 'running', last_started_at = clock_timestamp(), runs = runs + 1,
                fence = \(lease.fence)
            WHERE name = \(name) AND state = 'waiting' AND next_run_at <= clock_timestamp()
                AND \(LeaseStore.isHeld(lease))
            """) == 1
    }

    /// Ends a run; does nothing when another holder of the lease has come to the row since.
    static func finish(
        _ job: Job, _ result: JobRecord.Result, message: String, under lease: Lease, in database: Database
    ) async throws {
        let cut = String(message.unicodeScalars.prefix(1500))
        let isDone = result == .done
        let failures = try await database.query("SELECT consecutive_failures FROM ops.jobs WHERE name = \(job.name)")
        let before: Int = try failures.first?["consecutive_failures"] ?? 0
        let delay = isDone ? job.every : Job.retryDelay(afterFailures: before + 1, every: job.every)
        try await database.execute(
            """
            UPDATE ops.jobs SET state = 'waiting', last_finished_at = clock_timestamp(),
                last_result = \(result.rawValue), last_message = \(cut),
                failures = failures + CASE WHEN \(isDone) THEN 0 ELSE 1 END,
                consecutive_failures = CASE WHEN \(isDone) THEN 0 ELSE consecutive_failures + 1 END,
                next_run_at = greatest(clock_timestamp(),
                    last_started_at + \(delay.components.seconds) * interval '1 second')
            WHERE name = \(job.name) AND state = 'running' AND fence = \(lease.fence)
            """)
    }

    /// Makes the job due now; false when there is no such job.
    package static func wake(_ name: String, in database: Database) async throws -> Bool {
        try await database.execute(
            "UPDATE ops.jobs SET next_run_at = least(next_run_at, clock_timestamp()) WHERE name = \(name)") == 1
    }

    /// All jobs, by name.
    package static func list(in database: Database) async throws -> [JobRecord] {
        try await database.query(
            """
            SELECT name, state, next_run_at, last_started_at, last_finished_at, last_result, last_message, runs,
                consecutive_failures
            FROM ops.jobs ORDER BY name
            """
        ).map { try JobRecord(row: $0) }
    }
}

extension JobRecord {
    init(row: Row) throws {
        let state: String = try row["state"]
        let result: String? = try row["last_result"]
        self.init(
            name: try row["name"], isRunning: state == "running", nextRunAt: try row["next_run_at"],
            lastStartedAt: try row["last_started_at"], lastFinishedAt: try row["last_finished_at"],
            lastResult: result.flatMap(Result.init(rawValue:)), lastMessage: try row["last_message"],
            runs: try row["runs"], consecutiveFailures: try row["consecutive_failures"])
    }
}
