// SPDX-License-Identifier: Apache-2.0
package import Postgres

extension SchemaInventory {
    /// Reads the live catalog in one statement, with three small ones around it; also inside a transaction, which then
    /// sees its own changes. Roles, extensions' objects and the system's schemas are not in it, but what the roles that
    /// are granted something may do beyond that is.
    ///
    /// - Parameters:
    ///   - schemas: The schemas to look at; nil for all but the system's.
    ///   - excluding: Schemas to leave out.
    package static func read(
        _ connection: PostgresConnection, schemas: [String]? = nil, excluding: [String] = []
    ) async throws(InventoryError) -> SchemaInventory {
        do throws(PostgresError) {
            let before = try await replaceSettings(settings, connection)
            let rows: [Row]
            do throws(PostgresError) {
                rows = try await connection.query(CatalogQuery.all(schemas: schemas, excluding: excluding))
            } catch {
                // In a failed transaction its end restores them.
                _ = try? await replaceSettings(before, connection)
                throw error
            }
            _ = try await replaceSettings(before, connection)
            return try inventory(of: rows)
        } catch {
            throw .database(error)
        }
    }

    /// What the text of a definition depends on. With nothing but `pg_catalog` in the path, every other name is written
    /// with its schema.
    private static let settings = [
        ("search_path", "pg_catalog"), ("quote_all_identifiers", "off"), ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"), ("TimeZone", "UTC"), ("bytea_output", "hex"), ("extra_float_digits", "1"),
        // Compiling the one big statement would take longer than running it, and planning it anew a third as long.
        ("jit", "off"), ("plan_cache_mode", "force_generic_plan"),
    ]

    /// Sets parameters of the session.
    ///
    /// - Returns: What they were.
    private static func replaceSettings(
        _ settings: [(String, String)], _ connection: PostgresConnection
    ) async throws(PostgresError) -> [(String, String)] {
        let rows = try await connection.query(
            """
            SELECT name, before, set_config(name, value, false) AS after
            FROM (SELECT s.name, s.value, current_setting(s.name) AS before
                  FROM unnest(\(settings.map(\.0)), \(settings.map(\.1))) AS s (name, value) OFFSET 0) AS s
            """)
        var before: [(String, String)] = []
        for row in rows { before.append((try row["name"], try row["before"])) }
        return before
    }

    private static func inventory(of rows: [Row]) throws(PostgresError) -> SchemaInventory {
        var objects: [SchemaObject] = []
        var partitions: [SchemaObject] = []
        var major = 0
        var administrators: [String] = []
        for row in rows {
            let word: String = try row["kind"]
            let facts = try facts(of: row)
            if word == "server" {
                major = facts["major"].flatMap { Int($0) } ?? 0
                administrators = facts["administrators"]?.split(separator: "\n").map(String.init) ?? []
                continue
            }
            guard let kind = SchemaObject.Kind(rawValue: word) else {
                throw .decoding(column: "kind", reason: "holds \"\(word)\", which is no kind of object")
            }
            let object = SchemaObject(
                kind: kind, schema: try row["schema"], table: try row["table"], name: try row["name"], facts: facts)
            if kind == .partition { partitions.append(object) } else { objects.append(object) }
        }
        return SchemaInventory(
            serverMajor: major, administrators: administrators,
            objects: objects + PartitionBounds.remarkable(partitions))
    }

    /// Names and values alternate; a fact without a value is absent.
    private static func facts(of row: Row) throws(PostgresError) -> [String: String] {
        let pairs: [String?] = try row["facts"]
        var facts: [String: String] = [:]
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard let name = pairs[index], let value = pairs[index + 1], !value.isEmpty else { continue }
            facts[name] = FlatConditions.facts.contains(name) ? FlatConditions.flattened(value) : value
        }
        return facts
    }
}
