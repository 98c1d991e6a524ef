// SPDX-License-Identifier: Apache-2.0
package import Postgres

/// The installation as a whole: what its database is for, who may act as its roles, and its schemas. As who migrates.
package enum InstallationStore {
    /// The database's name.
    package static func databaseName(in database: Database) async throws -> String {
        let rows = try await database.query("SELECT current_database()::text AS name")
        return try rows.first?["name"] ?? ""
    }

    /// Whether the schema is there.
    package static func hasSchema(in database: Database) async throws -> Bool {
        let rows = try await database.query("SELECT to_regclass('ops.jobs') IS NOT NULL AS found")
        return try rows.first?["found"] ?? false
    }

    /// What the database is for; nil when nobody has said, or there is no schema yet.
    package static func environment(in database: Database) async throws -> String? {
        let found = try await database.query("SELECT to_regclass('ops.settings') IS NOT NULL AS found")
        guard try found.first?["found"] ?? false else { return nil }
        return try await database.query("SELECT value FROM ops.settings WHERE name = 'environment'")
            .first.map { try $0["value"] }
    }

    /// Says what the database is for.
    package static func setEnvironment(_ environment: String, in database: Database) async throws {
        try await database.execute(
            """
            INSERT INTO ops.settings (name, value) VALUES ('environment', \(environment))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, set_at = now()
            """)
    }

    /// Lets a login act as these roles.
    package static func grant(_ roles: [String], to login: String, in database: Database) async throws {
        for role in roles { try await database.execute("GRANT \(identifier: role) TO \(identifier: login)") }
    }

    /// Connections of other programs of ours to this database.
    package static func otherPrograms(in database: Database) async throws -> Int {
        let rows = try await database.query(
            """
            SELECT count(*)::int AS others FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'witan %'
                AND application_name NOT IN ('witan command', 'witan migrate')
            """)
        let others: Int32 = try rows.first?["others"] ?? 0
        return Int(others)
    }

    /// Drops every schema that belongs to `witan_owner`, with all that is in it, in one transaction; their names.
    package static func dropSchemas(in database: Database) async throws -> [String] {
        try await database.transaction { transaction in
            let names: [String] = try await transaction.query(
                """
                SELECT n.nspname::text AS name FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner
                WHERE r.rolname = 'witan_owner' ORDER BY 1
                """
            ).map { try $0["name"] }
            for name in names { try await transaction.execute("DROP SCHEMA \(identifier: name) CASCADE") }
            return names
        }
    }
}
