// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Postgres
import SwiftExtensions

/// Seals over rows that must stay (`audits.row_seals`), and what the live rows are like. Each call sees what its
/// transaction's organization and team may see; a seal is over the whole organization, so the team is `*`.
enum RowSealStore {
    /// A seal, with its digest as it is now.
    struct Seal: Sendable {
        /// Of the seal, and of the entry in the log that says the same.
        let id: UniqueID
        /// With its schema.
        let table: String
        let rows: Int
        let digest: Digest
    }

    /// A row that is not as it should be.
    struct BrokenRow: Sendable {
        let table: String
        /// Primary key; empty for a whole table.
        let key: String
        /// Else it was changed.
        let isMissing: Bool
    }

    /// The tables whose rows are sealed.
    static func tables(in transaction: borrowing Transaction) async throws -> [String] {
        try await transaction.query("SELECT t FROM audits.sealed_tables() AS t").map { try $0["t"] }
    }

    /// Seals up to 10,000 rows that are in no seal yet; nil when there are none.
    static func seal(
        _ table: String, as id: UniqueID, in transaction: borrowing Transaction
    ) async throws -> Seal? {
        let rows = try await transaction.query("SELECT audits.seal_rows(\(table)::regclass, \(id)) AS sealed")
        guard let sealed: Int32 = try rows.first?["sealed"], sealed > 0 else { return nil }
        return try await seals(id, in: transaction).first
    }

    /// All seals, or one.
    static func seals(_ id: UniqueID? = nil, in transaction: borrowing Transaction) async throws -> [Seal] {
        try await transaction.query("SELECT id, table_name, row_count, digest FROM audits.seals(\(id))").map { row in
            let rows: Int32 = try row["row_count"]
            return Seal(
                id: try row["id"], table: try row["table_name"], rows: Int(rows),
                digest: try Digest(stored: row["digest"]))
        }
    }

    /// Rows that are gone or not as they were sealed.
    static func brokenRows(in transaction: borrowing Transaction) async throws -> [BrokenRow] {
        try await transaction.query("SELECT table_name, row_key, finding FROM audits.broken_seals()").map { row in
            let finding: String = try row["finding"]
            return BrokenRow(table: try row["table_name"], key: try row["row_key"], isMissing: finding == "missing")
        }
    }

    /// Of these entries of the log, the calls whose rows are gone or say something else.
    static func brokenCalls(
        _ entries: [UniqueID], in transaction: borrowing Transaction
    ) async throws -> [(call: UniqueID, row: BrokenRow)] {
        try await transaction.query(
            "SELECT call_id, table_name, finding FROM audits.broken_calls(\(entries))"
        ).map { row in
            let (call, finding): (UniqueID, String) = (try row["call_id"], try row["finding"])
            return (
                call,
                BrokenRow(table: try row["table_name"], key: call.description, isMissing: finding == "missing")
            )
        }
    }
}
