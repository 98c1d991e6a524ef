// SPDX-License-Identifier: Apache-2.0
package import Postgres
import SwiftExtensions

/// Partitions as the catalog has them, and the function that makes them.
package enum PartitionStore {
    /// Makes what is missing up to `PartitionSet.monthsAhead`; how many that were.
    @discardableResult
    package static func ensure(in database: Database) async throws -> Int {
        let rows = try await database.query(
            "SELECT ops.ensure_partitions(\(PartitionSet.monthsAhead)) AS created")
        let created: Int32 = try rows.first?["created"] ?? 0
        return Int(created)
    }

    /// Every table that is divided by ranges of ids, with its partitions.
    package static func sets(in database: Database) async throws -> [PartitionSet] {
        let rows = try await database.query(
            """
            SELECT pn.nspname || '.' || p.relname AS parent, cn.nspname || '.' || c.relname AS child,
                pg_get_expr(c.relpartbound, c.oid) AS bound, i.inhdetachpending AS detaching
            FROM pg_partitioned_table t
            JOIN pg_class p ON p.oid = t.partrelid
            JOIN pg_namespace pn ON pn.oid = p.relnamespace
            JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = t.partattrs[0]
            LEFT JOIN pg_inherits i ON i.inhparent = p.oid
            LEFT JOIN pg_class c ON c.oid = i.inhrelid
            LEFT JOIN pg_namespace cn ON cn.oid = c.relnamespace
            WHERE t.partstrat = 'r' AND t.partnatts = 1 AND a.atttypid = 'uuid'::regtype
                AND pn.nspname NOT IN ('pg_catalog', 'information_schema')
            ORDER BY 1, 2
            """)
        var found: [String: [TablePartition]] = [:]
        for row in rows {
            let parent: String = try row["parent"]
            let child: String? = try row["child"]
            let bound: String? = try row["bound"]
            let detaching: Bool? = try row["detaching"]
            found[parent, default: []] += Self.partition(child, bound, detaching).map { [$0] } ?? []
        }
        return found.keys.sorted().map { PartitionSet(table: $0, partitions: found[$0] ?? []) }
    }

    /// Reads `FOR VALUES FROM ('…') TO ('…')`.
    private static func partition(_ name: String?, _ bound: String?, _ detaching: Bool?) -> TablePartition? {
        guard let name, let bound else { return nil }
        let ids = bound.split(separator: "'").compactMap { UniqueID(String($0)) }
        guard ids.count == 2 else { return nil }
        return TablePartition(name: name, lower: ids[0], upper: ids[1], isDetaching: detaching ?? false)
    }
}
