// SPDX-License-Identifier: Apache-2.0
package import Postgres
import SwiftExtensions

/// Asks a server for the facts that `ConnectionRule` judges; needs no schema.
package enum ConnectionCheckStore {
    /// Logged in as the address says, acting as nobody else.
    package static func facts(of database: Database) async throws -> ServerFacts {
        let skew = try await clockSkew(of: database)
        let shares = try await sharesBackends(database)
        let roles = try await roles(in: database)
        let rows = try await database.query(
            """
            SELECT current_setting('server_version_num')::int AS version, session_user::text AS login,
                inet_server_addr() IS NULL AS socket,
                coalesce(inet_server_addr() <<= inet '127.0.0.0/8' OR inet_server_addr() = inet '::1', false)
                    AS loopback,
                (SELECT s.version || ' ' || s.cipher FROM pg_stat_ssl s
                 WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls,
                r.rolsuper, r.rolcreaterole,
                has_database_privilege(session_user, current_database(), 'CREATE') AS creates,
                pg_is_in_recovery() AS standby, current_setting('default_transaction_read_only') = 'on' AS readonly,
                current_setting('server_encoding') AS encoding, d.datcollate::text AS collation,
                coalesce(d.datcollversion <> pg_database_collation_actual_version(d.oid), false) AS old_collation,
                current_setting('max_connections')::int AS connections
            FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = session_user
            """)
        guard let row = rows.first else { throw PostgresError.closed }
        let (isSocket, isLoopback): (Bool, Bool) = (try row["socket"], try row["loopback"])
        return ServerFacts(
            versionNumber: try row["version"], login: try row["login"],
            path: isSocket ? .socket : isLoopback ? .loopback : .network, tls: try row["tls"],
            isSuperuser: try row["rolsuper"], mayCreateRoles: try row["rolcreaterole"],
            mayCreateSchemas: try row["creates"], isStandby: try row["standby"], isReadOnly: try row["readonly"],
            encoding: try row["encoding"], collation: try row["collation"],
            hasOldCollations: try row["old_collation"], clockSkew: skew, roles: roles, sharesBackends: shares,
            connectionsMax: try row["connections"], missingRights: try await missingRights(in: database))
    }

    /// The server's clock in the middle of a round trip, compared with ours; the best of three.
    private static func clockSkew(of database: Database) async throws -> Duration {
        var best: (trip: Duration, skew: Duration)?
        for _ in 0..<3 {
            let before = Timestamp.now()
            let rows = try await database.query("SELECT clock_timestamp() AS now")
            let after = Timestamp.now()
            guard let there: Timestamp = try rows.first?["now"] else { continue }
            let trip = after - before
            if best.map({ trip < $0.trip }) ?? true { best = (trip, (before + trip / 2) - there) }
        }
        return best?.skew ?? .zero
    }

    /// Two connections at once, the second in a transaction: when both are served by one backend, somebody between
    /// gives backends out by the transaction.
    private static func sharesBackends(_ database: Database) async throws -> Bool {
        try await database.withConnection { first in
            try await database.withConnection { second in
                var seen: [Set<Int32>] = [[], []]
                for _ in 0..<5 {
                    seen[0].insert(try await backend(of: first))
                    try await second.run(script: "BEGIN")
                    seen[1].insert(try await backend(of: second))
                    seen[0].insert(try await backend(of: first))
                    try await second.run(script: "COMMIT")
                }
                return seen[0].count > 1 || seen[1].count > 1 || !seen[0].isDisjoint(with: seen[1])
            }
        }
    }

    private static func backend(of connection: PostgresConnection) async throws -> Int32 {
        let rows = try await connection.query("SELECT pg_backend_pid() AS pid")
        return try rows.first?["pid"] ?? 0
    }

    private static func roles(in database: Database) async throws -> [ServerFacts.RoleFact] {
        let rows = try await database.query(
            """
            SELECT wanted.name, r.oid IS NOT NULL AS exists,
                coalesce(pg_has_role(session_user, r.oid,
                    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END), false)
                    AS acts,
                coalesce(pg_has_role(session_user, r.oid, 'USAGE'), false) AS inherits,
                coalesce(pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION'), false)
                    OR current_setting('server_version_num')::int < 160000
                    AND (SELECT l.rolcreaterole FROM pg_roles l WHERE l.rolname = session_user) AS grants
            FROM unnest(ARRAY['witan_owner', 'witan_app', 'witan_ingest', 'witan_sealer', 'witan_readonly',
                              'witan_backup']) WITH ORDINALITY AS wanted (name, place)
            LEFT JOIN pg_roles r ON r.rolname = wanted.name ORDER BY wanted.place
            """)
        return try rows.map { row in
            let (acts, inherits, grants): (Bool, Bool, Bool) = (try row["acts"], try row["inherits"], try row["grants"])
            return ServerFacts.RoleFact(
                name: try row["name"], exists: try row["exists"], mayAct: acts,
                isOutOfReach: !(acts && inherits) && !grants)
        }
    }

    /// What calls, records and the log cannot do without; other rights have the schema's own check (`migrate verify`).
    private static func missingRights(in database: Database) async throws -> [String] {
        try await database.query(
            """
            SELECT w.role || ' ' || w.what || ' ON ' || w.kind || w.object AS missing
            FROM (VALUES
                ('witan_app', 'USAGE', 'SCHEMA ', 'auth'), ('witan_app', 'USAGE', 'SCHEMA ', 'ops'),
                ('witan_app', 'SELECT', '', 'auth.organizations'), ('witan_app', 'INSERT', '', 'audits.audit_log'),
                ('witan_app', 'SELECT', '', 'council.requests'), ('witan_app', 'UPDATE', '', 'ops.leases'),
                ('witan_ingest', 'INSERT', '', 'council.requests'),
                ('witan_ingest', 'INSERT', '', 'providers.cost_records'),
                ('witan_ingest', 'INSERT', '', 'audits.audit_log'), ('witan_sealer', 'SELECT', '', 'audits.audit_log'),
                ('witan_sealer', 'INSERT', '', 'audits.chain')) AS w (role, what, kind, object)
            JOIN pg_roles r ON r.rolname = w.role
            WHERE NOT CASE WHEN w.kind = '' THEN
                    to_regclass(w.object) IS NULL OR has_table_privilege(r.oid, to_regclass(w.object), w.what)
                ELSE to_regnamespace(w.object) IS NULL
                    OR has_schema_privilege(r.oid, to_regnamespace(w.object), w.what) END
            """
        ).map { try $0["missing"] }
    }
}
