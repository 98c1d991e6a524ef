// SPDX-License-Identifier: Apache-2.0
import Core
package import Postgres

/// The table `ops.snapshot_versions`: counters that tell nodes to read a snapshot anew.
package enum SnapshotVersionStore {
    /// Raises the counter in the transaction that changes the facts.
    package static func raise(_ snapshot: String, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            "UPDATE ops.snapshot_versions SET version = version + 1 WHERE snapshot = \(snapshot)")
    }

    /// The counter now.
    package static func read(_ snapshot: String, from database: Database) async throws -> Int64 {
        guard
            let row = try await database.query(
                "SELECT version FROM ops.snapshot_versions WHERE snapshot = \(snapshot)"
            ).first
        else {
            throw DomainError(
                .internalFailure, code: "snapshot_missing", "The database has no counter for \(snapshot); migrate it.")
        }
        return try row["version"]
    }
}
