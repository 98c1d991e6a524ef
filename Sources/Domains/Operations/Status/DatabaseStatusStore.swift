// SPDX-License-Identifier: Apache-2.0
package import Postgres
import SwiftExtensions

/// What the statistics views of PostgreSQL say; any role may ask, and sees less the less it may.
package enum DatabaseStatusStore {
    /// Everything at once.
    package static func read(from database: Database) async throws -> DatabaseStatus {
        let rows = try await database.query(
            """
            SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
                CASE WHEN has_database_privilege(current_database(), 'CONNECT')
                    THEN pg_database_size(current_database()) END AS bytes,
                (SELECT coalesce(sum(numbackends), 0)::int FROM pg_stat_database) AS connections,
                current_setting('max_connections')::int AS connections_max, pg_is_in_recovery() AS standby,
                CASE WHEN pg_is_in_recovery()
                    THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 END AS delay
            """)
        guard let row = rows.first else { throw PostgresError.closed }
        let delay: Double? = try row["delay"]
        let isStandby: Bool = try row["standby"]
        return DatabaseStatus(
            version: try row["version"], databaseBytes: try row["bytes"], connections: try row["connections"],
            connectionsMax: try row["connections_max"], isStandby: isStandby,
            replayDelay: delay.map { .milliseconds(Int64($0 * 1000)) },
            standbys: isStandby ? [] : try await standbys(in: database), statements: try await statements(in: database))
    }

    private static func standbys(in database: Database) async throws -> [DatabaseStatus.Standby] {
        try await database.query(
            """
            SELECT application_name AS name, state, sync_state,
                pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS lag
            FROM pg_stat_replication ORDER BY pid LIMIT 100
            """
        ).map { row in
            DatabaseStatus.Standby(
                name: try row["name"], state: try row["state"], synchronization: try row["sync_state"],
                lagBytes: try row["lag"])
        }
    }

    /// Nil when the extension is not there, not loaded, or not ours to read.
    private static func statements(in database: Database) async throws -> [DatabaseStatus.Statement]? {
        let found = try await database.query(
            """
            SELECT n.nspname::text AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
            WHERE e.extname = 'pg_stat_statements'
            """)
        guard let schema: String = try found.first?["schema"] else { return nil }
        do {
            return try await database.query(
                """
                SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 300) AS text, calls, mean_exec_time AS mean,
                    total_exec_time AS total
                FROM \(identifier: schema).pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                ORDER BY mean_exec_time DESC LIMIT 5
                """
            ).map { row in
                DatabaseStatus.Statement(
                    text: try row["text"] ?? "", calls: try row["calls"], meanMilliseconds: try row["mean"],
                    totalMilliseconds: try row["total"])
            }
        } catch let error as PostgresError where error.sqlState == "55000" || error.sqlState == "42501" {
            return nil
        }
    }

    /// How old the oldest entry is that no chain holds; nil when all are sealed. `database` acts as `witan_sealer`.
    package static func oldestUnsealed(in database: Database) async throws -> Duration? {
        let rows = try await database.query(
            """
            SELECT id FROM audits.audit_log
            WHERE transaction_id >= (SELECT next_transaction_id FROM audits.seal_position) ORDER BY id LIMIT 1
            """)
        guard let id: UniqueID = try rows.first?["id"] else { return nil }
        return max(.zero, Timestamp.now() - id.time)
    }
}
