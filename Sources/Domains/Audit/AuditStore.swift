// SPDX-License-Identifier: Apache-2.0
import Core
package import Cryptography
package import Postgres
package import SwiftExtensions

/// The tables `audits.audit_log` and `audits.chain`.
package enum AuditStore {
    /// Writes an entry in the transaction of the act that it records.
    package static func insert(_ entry: AuditEntry, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO audits.audit_log
                (org_id, id, category, action, outcome, actor, entity, payload, digest)
            VALUES (\(entry.organization), \(entry.id), \(entry.category), \(entry.action), \(entry.outcome.rawValue),
                    \(entry.actor), \(entry.entity), \(PostgresJSON(entry.payload, as: .json)), \(entry.digest.bytes))
            """)
    }

    /// Entries newest first.
    static func page(
        _ page: PageRequest, category: String?, in transaction: borrowing Transaction
    ) async throws -> [AuditEntry] {
        try await transaction.query(
            """
            SELECT org_id, id, category, action, outcome, actor, entity, payload::text AS payload
            FROM audits.audit_log
            WHERE (\(page.after)::uuid IS NULL OR id < \(page.after))
                AND (\(category)::text IS NULL OR category = \(category))
            ORDER BY id DESC LIMIT \(page.limit)
            """
        ).map { try AuditEntry(row: $0) }
    }

    static func find(_ id: UniqueID, in transaction: borrowing Transaction) async throws -> AuditEntry? {
        try await transaction.query(
            """
            SELECT org_id, id, category, action, outcome, actor, entity, payload::text AS payload
            FROM audits.audit_log WHERE id = \(id)
            """
        ).first.map { try AuditEntry(row: $0) }
    }

    // MARK: Sealing

    /// Takes the sealer's place for this transaction; nil while another sealer has it.
    static func takePosition(in transaction: borrowing Transaction) async throws -> Int64? {
        try await transaction.query(
            "SELECT next_transaction_id FROM audits.seal_position FOR UPDATE SKIP LOCKED"
        ).first.map { try $0["next_transaction_id"] }
    }

    /// Every transaction below this one is over, whichever way it went.
    static func horizon(in transaction: borrowing Transaction) async throws -> Int64 {
        let rows = try await transaction.query(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon")
        guard let row = rows.first else { return 0 }
        return try row["horizon"]
    }

    /// What transactions from `from` up to but not including `to` wrote, by transaction; at most `limit` entries.
    static func unsealed(
        from: Int64, to: Int64, limit: Int?, in transaction: borrowing Transaction
    ) async throws -> [UnsealedEntry] {
        try await transaction.query(
            """
            SELECT org_id, id, digest, transaction_id FROM audits.audit_log
            WHERE transaction_id >= \(from) AND transaction_id < \(to) ORDER BY transaction_id LIMIT \(limit)
            """
        ).map {
            UnsealedEntry(
                organization: try $0["org_id"], id: try $0["id"], digest: try Digest(stored: $0["digest"]),
                transactionID: try $0["transaction_id"])
        }
    }

    /// The last link of an organization's chain; nil before the first.
    static func head(
        of organization: UniqueID, in transaction: borrowing Transaction
    ) async throws -> (sequence: Int64, hash: Digest)? {
        try await transaction.query(
            "SELECT sequence, hash FROM audits.chain WHERE org_id = \(organization) ORDER BY sequence DESC LIMIT 1"
        ).first.map { (try $0["sequence"], try Digest(stored: $0["hash"])) }
    }

    static func insert(_ link: ChainLink, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO audits.chain (org_id, sequence, entry_ids, prev_hash, hash)
            VALUES (\(link.organization), \(link.sequence), \(link.entries), \(link.previous.bytes), \(link.hash.bytes))
            """)
    }

    static func movePosition(to next: Int64, in transaction: borrowing Transaction) async throws {
        try await transaction.execute("UPDATE audits.seal_position SET next_transaction_id = \(next)")
    }

    /// Keeps the search for unsealed entries short: what has been searched needs its summary.
    static func summarize(in database: Database) async throws {
        _ = try await database.query("SELECT audits.summarize_log() AS summarized")
    }

    // MARK: Verifying

    /// Links after `sequence`, in order.
    static func links(
        after sequence: Int64, limit: Int, in transaction: borrowing Transaction
    ) async throws -> [ChainLink] {
        try await transaction.query(
            """
            SELECT org_id, sequence, entry_ids, prev_hash, hash FROM audits.chain
            WHERE sequence > \(sequence) ORDER BY sequence LIMIT \(limit)
            """
        ).map { try ChainLink(row: $0) }
    }

    /// The entries of these ids with their stored digests; those that are gone are missing.
    static func entries(
        _ ids: [UniqueID], in transaction: borrowing Transaction
    ) async throws -> [UniqueID: (entry: AuditEntry, stored: Digest)] {
        let rows = try await transaction.query(
            """
            SELECT org_id, id, category, action, outcome, actor, entity, payload::text AS payload, digest
            FROM audits.audit_log WHERE id = ANY(\(ids))
            """)
        var found: [UniqueID: (entry: AuditEntry, stored: Digest)] = [:]
        for row in rows {
            let entry = try AuditEntry(row: row)
            found[entry.id] = (entry, try Digest(stored: row["digest"]))
        }
        return found
    }

    /// The log.
    static let table = "audits.audit_log"

    /// The signed records of what was archived of the organization's rows, oldest first.
    static func archivedRuns(in transaction: borrowing Transaction) async throws -> [ArchivedRun] {
        try await transaction.query(
            """
            SELECT org_id, archive_id, table_name, lower_id, upper_id, row_count, edges, statement, signature, entry_id
            FROM ops.archived_runs ORDER BY lower_id, archive_id
            """
        ).map { row in
            ArchivedRun(
                organization: try row["org_id"], archive: try row["archive_id"], table: try row["table_name"],
                lower: try row["lower_id"],
                upper: try row["upper_id"], rows: try row["row_count"], edges: try row["edges"],
                statement: try row["statement"], signature: try row["signature"], entry: try row["entry_id"])
        }
    }

    static func count(in transaction: borrowing Transaction) async throws -> Int64 {
        let rows = try await transaction.query("SELECT count(*) AS entries FROM audits.audit_log")
        return try rows.first?["entries"] ?? 0
    }
}

