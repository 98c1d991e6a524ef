// SPDX-License-Identifier: Apache-2.0
import Core
import Postgres
import SwiftExtensions

/// The tables `auth.memberships` and `auth.users`, as an organization sees its people.
enum MemberStore {
    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [Member] {
        try await transaction.query(
            """
            SELECT m.user_id, u.email, u.name, u.role = 'operator' AS is_operator, u.verified,
                   u.totp_confirmed_at IS NOT NULL AS has_second_factor, u.last_login, m.role, m.custom_role_id,
                   r.permissions, m.created_at
            FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
            LEFT JOIN auth.roles r ON r.org_id = m.org_id AND r.id = m.custom_role_id
            WHERE m.retired_at IS NULL AND (\(page.after)::uuid IS NULL OR m.user_id < \(page.after))
            ORDER BY m.user_id DESC LIMIT \(page.limit)
            """
        ).map { try Member(row: $0) }
    }

    /// The member, or nil when the organization has none of this id, or not any more.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Member? {
        try await transaction.query(
            """
            SELECT m.user_id, u.email, u.name, u.role = 'operator' AS is_operator, u.verified,
                   u.totp_confirmed_at IS NOT NULL AS has_second_factor, u.last_login, m.role, m.custom_role_id,
                   r.permissions, m.created_at
            FROM auth.memberships m JOIN auth.users u ON u.id = m.user_id
            LEFT JOIN auth.roles r ON r.org_id = m.org_id AND r.id = m.custom_role_id
            WHERE m.user_id = \(id) AND m.retired_at IS NULL
            """
        ).first.map { try Member(row: $0) }
    }

    /// Whether the person belongs to the organization; they cannot leave it before the transaction ends.
    static func isMember(_ user: UniqueID, in transaction: borrowing Transaction) async throws -> Bool {
        try await !transaction.query(
            "SELECT 1 AS found FROM auth.memberships WHERE user_id = \(user) AND retired_at IS NULL FOR SHARE"
        ).isEmpty
    }

    /// Makes a person a member, or one again; false when they are one already.
    static func join(
        _ user: UniqueID, organization: UniqueID, as role: RoleChoice, in transaction: borrowing Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO auth.memberships (org_id, user_id, role, custom_role_id)
            VALUES (\(organization), \(user), \(role.role.rawValue), \(role.custom))
            ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role,
                custom_role_id = excluded.custom_role_id, retired_at = NULL
            WHERE memberships.retired_at IS NOT NULL
            """) == 1
    }

    /// Somebody new, who belongs nowhere yet.
    static func insert(
        _ user: UniqueID, email: EmailAddress, name: String, passwordHash: String, isVerified: Bool,
        in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.users (id, email, name, password_hash, verified)
            VALUES (\(user), \(email.description), \(name), \(passwordHash), \(isVerified))
            """)
    }

    /// Takes a member's address for proven.
    static func verify(_ user: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("UPDATE auth.users SET verified = true WHERE id = \(user) AND NOT verified")
    }

    /// Throws `last_admin` when no administrator would be left.
    static func update(
        _ user: UniqueID, to role: RoleChoice, in transaction: borrowing Transaction
    ) async throws {
        try await keepingAdmin {
            try await transaction.execute(
                """
                UPDATE auth.memberships SET role = \(role.role.rawValue), custom_role_id = \(role.custom)
                WHERE user_id = \(user) AND retired_at IS NULL
                """)
        }
    }

    /// Ends a membership; throws `last_admin` when no administrator would be left.
    static func retire(_ user: UniqueID, in transaction: borrowing Transaction) async throws {
        try await keepingAdmin {
            try await transaction.execute(
                "UPDATE auth.memberships SET retired_at = now() WHERE user_id = \(user) AND retired_at IS NULL")
        }
    }

    /// Ends what a person has here beside the membership: sessions, keys, places in teams. All of it stays ended when
    /// they become a member again. Returns the ids of the keys.
    static func endAccess(of user: UniqueID, in transaction: borrowing Transaction) async throws -> [UniqueID] {
        _ = try await SessionStore.end(of: user, why: "left the organization", in: transaction)
        try await transaction.execute(
            "UPDATE auth.team_members SET retired_at = now() WHERE user_id = \(user) AND retired_at IS NULL")
        return try await transaction.query(
            "UPDATE auth.api_keys SET revoked_at = now() WHERE user_id = \(user) AND revoked_at IS NULL RETURNING id"
        ).map { try $0["id"] }
    }

    /// Revokes the open invitations that a person made: what they may not give any more must not be taken.
    static func revokeInvitations(by user: UniqueID, in transaction: borrowing Transaction) async throws -> Int {
        try await transaction.execute(
            """
            UPDATE auth.invitations SET revoked_at = now()
            WHERE created_by = \(user) AND revoked_at IS NULL AND uses < max_uses AND expires_at > now()
            """)
    }

    /// The rule stands in the schema, where nothing gets around it.
    private static func keepingAdmin(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as PostgresError {
            guard case .server(let cause) = error, cause.constraint == "memberships_admin" else { throw error }
            throw DomainError(
                .conflict, code: "last_admin",
                "This is the organization's last administrator; make somebody else one first.", shouldRetry: false)
        }
    }
}

extension Member {
    init(row: Row) throws {
        let role = RoleChoice(try Role(stored: row["role"]), custom: try row["custom_role_id"])
        let own: [String]? = try row["permissions"]
        self.init(
            id: try row["user_id"], email: try row["email"], name: try row["name"], role: role,
            permissions: own.map { PermissionSet(named: $0).intersection(Permission.grantable) }
                ?? role.role.permissions,
            isOperator: try row["is_operator"], isVerified: try row["verified"],
            hasSecondFactor: try row["has_second_factor"], lastLogin: try row["last_login"],
            joinedAt: try row["created_at"])
    }
}
