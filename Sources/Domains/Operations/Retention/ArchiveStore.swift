// SPDX-License-Identifier: Apache-2.0
import Audit
import Cryptography
package import Postgres
package import SwiftExtensions

/// The tables `ops.archives` and `ops.archived_runs`, and the partitions themselves, as their owner.
package enum ArchiveStore {
    /// All archives, the newest first; at most `limit`.
    package static func list(limit: Int = 500, in database: Database) async throws -> [Archive] {
        try await database.query("\(selection) ORDER BY id DESC LIMIT \(limit)").map { try Archive(row: $0) }
    }

    /// One archive; nil when there is none of this id.
    package static func find(_ id: UniqueID, in database: Database) async throws -> Archive? {
        try await database.query("\(selection) WHERE id = \(id)").first.map { try Archive(row: $0) }
    }

    /// Archives that were begun and not brought to their end, the oldest first.
    static func unfinished(in database: Database) async throws -> [Archive] {
        try await database.query("\(selection) WHERE state NOT IN ('dropped', 'abandoned') ORDER BY id")
            .map { try Archive(row: $0) }
    }

    private static let selection: SQL = """
        SELECT id, table_name, partition_name, lower_id, upper_id, state, row_count, content_sha256, file, file_bytes,
            file_sha256, master_key_id, started_at, checked_at, problem
        FROM ops.archives
        """

    static func begin(
        _ partition: TablePartition, of table: String, masterKeyID: String, under lease: Lease, in database: Database
    ) async throws -> Archive? {
        let id = UniqueID.v7()
        try await database.execute(
            """
            INSERT INTO ops.archives
                (id, table_name, partition_name, lower_id, upper_id, state, master_key_id, fence)
            SELECT \(id), \(table), \(partition.name), \(partition.lower), \(partition.upper), 'writing',
                \(masterKeyID), \(lease.fence)
            WHERE \(LeaseStore.isHeld(lease))
            """)
        return try await find(id, in: database)
    }

    /// Notes what the file holds.
    static func verified(
        _ archive: Archive, _ content: Archive.Content, under lease: Lease, in database: Database
    ) async throws -> Bool {
        try await database.execute(
            """
            UPDATE ops.archives SET state = 'verified', state_at = now(), checked_at = now(), problem = NULL,
                row_count = \(content.rows), content_sha256 = \(content.digest.bytes), file = \(content.file),
                file_bytes = \(content.fileBytes), file_sha256 = \(content.fileDigest.bytes), fence = \(lease.fence)
            WHERE id = \(archive.id) AND fence <= \(lease.fence) AND \(LeaseStore.isHeld(lease))
            """) == 1
    }

    /// The statement that takes an archive to its next state, unless another node has the lease.
    static func move(_ archive: Archive, to state: Archive.State, problem: String? = nil, under lease: Lease) -> SQL {
        """
        UPDATE ops.archives SET state = \(state.rawValue), state_at = now(), problem = \(problem),
            fence = \(lease.fence)
        WHERE id = \(archive.id) AND state = \(archive.state.rawValue) AND fence <= \(lease.fence)
            AND \(LeaseStore.isHeld(lease))
        """
    }

    /// Notes that the file was read back, and what was found; nil for nothing.
    static func checked(_ archive: Archive, problem: String?, in database: Database) async throws {
        try await database.execute(
            """
            UPDATE ops.archives SET problem = \(problem),
                checked_at = CASE WHEN \(problem == nil) THEN now() ELSE checked_at END
            WHERE id = \(archive.id)
            """)
    }

    // MARK: What organizations had in a partition

    /// Organizations with rows in the partition, and how many. Rows that belong to no organization, and an empty
    /// partition, stand in the log of the first organization there is.
    static func organizations(
        in partition: TablePartition, of table: String, _ transaction: borrowing Transaction
    ) async throws -> [(id: UniqueID, rows: Int64)] {
        let name = name(partition.name)
        let isShared = !RetentionRule.installationTables.contains(table)
        let found: [(id: UniqueID, rows: Int64)] =
            try await isShared
            ? transaction.query("SELECT org_id, count(*) AS entries FROM \(name) GROUP BY org_id ORDER BY org_id")
                .map { (try $0["org_id"], try $0["entries"]) } : []
        guard found.isEmpty else { return found }
        return try await transaction.query(
            "SELECT id, (SELECT count(*) FROM \(name)) AS entries FROM auth.organizations ORDER BY id LIMIT 1"
        ).map { (try $0["id"], try $0["entries"]) }
    }

    /// The organization's links that hold ids of the partition, after `sequence`, in order; at most 20.
    static func links(
        of organization: UniqueID, in partition: TablePartition, after sequence: Int64,
        _ transaction: borrowing Transaction
    ) async throws -> [ChainLink] {
        try await transaction.query(
            """
            SELECT org_id, sequence, entry_ids, prev_hash, hash FROM audits.chain
            WHERE org_id = \(organization) AND sequence > \(sequence) AND EXISTS
                (SELECT FROM unnest(entry_ids) AS id WHERE id >= \(partition.lower) AND id < \(partition.upper))
            ORDER BY sequence LIMIT 20
            """
        ).map { try ChainLink(row: $0) }
    }

    /// Ids and digests of the partition's rows with these ids.
    static func digests(
        _ ids: [UniqueID], of organization: UniqueID, in partition: TablePartition,
        _ transaction: borrowing Transaction
    ) async throws -> [(id: UniqueID, digest: [UInt8])] {
        try await transaction.query(
            """
            SELECT id, digest FROM \(name(partition.name))
            WHERE org_id = \(organization) AND id = ANY(\(ids)) ORDER BY id
            """
        ).map { (try $0["id"], try $0["digest"]) }
    }

    /// The last link of the organization's chain; zero and nothing before the first.
    static func head(
        of organization: UniqueID, _ transaction: borrowing Transaction
    ) async throws -> (sequence: Int64, hash: String) {
        let rows = try await transaction.query(
            """
            SELECT sequence, encode(hash, 'hex') AS hash FROM audits.chain WHERE org_id = \(organization)
            ORDER BY sequence DESC LIMIT 1
            """)
        return try rows.first.map { (try $0["sequence"], try $0["hash"]) } ?? (0, "")
    }

    static func insert(_ run: ArchivedRun, table: String, in transaction: borrowing Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO ops.archived_runs (org_id, archive_id, table_name, lower_id, upper_id, row_count, edges,
                statement, signature, entry_id)
            VALUES (\(run.organization), \(run.archive), \(table), \(run.lower), \(run.upper), \(run.rows),
                \(run.edges), \(run.statement), \(run.signature), \(run.entry))
            """)
    }

    // MARK: Partitions

    /// Where a partition stands: attached, being detached, a table of its own, or gone.
    static func place(of partition: TablePartition, in database: Database) async throws -> PartitionPlace {
        let rows = try await database.query(
            """
            SELECT to_regclass(\(partition.name)) IS NOT NULL AS exists, i.inhdetachpending AS detaching
            FROM (SELECT 1) one LEFT JOIN pg_inherits i ON i.inhrelid = to_regclass(\(partition.name))
            """)
        guard let row = rows.first, try row["exists"] else { return .gone }
        let detaching: Bool? = try row["detaching"]
        return switch detaching {
        case nil: .detached
        case false?: .attached
        case true?: .detaching
        }
    }

    /// The key's columns, in order, for an order of rows that is always the same.
    static func keyColumns(of partition: TablePartition, in database: Database) async throws -> [String] {
        try await database.query(
            """
            SELECT a.attname::text AS name FROM pg_index i
            CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            WHERE i.indrelid = to_regclass(\(partition.name)) AND i.indisprimary ORDER BY k.place
            """
        ).map { try $0["name"] }
    }

    /// A name with its schema, quoted.
    static func name(_ qualified: String) -> SQL {
        let parts = qualified.split(separator: ".", maxSplits: 1).map(String.init)
        return parts.count == 2
            ? "\(identifier: parts[0]).\(identifier: parts[1])" : "\(identifier: qualified)"
    }
}

/// Where a partition stands.
enum PartitionPlace: Sendable { case attached, detaching, detached, gone }

extension Archive {
    init(row: Row) throws {
        let state: String = try row["state"]
        let rows: Int64? = try row["row_count"]
        var content: Content?
        if let rows, let digest = Digest(try row["content_sha256"] as [UInt8]),
            let fileDigest = Digest(try row["file_sha256"] as [UInt8])
        {
            content = Content(
                rows: rows, digest: digest, file: try row["file"], fileBytes: try row["file_bytes"],
                fileDigest: fileDigest)
        }
        self.init(
            id: try row["id"], table: try row["table_name"],
            partition: TablePartition(
                name: try row["partition_name"], lower: try row["lower_id"], upper: try row["upper_id"]),
            state: State(rawValue: state) ?? .abandoned, content: content, masterKeyID: try row["master_key_id"],
            startedAt: try row["started_at"], checkedAt: try row["checked_at"], problem: try row["problem"])
    }
}