/// A committed entry that is in no chain yet.
struct UnsealedEntry: Sendable {
    let organization: UniqueID
    let id: UniqueID
    let digest: Digest
    /// Of the transaction that wrote it.
    let transactionID: Int64
}

/// A run of entries sealed into an organization's chain.
package struct ChainLink: Sendable, Equatable {
    /// Whose chain it is.
    package let organization: UniqueID
    /// 1, 2, 3, … without gaps.
    package let sequence: Int64
    /// The entries sealed by this link, in the order they are hashed.
    package let entries: [UniqueID]
    /// The link before; `HashChain.origin` for the first.
    package let previous: Digest
    /// `HashChain.fold` of the entries' digests after `previous`.
    package let hash: Digest
}

extension ChainLink {
    /// Reads `org_id`, `sequence`, `entry_ids`, `prev_hash` and `hash`.
    package init(row: Row) throws {
        self.init(
            organization: try row["org_id"], sequence: try row["sequence"], entries: try row["entry_ids"],
            previous: try Digest(stored: row["prev_hash"]), hash: try Digest(stored: row["hash"]))
    }
}

extension AuditEntry {
    /// Reads `org_id`, `id`, `category`, `action`, `outcome`, `actor`, `entity` and `payload` as text.
    package init(row: Row) throws {
        guard let outcome = Outcome(rawValue: try row["outcome"]) else {
            throw DomainError(.internalFailure, code: "unknown_outcome", "The log holds an outcome that is not known.")
        }
        self.init(
            organization: try row["org_id"], id: try row["id"], category: try row["category"],
            action: try row["action"], outcome: outcome, actor: try row["actor"], entity: try row["entity"],
            payload: try row["payload"])
    }
}

extension Digest {
    /// A digest as a table holds it; its CHECK allows no other length.
    init(stored bytes: [UInt8]) throws {
        guard let digest = Digest(bytes) else {
            throw DomainError(.internalFailure, code: "invalid_digest", "The log holds a digest that is not 32 bytes.")
        }
        self = digest
    }
}
