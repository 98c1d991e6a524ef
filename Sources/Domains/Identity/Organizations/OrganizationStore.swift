// SPDX-License-Identifier: Apache-2.0
import Core
import JSON
import Postgres
import SwiftExtensions

/// The tables `auth.organizations`, `auth.users` and `auth.memberships`, as far as the first start needs them.
enum OrganizationStore {
    static func exists(in database: Database) async throws -> Bool {
        let rows = try await database.query("SELECT auth.organization_exists() AS found")
        guard let row = rows.first else { return false }
        return try row["found"]
    }

    /// False when another node was faster; waits for one that is at it.
    static func insert(
        _ id: UniqueID, name: String, slug: String, in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO auth.organizations (id, name, slug) VALUES (\(id), \(name), \(slug)) ON CONFLICT DO NOTHING
            """) == 1
    }

    static func insertAdministrator(
        _ user: UniqueID, email: String, name: String, of organization: UniqueID,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "INSERT INTO auth.users (id, email, name, role) VALUES (\(user), \(email), \(name), 'operator')")
        try await transaction.execute(
            "INSERT INTO auth.memberships (org_id, user_id, role) VALUES (\(organization), \(user), 'admin')")
    }

    /// Changes what is given and leaves the rest; settings take the place of all there were.
    static func update(
        _ id: UniqueID, _ change: OrganizationChange, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.organizations SET
                name = coalesce(\(change.name), name), plan = coalesce(\(change.plan?.rawValue), plan),
                settings = coalesce(\(change.settings?.description)::jsonb, settings),
                content_retention = coalesce(\(change.contentRetention), content_retention),
                durable_answers = coalesce(\(change.durableAnswers), durable_answers),
                require_two_factor = coalesce(\(change.requiresTwoFactor), require_two_factor),
                unknown_price_ceiling = CASE WHEN \(change.clearsCeiling) THEN NULL
                    ELSE coalesce(\(change.ceiling), unknown_price_ceiling) END
            WHERE id = \(id)
            """)
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Organization? {
        try await transaction.query(
            """
            SELECT id, name, slug, plan, settings::text AS settings, require_two_factor, content_retention,
                   durable_answers, unknown_price_ceiling
            FROM auth.organizations WHERE id = \(id)
            """
        ).first.map { row in
            Organization(
                id: try row["id"], name: try row["name"], slug: try row["slug"], plan: try row["plan"],
                settings: try JSONValue(parsing: Array((try row["settings"] as String).utf8)),
                requiresTwoFactor: try row["require_two_factor"],
                policy: OrganizationPolicy(
                    contentRetention: try row["content_retention"], durableAnswers: try row["durable_answers"],
                    unknownPriceCeiling: try row["unknown_price_ceiling"]))
        }
    }
}
