// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
import Postgres
import SwiftExtensions

/// Writes what concerns a person to the log of every organization they belong to: a password is the person's, and each
/// of them must be able to see that it was changed.
enum PersonAuditService {
    /// The transaction is that of the first organization, and is so again afterwards.
    static func append(
        _ action: String, of user: UniqueID, payload: JSONValue = [:], by actor: Actor, organizations: [UniqueID],
        in transaction: borrowing Transaction
    ) async throws {
        for organization in organizations {
            try await confine(to: organization, in: transaction)
            try await AuditService.append(
                action, category: "auth", entity: "user:\(user)", payload: payload, by: actor, of: organization,
                in: transaction)
        }
        if organizations.count > 1, let first = organizations.first { try await confine(to: first, in: transaction) }
    }

    /// From here on the transaction sees and writes the rows of this organization.
    static func confine(to organization: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("SELECT set_config('app.org_id', \(organization.description), true)")
    }
}
