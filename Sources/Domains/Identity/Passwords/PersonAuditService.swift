// SPDX-License-Identifier: Apache-2.0
import Audit
import Core
import JSON
import Postgres
import SwiftExtensions

/// Writes what concerns a person to the log of every organization they belong to: a password is the person's, and each
/// of them must be able to see that it was changed.
enum PersonAuditService {
    /// `home` is the organization of the transaction, and is so again afterwards; it gets the entry, too, when the
    /// person does not belong to it any more.
    static func append(
        _ action: String, outcome: AuditEntry.Outcome = .success, of user: UniqueID, entity: String? = nil,
        payload: JSONValue = [:], by actor: Actor, home: UniqueID, in transaction: borrowing Transaction
    ) async throws {
        let others = try await AccountStore.organizations(of: user, in: transaction).filter { $0 != home }
        for organization in [home] + others {
            if organization != home { try await confine(to: organization, in: transaction) }
            try await AuditService.append(
                action, category: "auth", outcome: outcome, entity: entity ?? "user:\(user)", payload: payload,
                by: actor, of: organization, in: transaction)
        }
        if !others.isEmpty { try await confine(to: home, in: transaction) }
    }

    /// From here on the transaction sees and writes the rows of this organization.
    static func confine(to organization: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("SELECT set_config('app.org_id', \(organization.description), true)")
    }
}
