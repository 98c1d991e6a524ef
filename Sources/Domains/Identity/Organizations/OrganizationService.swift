// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
package import Cryptography
package import JSON
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
            let key = try NewAPIKey(name: "first administrator", role: RoleChoice(.admin), owner: user)
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
        try change.check(by: principal)
        try await database.transaction(organization: principal.organization) { transaction in
            try await OrganizationStore.update(principal.organization, change, in: transaction)
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

    /// 1…200 characters; nil leaves it.
    package var name: String?
    /// For those who run the installation; nil leaves it.
    package var plan: OrganizationPlan?
    /// An object of at most `settingsBytes` as text, in place of what there is; nil leaves it.
    package var settings: JSONValue?

    /// The bound on settings.
    package static let settingsBytes = 16_384

    package init() {}

    /// Throws a `DomainError` that names the field when something is out of bounds, or not the caller's to change.
    fileprivate func check(by principal: Principal) throws(DomainError) {
        if let name { try DisplayName.check(name) }
        if plan != nil, !principal.may(.manageInstallation) {
            throw DomainError(
                .forbidden, code: "permission_denied",
                "\(principal.title) may not change the plan: it needs the permission "
                    + "\(Permission.manageInstallation.name).", parameter: "plan", shouldRetry: false)
        }
        if let settings, settings.members == nil || settings.bytes.count > Self.settingsBytes || !settings.canBeKept {
            throw DomainError(
                .invalid, code: "invalid_value",
                "settings takes an object of at most 16 KB of JSON, without the character U+0000 and numbers beyond "
                    + "1.8e308.",
                parameter: "settings")
        }
    }

    var payload: JSONValue {
        var members: [JSONMember] = []
        if let contentRetention { members.append(JSONMember("content_retention", .bool(contentRetention))) }
        if let durableAnswers { members.append(JSONMember("durable_answers", .bool(durableAnswers))) }
        if let requiresTwoFactor { members.append(JSONMember("require_two_factor", .bool(requiresTwoFactor))) }
        if let ceiling { members.append(JSONMember("unknown_price_ceiling", .string(ceiling.description))) }
        if clearsCeiling { members.append(JSONMember("unknown_price_ceiling", .null)) }
        if let name { members.append(JSONMember("name", .string(name))) }
        if let plan { members.append(JSONMember("plan", .string(plan.rawValue))) }
        // What is in them may be anything, and the log is for ever.
        if let settings { members.append(JSONMember("settings", .string("\(SHA256.hash(settings.bytes))"))) }
        return .object(members)
    }
}

extension JSONValue {
    /// Whether PostgreSQL can keep it: no character U+0000, and no number that takes more room than the text.
    fileprivate var canBeKept: Bool {
        switch self {
        case .string(let text): !text.utf8.contains(0)
        case .number(let number): number.double != nil
        case .array(let elements): elements.allSatisfy(\.canBeKept)
        case .object(let members): members.allSatisfy { !$0.key.utf8.contains(0) && $0.value.canBeKept }
        default: true
        }
    }
}
