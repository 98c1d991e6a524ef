// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// An organization's policies on how long its rows stay, and what becomes of partitions by them.
package struct RetentionPolicyService: Sendable {
    private let database: Database

    /// `database` acts as `witan_app`.
    package init(database: Database) { self.database = database }

    /// The policies in force, by table and duty.
    package func list(of organization: UniqueID) async throws -> [RetentionPolicy] {
        try await database.transaction(organization: organization) { try await RetentionPolicyStore.list(in: $0) }
    }

    /// Throws `retention_policy_not_found`, also for one of another organization.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> RetentionPolicy {
        let found = try await database.transaction(organization: organization) {
            try await RetentionPolicyStore.find(id, in: $0)
        }
        guard let found else { throw Self.notFound }
        return found
    }

    /// What holds for each table: the organization's own policies, else the default.
    package func inForce(
        of organization: UniqueID
    ) async throws -> [(standard: RetentionDefault, keepDays: Int32?, contentDays: Int32?, duties: [String])] {
        try await database.transaction(organization: organization) { transaction in
            let policies = try await RetentionPolicyStore.list(in: transaction)
            return try await RetentionPolicyStore.defaults(in: transaction).map { standard in
                let own = policies.filter { $0.table == standard.table }
                return (
                    standard, RetentionRule.keepDays(own, default: standard),
                    RetentionRule.contentDays(own, default: standard), own.map(\.duty)
                )
            }
        }
    }

    /// Makes a policy, in place of the one of the same table and duty when there is one.
    package func set(_ policy: NewRetentionPolicy, by principal: Principal) async throws -> RetentionPolicy {
        let id = UniqueID.v7()
        let organization = principal.organization
        try await database.transaction(organization: organization) { transaction in
            let known = try await RetentionPolicyStore.defaults(in: transaction).map(\.table)
            guard known.contains(policy.table) else {
                throw DomainError(
                    .invalid, code: "invalid_value",
                    "table must be one of \(known.joined(separator: ", ")).", parameter: "table")
            }
            try await RetentionPolicyStore.replace(with: policy, id: id, organization: organization, in: transaction)
            try await AuditService.append(
                "retention.set", category: "ops", entity: "retention_policy:\(id)", payload: policy.payload,
                by: principal.actor, of: organization, in: transaction)
        }
        return try await find(id, of: organization)
    }

    /// Ends a policy; what it kept may then go.
    package func retire(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            guard try await RetentionPolicyStore.retire(id, in: transaction) else { throw Self.notFound }
            try await AuditService.append(
                "retention.retired", category: "ops", entity: "retention_policy:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
    }

    /// Makes the retention job due now; false when no server has started it yet. Recorded in the caller's log.
    package func runNow(by principal: Principal) async throws -> Bool {
        try await database.transaction(organization: principal.organization) { transaction in
            try await AuditService.append(
                "retention.requested", category: "ops", entity: "job:retention", by: principal.actor,
                of: principal.organization, in: transaction)
        }
        return try await JobStore.wake("retention", in: database)
    }

    private static let notFound = DomainError(
        .notFound, code: "retention_policy_not_found", "There is no retention policy with this id.")
}

extension NewRetentionPolicy {
    var payload: JSONValue {
        [
            "table": .string(table), "duty": .string(duty),
            "keep_days": keepDays.map { .number(JSONNumber(Int64($0))) } ?? .null,
            "content_days": contentDays.map { .number(JSONNumber(Int64($0))) } ?? .null,
        ]
    }
}
