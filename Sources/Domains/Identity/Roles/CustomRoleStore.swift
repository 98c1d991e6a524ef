// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import Postgres
import SwiftExtensions

/// The table `auth.roles`.
enum CustomRoleStore {
    static func insert(
        _ draft: CustomRoleDraft, id: UniqueID, organization: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO auth.roles (org_id, id, name, description, permissions)
            VALUES (\(organization), \(id), \(draft.name), \(draft.description), \(draft.permissions.names))
            """)
    }

    static func page(_ page: PageRequest, in transaction: borrowing Transaction) async throws -> [CustomRole] {
        try await transaction.query(
            """
            SELECT id, name, description, permissions, created_at, updated_at FROM auth.roles
            WHERE retired_at IS NULL AND (\(page.after)::uuid IS NULL OR id < \(page.after))
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try CustomRole(row: $0) }
    }

    /// The role, or nil when there is none of this id, or not any more; locked against those who are about to give it.
    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> CustomRole? {
        try await transaction.query(
            """
            SELECT id, name, description, permissions, created_at, updated_at FROM auth.roles
            WHERE id = \(id) AND retired_at IS NULL FOR UPDATE
            """
        ).first.map { try CustomRole(row: $0) }
    }

    /// Names the permissions only when they change: that voids the access tokens of everybody who has the role.
    static func update(
        _ id: UniqueID, from old: CustomRoleDraft, to new: CustomRoleDraft, in transaction: borrowing Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE auth.roles SET name = \(new.name), description = \(new.description) WHERE id = \(id)")
        guard new.permissions != old.permissions else { return }
        try await transaction.execute(
            "UPDATE auth.roles SET permissions = \(new.permissions.names) WHERE id = \(id)")
    }

    static func retire(_ id: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("UPDATE auth.roles SET retired_at = now() WHERE id = \(id)")
    }

    /// Who would lose the role: members, keys and invitations that are good.
    static func holders(
        of id: UniqueID, in transaction: borrowing Transaction
    ) async throws -> (members: Int64, keys: Int64, invitations: Int64) {
        let rows = try await transaction.query(
            """
            SELECT (SELECT count(*) FROM auth.memberships m
                    WHERE m.custom_role_id = \(id) AND m.retired_at IS NULL) AS members,
                   (SELECT count(*) FROM auth.api_keys k WHERE k.custom_role_id = \(id) AND k.revoked_at IS NULL
                        AND (k.expires_at IS NULL OR k.expires_at > now())) AS keys,
                   (SELECT count(*) FROM auth.invitations i WHERE i.custom_role_id = \(id) AND i.revoked_at IS NULL
                        AND i.uses < i.max_uses AND i.expires_at > now()) AS invitations
            """)
        guard let row = rows.first else { throw DomainError.unforeseen }
        return (try row["members"], try row["keys"], try row["invitations"])
    }

    /// What a choice allows; throws `role_not_found` for a role that the organization does not have. A custom role is
    /// kept from being retired until the transaction ends.
    static func permissions(
        of choice: RoleChoice, in transaction: borrowing Transaction
    ) async throws -> PermissionSet {
        guard let custom = choice.custom else { return choice.role.permissions }
        // First the snapshot's counter, then roles: whoever changes both locks them in this order.
        try await SnapshotVersionStore.raise("identity", in: transaction)
        let rows = try await transaction.query(
            "SELECT permissions FROM auth.roles WHERE id = \(custom) AND retired_at IS NULL FOR SHARE")
        guard let row = rows.first else {
            throw DomainError(
                .invalid, code: "role_not_found", "custom_role must be the id of one of the organization's own roles.",
                parameter: "custom_role")
        }
        return PermissionSet(named: try row["permissions"]).intersection(Permission.grantable)
    }
}

extension CustomRole {
    init(row: Row) throws {
        self.init(
            id: try row["id"],
            draft: CustomRoleDraft(
                name: try row["name"], description: try row["description"],
                permissions: PermissionSet(named: try row["permissions"])),
            createdAt: try row["created_at"], updatedAt: try row["updated_at"])
    }
}
