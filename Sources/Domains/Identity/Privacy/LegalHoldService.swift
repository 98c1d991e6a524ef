// SPDX-License-Identifier: Apache-2.0
import Audit
package import Core
import JSON
package import Postgres
package import SwiftExtensions

/// Places and releases legal holds. While one stands, erasure is refused and retention drops no month that the
/// organization has rows in.
package struct LegalHoldService: Sendable {
    private let database: Database

    /// `database` acts as `witan_app`.
    package init(database: Database) { self.database = database }

    /// From the moment this returns nothing of whom it names is erased; what was erased before stays so.
    package func place(_ hold: NewLegalHold, by principal: Principal) async throws -> LegalHold {
        let id = UniqueID.v7()
        return try await database.transaction(organization: principal.organization) { transaction in
            try await LegalHoldStore.waitForErasures(in: transaction)
            if let person = hold.person, try await !LegalHoldStore.isKnown(person, in: transaction) {
                throw DomainError(
                    .invalid, code: "user_not_found",
                    "user must be the id of somebody who belongs to the organization, or did.", parameter: "user")
            }
            try await LegalHoldStore.insert(
                hold, id: id, organization: principal.organization, by: principal.user, in: transaction)
            try await AuditService.append(
                "hold.placed", category: "auth", entity: "hold:\(id)",
                payload: ["covers": .string(hold.person.map { "user:\($0)" } ?? "organization")],
                by: principal.actor, of: principal.organization, in: transaction)
            return try await Self.find(id, in: transaction)
        }
    }

    /// Newest first, released ones included.
    package func list(_ page: PageRequest, of organization: UniqueID) async throws -> [LegalHold] {
        try await database.transaction(organization: organization) { try await LegalHoldStore.page(page, in: $0) }
    }

    /// Throws `hold_not_found`, also for another organization's.
    package func find(_ id: UniqueID, of organization: UniqueID) async throws -> LegalHold {
        try await database.transaction(organization: organization) { try await Self.find(id, in: $0) }
    }

    /// Ends a hold for good; one that has ended stays as it is.
    package func release(_ id: UniqueID, by principal: Principal) async throws {
        try await database.transaction(organization: principal.organization) { transaction in
            _ = try await Self.find(id, in: transaction)
            guard try await LegalHoldStore.release(id, by: principal.user, in: transaction) else { return }
            try await AuditService.append(
                "hold.released", category: "auth", entity: "hold:\(id)", by: principal.actor,
                of: principal.organization, in: transaction)
        }
    }

    private static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> LegalHold {
        guard let found = try await LegalHoldStore.find(id, in: transaction) else {
            throw DomainError(
                .notFound, code: "hold_not_found",
                "There is no legal hold with this id; 'witan holds list' shows those there are.")
        }
        return found
    }
}
