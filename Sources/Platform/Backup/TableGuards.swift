// SPDX-License-Identifier: Apache-2.0
import Postgres

/// What keeps even an owner from loading rows as they were: triggers, and row security where it is forced on owners.
/// Only the transaction that turns them off, and on again, sees them off.
struct TableGuards {
    private struct Trigger {
        let table: SQL
        let name: String
        /// `O`, `R` or `A` (pg_trigger.tgenabled).
        let state: String
    }

    private let forced: [SQL]
    private let triggers: [Trigger]

    static func read(
        _ connection: PostgresConnection, _ tables: [CatalogTable]
    ) async throws(PostgresError) -> TableGuards {
        let names = tables.map(\.quoted.text)
        let triggers = try await connection.query(
            """
            SELECT n.nspname AS schema, c.relname AS table_name, t.tgname AS name, t.tgenabled::text AS state
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE (t.tgrelid = ANY(\(names)::regclass[])
                    OR t.tgrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = ANY(\(names)::regclass[])))
                AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D'
            """
        ).mapped { row throws(PostgresError) in
            let (schema, table): (String, String) = (try row["schema"], try row["table_name"])
            return Trigger(
                table: "\(identifier: schema).\(identifier: table)", name: try row["name"], state: try row["state"])
        }
        return TableGuards(forced: tables.filter(\.forcesRowSecurity).map(\.quoted), triggers: triggers)
    }

    func open(_ connection: PostgresConnection) async throws(PostgresError) {
        for table in forced { try await connection.execute("ALTER TABLE \(table) NO FORCE ROW LEVEL SECURITY") }
        for trigger in triggers {
            try await connection.execute("ALTER TABLE \(trigger.table) DISABLE TRIGGER \(identifier: trigger.name)")
        }
    }

    func close(_ connection: PostgresConnection) async throws(PostgresError) {
        for trigger in triggers {
            let enable = ["R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"][trigger.state] ?? "ENABLE"
            try await connection.execute(
                "ALTER TABLE \(trigger.table) \(raw: enable) TRIGGER \(identifier: trigger.name)")
        }
        for table in forced { try await connection.execute("ALTER TABLE \(table) FORCE ROW LEVEL SECURITY") }
    }
}

/// The order in which tables are loaded: what is referred to comes first. References that go in a circle are checked at
/// the end instead.
struct LoadOrder {
    struct Reference: Equatable {
        let from: String
        let to: String
        /// The constraint, as part of ALTER TABLE.
        let table: SQL
        let name: String
        let isDeferrable: Bool
        let isDeferred: Bool

        static func == (left: Reference, right: Reference) -> Bool {
            left.from == right.from && left.to == right.to && left.name == right.name
        }
    }

    let references: [Reference]
    private let order: [String]
    private let circular: [Reference]

    static func read(
        _ connection: PostgresConnection, _ tables: [CatalogTable]
    ) async throws(PostgresError) -> LoadOrder {
        let names = tables.map(\.quoted.text)
        let references = try await connection.query(
            """
            SELECT fn.nspname AS from_schema, f.relname AS from_name, tn.nspname AS to_schema, t.relname AS to_name,
                c.conname AS name, c.condeferrable AS deferrable, c.condeferred AS deferred
            FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
            JOIN pg_class t ON t.oid = c.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
            WHERE c.contype = 'f' AND c.conparentid = 0 AND c.conrelid <> c.confrelid
                AND c.conrelid = ANY(\(names)::regclass[])
            ORDER BY fn.nspname, f.relname, c.conname
            """
        ).mapped { row throws(PostgresError) in
            let (schema, table): (String, String) = (try row["from_schema"], try row["from_name"])
            let (toSchema, toTable): (String, String) = (try row["to_schema"], try row["to_name"])
            return Reference(
                from: "\(schema).\(table)", to: "\(toSchema).\(toTable)",
                table: "\(identifier: schema).\(identifier: table)", name: try row["name"],
                isDeferrable: try row["deferrable"], isDeferred: try row["deferred"])
        }
        return LoadOrder(references: references, tables: tables.map(\.qualifiedName))
    }

    /// Takes, again and again, every table whose references are all to tables taken before.
    init(references: [Reference], tables: [String]) {
        self.references = references
        var order: [String] = []
        var left = tables
        while !left.isEmpty {
            let waiting = Set(left)
            let ready = left.filter { table in
                !references.contains { $0.from == table && waiting.contains($0.to) }
            }
            guard !ready.isEmpty else { break }
            order += ready
            left.removeAll { ready.contains($0) }
        }
        let circle = Set(left)
        circular = references.filter { circle.contains($0.from) && circle.contains($0.to) }
        self.order = order + left
    }

    func sorted(_ tables: [CatalogTable]) -> [CatalogTable] {
        let places = Dictionary(order.enumerated().map { ($1, $0) }) { first, _ in first }
        return tables.sorted { (places[$0.qualifiedName] ?? 0) < (places[$1.qualifiedName] ?? 0) }
    }

    func `defer`(_ connection: PostgresConnection) async throws(PostgresError) {
        for reference in circular { try await alter(reference, "DEFERRABLE INITIALLY DEFERRED", connection) }
    }

    /// Checks what was put off, and makes the constraints what they were.
    func settle(_ connection: PostgresConnection) async throws(PostgresError) {
        guard !circular.isEmpty else { return }
        try await connection.run(script: "SET CONSTRAINTS ALL IMMEDIATE")
        for reference in circular {
            let state =
                !reference.isDeferrable
                ? "NOT DEFERRABLE" : "DEFERRABLE INITIALLY \(reference.isDeferred ? "DEFERRED" : "IMMEDIATE")"
            try await alter(reference, state, connection)
        }
    }

    private func alter(
        _ reference: Reference, _ state: String, _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            "ALTER TABLE \(reference.table) ALTER CONSTRAINT \(identifier: reference.name) \(raw: state)")
    }
}
