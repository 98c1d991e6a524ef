// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The table `auth.organizations`, across organizations: by the function made for it, or one at a time.
enum OrganizationDirectoryStore {
    static func page(_ page: PageRequest, in database: Database) async throws -> [ListedOrganization] {
        try await database.query(
            """
            SELECT id, name, slug, plan, member_count, created_at, retired_at
            FROM auth.organization_directory(\(page.after), \(Int32(page.limit)))
            """
        ).map { try ListedOrganization(row: $0) }
    }

    /// Nil when there is none; the transaction must be the organization's own.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> ListedOrganization? {
        try await transaction.query(
            """
            SELECT o.id, o.name, o.slug, o.plan, o.created_at, o.retired_at,
                   (SELECT count(*) FROM auth.memberships m
                    WHERE m.org_id = o.id AND m.retired_at IS NULL) AS member_count
            FROM auth.organizations o WHERE o.id = \(id)
            """
        ).first.map { try ListedOrganization(row: $0) }
    }

    static func update(
        _ id: UniqueID, name: String, plan: OrganizationPlan, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE auth.organizations SET name = \(name), plan = \(plan.rawValue) WHERE id = \(id)")
    }

    /// Whether an organization that was not retired before is now.
    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.organizations SET retired_at = now() WHERE id = \(id) AND retired_at IS NULL") == 1
    }
}

extension ListedOrganization {
    init(row: Row) throws {
        let stored: String = try row["plan"]
        // The table's CHECK allows no other.
        guard let plan = OrganizationPlan(rawValue: stored) else { throw DomainError.unforeseen }
        self.init(
            id: try row["id"], name: try row["name"], slug: try row["slug"], plan: plan,
            memberCount: try row["member_count"], createdAt: try row["created_at"], retiredAt: try row["retired_at"])
    }
}
