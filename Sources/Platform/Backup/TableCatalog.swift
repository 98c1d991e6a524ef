// SPDX-License-Identifier: Apache-2.0
import Postgres

/// The tables of a database as the catalog has them, for a role that reads or writes them.
struct CatalogTable: Sendable {
    let schema: String
    let name: String
    let isPartitioned: Bool
    let columns: [BackupManifest.Column]
    /// Bytes of its data, partitions included.
    let size: Int64
    let isSelectable: Bool
    /// Whether row security hides nothing from the role.
    let showsAllRows: Bool
    let forcesRowSecurity: Bool

    var qualifiedName: String { "\(schema).\(name)" }
    /// Whether the role reads every row.
    var isReadable: Bool { isSelectable && showsAllRows }
    /// For statements.
    var quoted: SQL { "\(identifier: schema).\(identifier: name)" }
    var columnList: SQL {
        columns.dropFirst().reduce("\(identifier: columns.first?.name ?? "")") { $0 + ", \(identifier: $1.name)" }
    }
}

extension CatalogTable {
    /// Ordinary and partitioned tables in all schemas but the system's and those excluded, by name.
    static func read(
        _ connection: PostgresConnection, role: String, excluding: [String]
    ) async throws(PostgresError) -> [CatalogTable] {
        try await connection.query(
            """
            WITH reader AS (SELECT oid, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = \(role)),
            policies AS (
                SELECT p.* FROM pg_policy p, reader WHERE p.polcmd IN ('r', '*') AND EXISTS (
                    SELECT FROM unnest(p.polroles) AS r (oid)
                    WHERE r.oid = 0 OR pg_has_role(reader.oid, r.oid, 'USAGE')))
            SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
                c.relforcerowsecurity AS forced, columns.names, columns.types,
                (SELECT coalesce(sum(pg_relation_size(child)), 0)::bigint
                 FROM (SELECT c.oid AS child UNION SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid) AS s
                ) AS size,
                has_table_privilege(reader.oid, c.oid, 'SELECT')
                    AND has_schema_privilege(reader.oid, n.oid, 'USAGE') AS selectable,
                reader.rolsuper OR reader.rolbypassrls OR NOT c.relrowsecurity
                    OR (NOT c.relforcerowsecurity AND pg_has_role(reader.oid, c.relowner, 'USAGE'))
                    OR (EXISTS (SELECT FROM policies p WHERE p.polrelid = c.oid AND p.polpermissive
                                AND pg_get_expr(p.polqual, p.polrelid) = 'true')
                        AND NOT EXISTS (SELECT FROM policies p WHERE p.polrelid = c.oid AND NOT p.polpermissive))
                    AS shows_all
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN reader
            CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') AS names,
                    coalesce(array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum), '{}') AS types
                FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
                AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
                AND n.nspname <> ALL(\(excluding))
            ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
            """
        ).mapped { row throws(PostgresError) in
            let (names, types): ([String], [String]) = (try row["names"], try row["types"])
            return CatalogTable(
                schema: try row["schema"], name: try row["name"], isPartitioned: try row["partitioned"],
                columns: zip(names, types).map { BackupManifest.Column(name: $0, type: $1) }, size: try row["size"],
                isSelectable: try row["selectable"], showsAllRows: try row["shows_all"],
                forcesRowSecurity: try row["forced"])
        }
    }
}

extension BackupManifest.Partition {
    /// All partitions by range, with their parents, in the order of their parents' and their own names.
    static func read(
        _ connection: PostgresConnection, excluding: [String]
    ) async throws(PostgresError) -> [BackupManifest.Partition] {
        try await connection.query(
            """
            SELECT pn.nspname AS schema, p.relname AS parent, n.nspname AS partition_schema, c.relname AS name,
                pg_get_expr(c.relpartbound, c.oid) AS bounds
            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
            JOIN pg_partitioned_table t ON t.partrelid = p.oid AND t.partstrat = 'r'
            WHERE c.relispartition AND NOT i.inhdetachpending AND pn.nspname <> ALL(\(excluding))
            ORDER BY pn.nspname COLLATE "C", p.relname COLLATE "C", n.nspname COLLATE "C", c.relname COLLATE "C"
            """
        ).mapped { row throws(PostgresError) in
            BackupManifest.Partition(
                schema: try row["schema"], parent: try row["parent"], partitionSchema: try row["partition_schema"],
                name: try row["name"], bounds: try row["bounds"])
        }
    }
}

extension BackupManifest.Sequence {
    /// Every sequence that the connection's role may read, by name.
    static func read(
        _ connection: PostgresConnection, excluding: [String]
    ) async throws(PostgresError) -> [BackupManifest.Sequence] {
        let names = try await connection.query(
            """
            SELECT n.nspname AS schema, c.relname AS name
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'S' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%'
                AND n.nspname <> 'information_schema' AND n.nspname <> ALL(\(excluding))
            ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
            """)
        var sequences: [BackupManifest.Sequence] = []
        for row in names {
            let (schema, name): (String, String) = (try row["schema"], try row["name"])
            let states = try await connection.query(
                "SELECT last_value, is_called FROM \(identifier: schema).\(identifier: name)")
            guard let state = states.first else { continue }
            sequences.append(
                BackupManifest.Sequence(
                    schema: schema, name: name, position: try state["last_value"], isCalled: try state["is_called"]))
        }
        return sequences
    }
}

extension BackupManifest.Head {
    static func read(_ connection: PostgresConnection, _ query: SQL?) async throws(PostgresError) -> [Self] {
        guard let query else { return [] }
        return try await connection.query(query).mapped { row throws(PostgresError) in
            BackupManifest.Head(
                subject: try row["subject"], sequence: try row["sequence"], hash: try row["hash"])
        }
    }
}

extension [Row] {
    /// `map` with the typed error.
    func mapped<Value>(_ body: (Row) throws(PostgresError) -> Value) throws(PostgresError) -> [Value] {
        var values: [Value] = []
        for row in self { values.append(try body(row)) }
        return values
    }
}
