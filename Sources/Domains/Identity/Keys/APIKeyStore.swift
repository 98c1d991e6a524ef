// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.api_keys`.
enum APIKeyStore {
    static func insert(
        _ key: NewAPIKey, id: UniqueID, organization: UniqueID, hash: Digest, lastFour: String, createdBy: UniqueID?,
        rotatedFrom: UniqueID?, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.api_keys
                (org_id, id, name, role, custom_role_id, scopes, key_hash, last_four, allowed_models,
                 allowed_addresses, user_id, created_by, rotated_from, expires_at)
            VALUES (\(organization), \(id), \(key.name), \(key.role.role.rawValue), \(key.role.custom),
                    \(key.limits.scopes), \(hash.bytes), \(lastFour), \(key.limits.allowedModels),
                    \(key.limits.allowedAddresses)::text[]::cidr[], \(key.owner), \(createdBy), \(rotatedFrom),
                    \(key.limits.expiresAt))
            """)
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [APIKey] {
        try await transaction.query(
            """
            SELECT org_id, id, name, role, custom_role_id, scopes, last_four, allowed_models,
                   allowed_addresses::text[] AS allowed_addresses, user_id, rotated_from, created_at, expires_at,
                   revoked_at, last_used
            FROM auth.api_keys
            WHERE \(page.after)::uuid IS NULL OR id < \(page.after)
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try APIKey(row: $0) }
    }

    /// The key, or nil when the organization has none of this id; locked for this transaction, so that of two changes
    /// at once one comes after the other.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> APIKey? {
        try await transaction.query(
            """
            SELECT org_id, id, name, role, custom_role_id, scopes, last_four, allowed_models,
                   allowed_addresses::text[] AS allowed_addresses, user_id, rotated_from, created_at, expires_at,
                   revoked_at, last_used
            FROM auth.api_keys WHERE id = \(id) FOR UPDATE
            """
        ).first.map { try APIKey(row: $0) }
    }

    static func update(
        _ id: UniqueID, name: String, limits: APIKeyLimits, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.api_keys SET name = \(name), scopes = \(limits.scopes),
                allowed_models = \(limits.allowedModels),
                allowed_addresses = \(limits.allowedAddresses)::text[]::cidr[], expires_at = \(limits.expiresAt),
                version = version + 1
            WHERE id = \(id)
            """)
    }

    /// Whether a key that was not revoked before is now.
    static func revoke(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await transaction.execute(
            "UPDATE auth.api_keys SET revoked_at = now() WHERE id = \(id) AND revoked_at IS NULL") == 1
    }

    /// What a key may do now; nil when it is not good any more: revoked or expired, its owner or role retired.
    static func permissions(
        of id: UniqueID, in transaction: borrowing Transaction
    ) async throws -> PermissionSet? {
        try await transaction.query(
            """
            SELECT k.role, r.permissions, k.scopes, m.role AS owner_role, p.permissions AS owner_permissions,
                   coalesce(u.role = 'operator', false) AS is_operator
            FROM auth.api_keys k
            LEFT JOIN auth.memberships m ON m.org_id = k.org_id AND m.user_id = k.user_id
            LEFT JOIN auth.users u ON u.id = k.user_id
            LEFT JOIN auth.roles r ON r.org_id = k.org_id AND r.id = k.custom_role_id
            LEFT JOIN auth.roles p ON p.org_id = m.org_id AND p.id = m.custom_role_id
            WHERE k.id = \(id) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
                AND m.retired_at IS NULL AND r.retired_at IS NULL
            """
        ).first.map { try HeldKey.permissions(row: $0) }
    }

    /// Whose a key is or was, good or not, before its organization is known; nil for one that never was.
    static func holder(of hash: Digest, in database: Database) async throws -> KnownCaller? {
        try await database.query("SELECT org_id, id, user_id FROM auth.key_holder(\(hash.bytes))").first.map {
            KnownCaller(organization: try $0["org_id"], caller: .key(try $0["id"]), person: try $0["user_id"])
        }
    }

    /// A rotated key's last moment; never later than it had.
    static func expire(_ id: UniqueID, at time: Timestamp, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            "UPDATE auth.api_keys SET expires_at = least(expires_at, \(time)) WHERE id = \(id)")
    }

    /// When keys of one organization were last used; earlier times than are known change nothing.
    static func used(_ keys: [UniqueID], at times: [Timestamp], in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE auth.api_keys k SET last_used = date_trunc('minute', u.at)
            FROM unnest(\(keys)::uuid[], \(times)::timestamptz[]) AS u (id, at)
            WHERE k.id = u.id AND (k.last_used IS NULL OR k.last_used < date_trunc('minute', u.at))
            """)
    }
}

extension APIKey {
    init(row: Row) throws {
        self.init(
            organization: try row["org_id"], id: try row["id"], name: try row["name"],
            role: RoleChoice(try Role(stored: row["role"]), custom: try row["custom_role_id"]),
            scopes: try row["scopes"],
            lastFour: try row["last_four"], allowedModels: try row["allowed_models"],
            allowedAddresses: try row["allowed_addresses"], owner: try row["user_id"],
            rotatedFrom: try row["rotated_from"], createdAt: try row["created_at"],
            expiresAt: try row["expires_at"], revokedAt: try row["revoked_at"], lastUsed: try row["last_used"])
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
