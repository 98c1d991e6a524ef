// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions

extension Database {
    /// A transaction like `transaction(organization:)`, on a connection of its own, whose statements may take half an
    /// hour each.
    func longTransaction<Value: Sendable>(
        organization: UniqueID, isolation: Isolation = .readCommitted,
        _ body: (borrowing Transaction) async throws -> Value
    ) async throws -> Value {
        try await withConnection(queryTimeout: .seconds(1800)) { connection in
            try await connection.transaction(
                settings: [("app.org_id", organization.description), ("statement_timeout", "30min")],
                isolation: isolation, body)
        }
    }
}
