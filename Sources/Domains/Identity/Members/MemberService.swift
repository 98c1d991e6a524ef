// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// The people of an organization: who they are, what they may do, and their leaving. People come by invitation.
package struct MemberService: Sendable {
    private let database: Database
    private let monitor: IdentityMonitor

    package init(database: Database, monitor: IdentityMonitor) {
        self.database = database
        self.monitor = monitor
    }

    /// Those who belong to the organization now, the newest accounts first.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [Member] {
        try await database.transaction(organization: organization) { try await MemberStore.page(page, in: $0) }
    }

    /// Throws `user_not_found` for who does not belong to the organization.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> Member {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> Member {
        guard let found = try await MemberStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "user_not_found",
                "The organization has no member with this id; 'witan users list' shows those there are.")
        }
        return found
    }

    /// Gives a member another role, on every node within a second. Their invitations that are still open are revoked
    /// when they lose a right. Throws `last_admin`, `own_membership`, `role_too_high`, `role_not_found`.
    package func update(
        _ id: UniqueID, by principal: Principal, change: @Sendable (RoleChoice) throws -> RoleChoice
    ) async throws -> Member {
        let updated = try await database.transaction(organization: principal.organization) { transaction in
            // One change of memberships at a time: the next sees what this one did.
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let member = try await Self.find(id, in: transaction)
            try member.checkManaged(by: principal)
            let role = try change(member.role)
            let permissions = try await CustomRoleStore.permissions(of: role, in: transaction)
            try principal.checkGrant(permissions, to: "make a member")
            guard role != member.role else { return member }
            try await MemberStore.update(id, to: role, in: transaction)
            let invitations =
                member.permissions.isSubset(of: permissions)
                ? 0 : try await MemberStore.revokeInvitations(by: id, in: transaction)
            try await AuditService.append(
                "member.updated", category: "auth", entity: "user:\(id)",
                payload: [
                    "role": .string(role.role.rawValue), "custom_role": role.customName,
                    "old_role": .string(member.role.role.rawValue), "old_custom_role": member.role.customName,
                    "invitations_revoked": .number(JSONNumber(Int64(invitations))),
                ], by: principal.actor, of: principal.organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
        try await monitor.refresh()
        return updated
    }

    /// Ends a membership with all that hangs on it here: sessions, keys, places in teams, open invitations. The person
    /// remains, and may be invited again. Throws `last_admin`, `own_membership`, `role_too_high`.
    package func remove(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let member = try await Self.find(id, in: transaction)
            try member.checkManaged(by: principal)
            try await MemberStore.retire(id, in: transaction)
            let keys = try await MemberStore.endAccess(of: id, in: transaction)
            let invitations = try await MemberStore.revokeInvitations(by: id, in: transaction)
            try await AuditService.append(
                "member.removed", category: "auth", entity: "user:\(id)",
                payload: [
                    "role": .string(member.role.role.rawValue), "custom_role": member.role.customName,
                    "keys_revoked": .array(keys.map { .string("key:\($0)") }),
                    "invitations_revoked": .number(JSONNumber(Int64(invitations))),
                ], by: principal.actor, of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
    }
}

extension RoleChoice {
    /// The custom role as the log names it.
    var customName: JSONValue { custom.map { .string("role:\($0)") } ?? .null }
}
