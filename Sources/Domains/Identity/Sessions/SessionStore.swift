// SPDX-License-Identifier: Apache-2.0
import Core
import Cryptography
import Postgres
import SwiftExtensions

/// The table `auth.sessions`: a row for each refresh token.
///
/// A family is over when any of its rows is revoked. Who ends it waits for a refresh that is going on, and then marks
/// the row that was current before; the row that the refresh has made meanwhile it does not see.
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
        /// The family's.
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
            SELECT s.id, s.family_id, s.user_id, s.second_factor, s.device_info::text AS device_info, s.created_at,
                   s.expires_at, s.rotated_at IS NOT NULL AS is_rotated, now() AS now,
                   s.revoked_at IS NOT NULL OR EXISTS (SELECT FROM auth.sessions f WHERE f.org_id = s.org_id
                       AND f.family_id = s.family_id AND f.revoked_at IS NOT NULL) AS is_revoked
            FROM auth.sessions s WHERE s.id = \(id) FOR UPDATE
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

    /// Notes that the person of a sign-in has given a second factor. A row that a refresh makes meanwhile goes without,
    /// and is not renewed.
    static func prove(
        _ factor: SecondFactorKind, family: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE auth.sessions SET second_factor = \(factor.rawValue)
            WHERE family_id = \(family) AND rotated_at IS NULL AND second_factor IS NULL
            """)
    }

    /// Ends a sign-in, or all of a person's, by marking the row that is current of each; returns those that were going
    /// on. The choice of rows comes first and stands, so that one that is rotated while this waits for it is marked.
    static func end(
        family: UniqueID? = nil, of user: UniqueID, except spared: UniqueID? = nil, why: String,
        in transaction: borrowing Transaction
    ) async throws -> Set<UniqueID> {
        let rows = try await transaction.query(
            """
            WITH current AS MATERIALIZED (
                SELECT s.org_id, s.id FROM auth.sessions s
                WHERE s.user_id = \(user) AND s.rotated_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > now()
                    AND (\(family)::uuid IS NULL OR s.family_id = \(family))
                    AND s.family_id IS DISTINCT FROM \(spared)::uuid
                    AND NOT EXISTS (SELECT FROM auth.sessions f WHERE f.org_id = s.org_id
                        AND f.family_id = s.family_id AND f.revoked_at IS NOT NULL))
            UPDATE auth.sessions s SET revoked_at = now(), revoked_reason = \(why)
            FROM current c WHERE s.org_id = c.org_id AND s.id = c.id AND s.revoked_at IS NULL
            RETURNING s.family_id
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
                   s.second_factor, f.created_at, s.created_at AS last_used, s.expires_at
            FROM auth.sessions s
            CROSS JOIN LATERAL (SELECT min(f.created_at) AS created_at, bool_or(f.revoked_at IS NOT NULL) AS is_over
                FROM auth.sessions f WHERE f.org_id = s.org_id AND f.family_id = s.family_id) f
            WHERE s.user_id = \(user) AND s.rotated_at IS NULL AND NOT f.is_over AND s.expires_at > now()
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
