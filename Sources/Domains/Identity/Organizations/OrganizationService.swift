// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
import JSON
package import Postgres
package import SwiftExtensions

/// The organization: made at the first start, its policy changed afterwards.
package struct OrganizationService: Sendable {
    private let database: Database
    private let pepper: HMACSHA256
    private let monitor: IdentityMonitor

    package init(database: Database, pepper: HMACSHA256, monitor: IdentityMonitor) {
        self.database = database
        self.pepper = pepper
        self.monitor = monitor
    }

    /// On an empty database: the first organization, its administrator and one key, in one transaction. `also` adds
    /// what else belongs to a first start and keeps the key: what it has not kept when it returns may be lost to a
    /// crash after the commit. Nil when there is an organization already.
    package func bootstrap(
        also more:
            @Sendable (
                _ organization: UniqueID, _ key: APIKeyToken, _ transaction: borrowing Transaction
            ) async throws -> Void
    ) async throws -> APIKeyToken? {
        guard try await !OrganizationStore.exists(in: database) else { return nil }
        let organization = UniqueID.v7()
        return try await database.transaction(organization: organization) { transaction in
            guard
                try await OrganizationStore.insert(organization, name: "Default", slug: "default", in: transaction)
            else { return nil }
            let user = UniqueID.v7()
            let key = try NewAPIKey(name: "first administrator", role: .admin, owner: user)
            try await OrganizationStore.insertAdministrator(
                user, email: "admin@localhost.localdomain", name: "Administrator", of: organization, in: transaction)
            try await AuditService.append(
                "organization.created", category: "auth", entity: "organization:\(organization)",
                payload: ["administrator": .string("user:\(user)")], by: .system, of: organization, in: transaction)
            let made = try await APIKeyService.create(
                key, organization: organization, by: .system, creator: nil, pepper: pepper, in: transaction)
            try await more(organization, made.token, transaction)
            return made.token
        }
    }

    /// The id comes from a key, so one that is not there is a failure of ours.
    package func find(_ id: UniqueID) async throws -> Organization {
        let found = try await database.transaction(organization: id) { try await OrganizationStore.find(id, in: $0) }
        guard let found else { throw DomainError.unforeseen }
        return found
    }

    /// Changes the policy; what is nil stays.
    package func update(_ change: OrganizationChange, by principal: Principal) async throws -> Organization {
        try await database.transaction(organization: principal.organization) { transaction in
            try await OrganizationStore.update(
                principal.organization, contentRetention: change.contentRetention,
                durableAnswers: change.durableAnswers, ceiling: change.ceiling, clearCeiling: change.clearsCeiling,
                requireTwoFactor: change.requiresTwoFactor, in: transaction)
            try await AuditService.append(
                "organization.updated", category: "auth", entity: "organization:\(principal.organization)",
                payload: change.payload, by: principal.actor, of: principal.organization, in: transaction)
        }
        try await monitor.refresh()
        return try await find(principal.organization)
    }
}

/// What is to change of an organization's policy.
package struct OrganizationChange: Sendable {
    /// Nil leaves it.
    package var contentRetention: Bool?
    /// Nil leaves it.
    package var durableAnswers: Bool?
    /// Nil leaves it.
    package var requiresTwoFactor: Bool?
    /// Dollars per token.
    package var ceiling: FixedDecimal?
    /// Whether the ceiling is removed, so that calls without a price are refused.
    package var clearsCeiling = false

    /// Like every price at most $1,000 per token, so that no call's cost is out of bounds.
    static let ceilings = FixedDecimal(units: 1)...FixedDecimal(units: 1000 * FixedDecimal.scale)

    package init() {}

    var payload: JSONValue {
        var members: [JSONMember] = []
        if let contentRetention { members.append(JSONMember("content_retention", .bool(contentRetention))) }
        if let durableAnswers { members.append(JSONMember("durable_answers", .bool(durableAnswers))) }
        if let requiresTwoFactor { members.append(JSONMember("require_two_factor", .bool(requiresTwoFactor))) }
        if let ceiling { members.append(JSONMember("unknown_price_ceiling", .string(ceiling.description))) }
        if clearsCeiling { members.append(JSONMember("unknown_price_ceiling", .null)) }
        return .object(members)
    }
}
