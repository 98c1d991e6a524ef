// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Makes, lists, changes and retires roles of an organization's own; what changes counts on every node within a second.
package struct CustomRoleService: Sendable {
    private let database: Database
    private let monitor: IdentityMonitor

    package init(database: Database, monitor: IdentityMonitor) {
        self.database = database
        self.monitor = monitor
    }

    /// A new role; nobody makes one that may do more than they may.
    package func create(_ draft: CustomRoleDraft, by principal: Principal) async throws -> CustomRole {
        try draft.check()
        try principal.checkGrant(draft.permissions, to: "make a role", field: "permissions")
        let id = UniqueID.v7()
        return try await database.transaction(organization: principal.organization) { transaction in
            try await Self.naming {
                try await CustomRoleStore.insert(
                    draft, id: id, organization: principal.organization, in: transaction)
            }
            try await AuditService.append(
                "role.created", category: "auth", entity: "role:\(id)", payload: draft.payload,
                by: principal.actor, of: principal.organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Those in use, newest first; the built-in ones are not among them.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [CustomRole] {
        try await database.transaction(organization: organization) { try await CustomRoleStore.page(page, in: $0) }
    }

    /// Throws `role_not_found` when the organization has no role of this id.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> CustomRole {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> CustomRole {
        guard let found = try await CustomRoleStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "role_not_found",
                "There is no role with this id; 'witan roles list' shows those there are.")
        }
        return found
    }

    /// Changes a role, for everybody who has it. Who may do less than the role before or after cannot change it.
    package func update(
        _ id: UniqueID, by principal: Principal, change: @Sendable (inout CustomRoleDraft) throws -> Void
    ) async throws -> CustomRole {
        let updated = try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let old = try await Self.find(id, in: transaction).draft
            var new = old
            try change(&new)
            try new.check()
            try principal.checkGrant(
                old.permissions.union(new.permissions), to: "change a role", field: "permissions")
            try await Self.naming { try await CustomRoleStore.update(id, from: old, to: new, in: transaction) }
            try await AuditService.append(
                "role.updated", category: "auth", entity: "role:\(id)", payload: new.payload,
                by: principal.actor, of: principal.organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
        try await monitor.refresh()
        return updated
    }

    /// Retires a role; throws `role_in_use` while a member, a key or an open invitation has it.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            try await SnapshotVersionStore.raise("identity", in: transaction)
            let role = try await Self.find(id, in: transaction)
            try principal.checkGrant(role.draft.permissions, to: "retire a role", field: nil)
            let holders = try await CustomRoleStore.holders(of: id, in: transaction)
            guard holders == (0, 0, 0) else {
                throw DomainError(
                    .conflict, code: "role_in_use",
                    "The role is in use: members \(holders.members), keys \(holders.keys), invitations "
                        + "\(holders.invitations). Give them another one first.")
            }
            try await CustomRoleStore.retire(id, in: transaction)
            try await AuditService.append(
                "role.retired", category: "auth", entity: "role:\(id)", payload: ["name": .string(role.draft.name)],
                by: principal.actor, of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
    }

    private static func naming(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error as PostgresError where error.isUniqueViolation {
            throw DomainError(
                .conflict, code: "role_exists", "The organization has a role of this name; choose another one.",
                parameter: "name")
        }
    }
}

extension CustomRoleDraft {
    fileprivate var payload: JSONValue {
        [
            "name": .string(name), "description": .string(description),
            "permissions": .array(permissions.names.map(JSONValue.string)),
        ]
    }
}
