// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.sessions`: a row for each refresh token.
enum SessionStore {
    /// A row as a refresh finds it.
    struct Held: Sendable {
        let id: UniqueID
        let family: UniqueID
        let user: UniqueID
        let secondFactor: SecondFactorKind?
        let deviceInfo: String
        let createdAt: Timestamp
        let expiresAt: Timestamp
        let isRotated: Bool
        let isRevoked: Bool
        let now: Timestamp
    }

    static func insert(
        _ id: UniqueID, family: UniqueID, person: ProvenPerson, deviceInfo: String, token: Digest,
        expiresAt: Timestamp, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.sessions
                (org_id, id, family_id, user_id, refresh_token_hash, device_info, ip_address, second_factor, expires_at)
            VALUES (\(person.organization), \(id), \(family), \(person.user), \(token.bytes),
                    \(PostgresJSON(deviceInfo)), \(NetworkAddress(person.origin.address)?.description)::text::inet,
                    \(person.secondFactor?.rawValue), \(expiresAt))
            """)
    }

    /// Of which organization a refresh token is; nil when it is none of ours.
    static func organization(of token: Digest, in database: Database) async throws -> (UniqueID, session: UniqueID)? {
        try await database.query(
            "SELECT org_id, id FROM auth.session_by_token(\(token.bytes))"
        ).first.map { (try $0["org_id"], try $0["id"]) }
    }

    /// The row, locked, so that of two uses of a token one comes after the other; with the database's time.
    static func lock(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Held? {
        try await transaction.query(
            """
            SELECT id, family_id, user_id, second_factor, device_info::text AS device_info, created_at, expires_at,
                   rotated_at IS NOT NULL AS is_rotated, revoked_at IS NOT NULL AS is_revoked, now() AS now
            FROM auth.sessions WHERE id = \(id) FOR UPDATE
            """
        ).first.map { row in
            let factor: String? = try row["second_factor"]
            return Held(
                id: try row["id"], family: try row["family_id"], user: try row["user_id"],
                secondFactor: factor.flatMap { SecondFactorKind(rawValue: $0) }, deviceInfo: try row["device_info"],
                createdAt: try row["created_at"], expiresAt: try row["expires_at"], isRotated: try row["is_rotated"],
                isRevoked: try row["is_revoked"], now: try row["now"])
        }
    }

    static func rotate(_ id: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            "UPDATE auth.sessions SET rotated_at = now(), last_used = date_trunc('minute', now()) WHERE id = \(id)")
    }

    /// Ends a sign-in, or all of a person's; returns those that were going on.
    static func end(
        family: UniqueID? = nil, of user: UniqueID, except spared: UniqueID? = nil, why: String,
        in transaction: borrowing Transaction
    ) async throws -> Set<UniqueID> {
        let rows = try await transaction.query(
            """
            UPDATE auth.sessions SET revoked_at = now(), revoked_reason = \(why)
            WHERE user_id = \(user) AND revoked_at IS NULL AND expires_at > now()
                AND (\(family)::uuid IS NULL OR family_id = \(family))
                AND family_id IS DISTINCT FROM \(spared)::uuid
            RETURNING family_id
            """)
        return Set(try rows.map { try $0["family_id"] })
    }

    /// A person's devices that are signed in, the newest first.
    static func list(
        of user: UniqueID, _ page: PageRequest, in transaction: borrowing Transaction
    ) async throws -> [Session] {
        try await transaction.query(
            """
            SELECT s.family_id, s.user_id, s.device_info::text AS device_info, host(s.ip_address) AS address,
                   s.second_factor, first.created_at, s.created_at AS last_used, s.expires_at
            FROM auth.sessions s
            CROSS JOIN LATERAL (SELECT min(f.created_at) AS created_at FROM auth.sessions f
                WHERE f.org_id = s.org_id AND f.family_id = s.family_id) first
            WHERE s.user_id = \(user) AND s.rotated_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > now()
                AND (\(page.after)::uuid IS NULL OR s.family_id < \(page.after))
            ORDER BY s.family_id DESC LIMIT \(page.limit)
            """
        ).map { row in
            let factor: String? = try row["second_factor"]
            return Session(
                id: try row["family_id"], user: try row["user_id"], deviceInfo: try row["device_info"],
                address: try row["address"], secondFactor: factor.flatMap { SecondFactorKind(rawValue: $0) },
                createdAt: try row["created_at"], lastUsed: try row["last_used"], expiresAt: try row["expires_at"])
        }
    }

    /// What a person may do in the organization of the transaction; nil when they do not belong to it (any more).
    static func rights(of user: UniqueID, in transaction: borrowing Transaction) async throws -> MembershipRights? {
        try await transaction.query(
            """
            SELECT m.version, m.role, r.permissions, u.role = 'operator' AS is_operator, o.require_two_factor,
                   u.totp_confirmed_at IS NOT NULL AS has_second_factor
            FROM auth.memberships m
            JOIN auth.users u ON u.id = m.user_id
            JOIN auth.organizations o ON o.id = m.org_id
            LEFT JOIN auth.roles r ON r.org_id = m.org_id AND r.id = m.custom_role_id
            WHERE m.user_id = \(user) AND m.retired_at IS NULL AND u.retired_at IS NULL AND o.retired_at IS NULL
            """
        ).first.map { row in
            let custom: [String]? = try row["permissions"]
            let version: Int32 = try row["version"]
            return MembershipRights(
                version: Int(version), role: try Role(stored: row["role"]),
                custom: custom.map { PermissionSet(named: $0).intersection(Permission.grantable) },
                isOperator: try row["is_operator"], needsSecondFactor: try row["require_two_factor"],
                hasSecondFactor: try row["has_second_factor"])
        }
    }
}
