// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// All organizations of the installation, for those who run it: made, listed and retired. What is in them is seen by
/// their own people only.
package struct OrganizationDirectoryService: Sendable {
    /// What belongs to every new organization and is another domain's.
    package typealias Furnishing =
        @Sendable (_ organization: UniqueID, _ transaction: borrowing Transaction) async throws -> Void

    private let database: Database
    private let monitor: IdentityMonitor
    private let invitations: InvitationService
    private let furnish: Furnishing

    /// `furnish` runs in the transaction that makes an organization.
    package init(
        database: Database, monitor: IdentityMonitor, invitations: InvitationService, furnish: @escaping Furnishing
    ) {
        self.database = database
        self.monitor = monitor
        self.invitations = invitations
        self.furnish = furnish
    }

    /// A new organization and the invitation of its first administrator; the code is nil where it was mailed. Throws
    /// `organization_exists` when another one has the slug.
    package func create(
        _ new: NewOrganization, by principal: Principal
    ) async throws -> (organization: ListedOrganization, invitation: Invitation, code: InvitationCode?) {
        let id = UniqueID.v7()
        let (organization, made) = try await database.transaction(organization: id) { transaction in
            guard try await OrganizationStore.insert(id, name: new.name, slug: new.slug, in: transaction) else {
                throw DomainError(
                    .conflict, code: "organization_exists",
                    "There is, or was, an organization with this slug; choose another one.", parameter: "slug")
            }
            try await OrganizationDirectoryStore.update(id, name: new.name, plan: new.plan, in: transaction)
            try await furnish(id, transaction)
            // Who runs the installation is no member here, so that nobody is named as the inviter.
            let made = try await InvitationService.create(
                new.administrator, organization: id, by: principal.actor, creator: nil, in: transaction)
            try await Self.record(
                "organization.created", id,
                [
                    "name": .string(new.name), "slug": .string(new.slug), "plan": .string(new.plan.rawValue),
                    "invitation": .string("invitation:\(made.invitation.id)"),
                ], by: principal, in: transaction)
            return (try await Self.find(id, in: transaction), made)
        }
        try await monitor.refresh()
        let code = invitations.send(
            made.code, for: new.administrator, organization: new.name, askedBy: principal.organization)
        return (organization, made.invitation, code)
    }

    /// In the log of the organization, and in that of the operator's own: only there is a key to seal with where a
    /// person's request came from, and only there do those look who watch the operators.
    private static func record(
        _ action: String, _ id: UniqueID, _ payload: JSONValue = [:], by principal: Principal,
        in transaction: borrowing Transaction
    ) async throws {
        for organization in Set([id, principal.organization]) {
            try await PersonAuditService.confine(to: organization, in: transaction)
            try await AuditService.append(
                action, category: "auth", entity: "organization:\(id)", payload: payload, by: principal.actor,
                of: organization, in: transaction)
        }
        try await PersonAuditService.confine(to: id, in: transaction)
    }

    /// Newest first, retired ones included.
    package func list(_ page: PageRequest) async throws -> [ListedOrganization] {
        try await OrganizationDirectoryStore.page(page, in: database)
    }

    /// Throws `organization_not_found`.
    package func find(_ id: UniqueID) async throws -> ListedOrganization {
        try await database.transaction(organization: id) { try await Self.find(id, in: $0) }
    }

    private static func find(
        _ id: UniqueID, in transaction: borrowing Transaction
    ) async throws -> ListedOrganization {
        guard let found = try await OrganizationDirectoryStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "organization_not_found",
                "There is no organization with this id; 'witan organizations list' shows those there are.")
        }
        return found
    }

    /// Changes name and plan; nil leaves it.
    package func update(
        _ id: UniqueID, name: String?, plan: OrganizationPlan?, by principal: Principal
    ) async throws -> ListedOrganization {
        try await database.transaction(organization: id) { transaction in
            let old = try await Self.find(id, in: transaction)
            let (name, plan) = (name ?? old.name, plan ?? old.plan)
            try DisplayName.check(name)
            try await OrganizationDirectoryStore.update(id, name: name, plan: plan, in: transaction)
            try await Self.record(
                "organization.updated", id, ["name": .string(name), "plan": .string(plan.rawValue)], by: principal,
                in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Retires an organization: its keys and tokens are refused on every node within a second, and nothing is deleted.
    /// Throws `own_organization` for the caller's.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        guard id != principal.organization else {
            throw DomainError(
                .conflict, code: "own_organization",
                "Nobody retires the organization they act in; use an operator's key of another one.",
                shouldRetry: false)
        }
        try await database.transaction(organization: id) { transaction in
            _ = try await Self.find(id, in: transaction)
            guard try await OrganizationDirectoryStore.retire(id, in: transaction) else { return }
            try await Self.record("organization.retired", id, by: principal, in: transaction)
        }
        try await monitor.refresh()
    }
}
