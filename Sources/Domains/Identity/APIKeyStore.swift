// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.api_keys`.
enum APIKeyStore {
    static func insert(
        _ key: NewAPIKey, id: UniqueID, organization: UniqueID, hash: Digest, lastFour: String, createdBy: UniqueID?,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.api_keys
                (org_id, id, name, role, key_hash, last_four, allowed_models, created_by, expires_at)
            VALUES (\(organization), \(id), \(key.name), \(key.role.rawValue), \(hash.bytes), \(lastFour),
                    \(key.allowedModels), \(createdBy), \(key.expiresAt))
            """)
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [APIKey] {
        try await transaction.query(
            """
            SELECT org_id, id, name, role, last_four, allowed_models, created_at, expires_at, revoked_at
            FROM auth.api_keys
            WHERE \(page.after)::uuid IS NULL OR id < \(page.after)
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try APIKey(row: $0) }
    }

    /// The key, or nil when the organization has none of this id.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> APIKey? {
        try await transaction.query(
            """
            SELECT org_id, id, name, role, last_four, allowed_models, created_at, expires_at, revoked_at
            FROM auth.api_keys WHERE id = \(id)
            """
        ).first.map { try APIKey(row: $0) }
    }

    /// Whether a key that was not revoked before is now.
    static func revoke(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.api_keys SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL") == 1
    }
}

extension APIKey {
    init(row: Row) throws {
        self.init(
            organization: try row["org_id"], id: try row["id"], name: try row["name"],
            role: try Role(stored: row["role"]), lastFour: try row["last_four"],
            allowedModels: try row["allowed_models"], createdAt: try row["created_at"],
            expiresAt: try row["expires_at"], revokedAt: try row["revoked_at"])
    }
}

extension Role {
    /// A role as the table holds it; its CHECK allows no other.
    init(stored: String) throws {
        guard let role = Role(rawValue: stored) else {
            throw DomainError(.internalFailure, code: "unknown_role", "The stored role \(stored) is not known.")
        }
        self = role
    }
}
