// SPDX-License-Identifier: Apache-2.0
import Postgres
import TestSupport

/// A table as the catalog has it: what is to be known to make rows for it.
struct TableShape: Sendable {
    let name: String
    let columns: [Column]
    let primaryKey: [String]
    let references: [Reference]
    /// CHECK constraints as PostgreSQL writes them.
    let checks: [String]

    struct Column: Sendable {
        let name: String
        let type: String
        let isNullable: Bool
        let hasDefault: Bool
        let isGenerated: Bool
    }

    struct Reference: Sendable {
        let columns: [String]
        let parent: String
        let parentColumns: [String]
    }

    var hasOrganization: Bool { columns.contains { $0.name == "org_id" } }

    func column(_ name: String) -> Column? { columns.first { $0.name == name } }
}

extension TableShape {
    /// The program's schemas: all but PostgreSQL's own and what the tests bring along.
    static let ours = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public', 'probe')"

    /// Every table of the program, partitions left out, in the order of their names.
    static func all(in database: Database) async throws -> [TableShape] {
        let columns = try await columns(in: database)
        let constraints = try await constraints(in: database)
        return columns.keys.sorted().map { name in
            let mine = constraints[name] ?? []
            return TableShape(
                name: name, columns: columns[name] ?? [],
                primaryKey: mine.first { $0.type == "p" }?.columns ?? [],
                references: mine.filter { $0.type == "f" }.map {
                    Reference(columns: $0.columns, parent: $0.parent, parentColumns: $0.parentColumns)
                },
                checks: mine.filter { $0.type == "c" }.map(\.definition))
        }
    }

    private static func columns(in database: Database) async throws -> [String: [Column]] {
        let rows = try await database.query(
            """
            SELECT n.nspname || '.' || c.relname AS name, a.attname AS "column",
                format_type(a.atttypid, NULL) AS type, NOT a.attnotnull AS nullable, a.atthasdef AS has_default,
                a.attgenerated <> '' OR a.attidentity <> '' AS generated
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND \(raw: ours)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.oid, a.attnum
            """)
        var found: [String: [Column]] = [:]
        for row in rows {
            found[try row["name"], default: []].append(
                Column(
                    name: try row["column"], type: try row["type"], isNullable: try row["nullable"],
                    hasDefault: try row["has_default"], isGenerated: try row["generated"]))
        }
        return found
    }

    private struct Constraint {
        let type, definition, parent: String
        let columns, parentColumns: [String]
    }

    private static func constraints(in database: Database) async throws -> [String: [Constraint]] {
        let rows = try await database.query(
            """
            SELECT n.nspname || '.' || c.relname AS name, k.contype::text AS type,
                pg_get_constraintdef(k.oid) AS definition,
                coalesce((SELECT q.nspname || '.' || p.relname FROM pg_class p
                          JOIN pg_namespace q ON q.oid = p.relnamespace WHERE p.oid = k.confrelid), '') AS parent,
                (SELECT coalesce(string_agg(a.attname, ',' ORDER BY u.place), '') FROM unnest(k.conkey)
                 WITH ORDINALITY u (number, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number) AS columns,
                (SELECT coalesce(string_agg(a.attname, ',' ORDER BY u.place), '') FROM unnest(k.confkey)
                 WITH ORDINALITY u (number, place)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number) AS parent_columns
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace AND \(raw: ours)
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND k.conparentid = 0
            ORDER BY c.oid, cardinality(k.conkey) DESC, k.conname
            """)
        var found: [String: [Constraint]] = [:]
        for row in rows {
            found[try row["name"], default: []].append(
                Constraint(
                    type: try row["type"], definition: try row["definition"], parent: try row["parent"],
                    columns: names(try row["columns"]), parentColumns: names(try row["parent_columns"])))
        }
        return found
    }

    private static func names(_ joined: String) -> [String] { joined.split(separator: ",").map(String.init) }
}
