// SPDX-License-Identifier: Apache-2.0
import Postgres

/// What `app.org_id` is when a statement runs.
enum Setting: Sendable, CaseIterable {
    case unset, empty, own, other

    var value: String? {
        switch self {
        case .unset: nil
        case .empty: ""
        case .own: Tenant.a.id
        case .other: Tenant.b.id
        }
    }
}

/// A statement to try: `preparation` runs before it as the superuser. Nothing of it stays.
struct Probe: Sendable {
    var preparation = ""
    let statement: String

    /// How many rows it touched, or the first column of the first row of a SELECT; or the error's SQLSTATE.
    static let schema = """
        CREATE SCHEMA probe;
        GRANT USAGE ON SCHEMA probe TO PUBLIC;
        CREATE FUNCTION probe.run(acting text, preparation text, statement text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            answer text;
            touched bigint;
        BEGIN
            IF preparation <> '' THEN
                EXECUTE preparation;
            END IF;
            PERFORM set_config('role', acting, true);
            IF statement LIKE 'SELECT %' THEN
                EXECUTE statement INTO answer;
            ELSE
                EXECUTE statement;
                GET DIAGNOSTICS touched = ROW_COUNT;
                answer := touched::text;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'PROBE', MESSAGE = coalesce(answer, 'null');
        EXCEPTION
            WHEN SQLSTATE 'PROBE' THEN RETURN SQLERRM;
            WHEN OTHERS THEN RETURN SQLSTATE;
        END
        $$;
        DO $$
        BEGIN
            CREATE ROLE witan_stranger LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END
        $$;
        """

    /// Tries all of them as a role, for an organization, on a connection where nothing was ever set; after a change,
    /// which does not stay either.
    ///
    /// Triggers and foreign keys are asleep, so that privileges and policies alone decide.
    static func run(
        _ probes: [Probe], as role: String, _ setting: Setting, in database: Database, after change: String = ""
    ) async throws -> [String] {
        try await database.withConnection { connection in
            try await connection.query("BEGIN")
            if !change.isEmpty { try await connection.run(script: change) }
            try await connection.query("SET LOCAL session_replication_role = replica")
            // Teams narrow further; tests of their own look at that.
            try await connection.query("SET LOCAL app.team_id = '*'")
            if let value = setting.value {
                try await connection.query("SELECT set_config('app.org_id', \(value), true)")
            }
            let rows = try await connection.query(
                """
                SELECT probe.run(\(role), p, s) AS answer
                FROM unnest(\(probes.map(\.preparation)), \(probes.map(\.statement))) WITH ORDINALITY u (p, s, place)
                ORDER BY place
                """)
            try await connection.query("ROLLBACK")
            return try rows.map { try $0["answer"] }
        }
    }
}
