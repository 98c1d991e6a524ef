// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// What changed after a version of the identity snapshot, across organizations, by the functions made for it.
enum IdentitySnapshotStore {
    enum Revocation: Sendable {
        case session(family: UniqueID)
        case membership(organization: UniqueID, user: UniqueID, version: Int)
    }

    /// Policies of organizations; nil for one that is retired.
    static func organizations(
        after version: Int64, from database: Database
    ) async throws -> [(UniqueID, OrganizationPolicy?)] {
        try await database.query(
            """
            SELECT id, content_retention, durable_answers, unknown_price_ceiling, is_live
            FROM auth.organization_snapshot(\(version))
            """
        ).map { row in
            let policy = OrganizationPolicy(
                contentRetention: try row["content_retention"], durableAnswers: try row["durable_answers"],
                unknownPriceCeiling: try row["unknown_price_ceiling"])
            return (try row["id"], try row["is_live"] ? policy : nil)
        }
    }

    /// Keys by their hash; nil for one that is not good any more.
    static func keys(after version: Int64, from database: Database) async throws -> [(Digest, HeldKey?)] {
        try await database.query(
            """
            SELECT org_id, id, user_id, is_operator, name, role, permissions, scopes, owner_role, owner_permissions,
                   key_hash, allowed_models, allowed_addresses, expires_at, is_live
            FROM auth.key_snapshot(\(version))
            """
        ).compactMap { row in
            guard let hash = Digest(try row["key_hash"] as [UInt8]) else { return nil }
            return (hash, try row["is_live"] ? try HeldKey(row: row) : nil)
        }
    }

    static func revocations(after version: Int64, from database: Database) async throws -> [Revocation] {
        try await database.query(
            "SELECT org_id, family_id, user_id, version FROM auth.revocations(\(version))"
        ).map { row in
            if let family: UniqueID = try row["family_id"] { return .session(family: family) }
            let least: Int32 = try row["version"]
            return .membership(organization: try row["org_id"], user: try row["user_id"], version: Int(least))
        }
    }
}

extension HeldKey {
    convenience init(row: Row) throws {
        let ranges: [String] = try row["allowed_addresses"]
        self.init(
            organization: try row["org_id"], id: try row["id"], user: try row["user_id"], name: try row["name"],
            role: try Role(stored: row["role"]), permissions: try Self.permissions(row: row),
            allowedModels: try row["allowed_models"], allowedAddresses: ranges.compactMap { NetworkRange($0) },
            expiresAt: try row["expires_at"])
    }

    /// What a key may do, by columns called as in `auth.key_snapshot`.
    static func permissions(row: Row) throws -> PermissionSet {
        let ownerRole: String? = try row["owner_role"]
        return permissions(
            role: try Role(stored: row["role"]), custom: try row["permissions"], scopes: try row["scopes"],
            owner: try ownerRole.map { (try Role(stored: $0), try row["owner_permissions"]) },
            isOperator: try row["is_operator"])
    }
}
