// SPDX-License-Identifier: Apache-2.0
import Postgres
import SwiftExtensions
import TestSupport

/// A migrated database with rows for two organizations in every table that holds a tenant's data.
struct SeededStore: Sendable {
    let store: TestDatabase
    /// As the superuser.
    let database: Database
    let shapes: [TableShape]
    /// Every row that was made, parents first.
    let rows: [RowGenerator.Row]
    private let values: RowGenerator

    /// One for all tests that leave it as it is, and never ask for a lock that keeps readers of a table out (TRUNCATE,
    /// DROP, ALTER, even if undone): two that take such locks in different orders are a deadlock.
    static let shared = Task { try await SeededStore.make() }

    /// Makes one: `change` is run before there are rows.
    static func make(
        change: String? = nil, hints: [String: RowHint] = RowHint.all
    ) async throws -> SeededStore {
        let store = try await TestDatabase.make()
        if let change { try store.psql(change) }
        let database = store.open()
        let shapes = try await TableShape.all(in: database)
        var generator = RowGenerator(shapes, hints: hints)
        let rows = try generator.rows(of: shapes.filter { TenantRules.kind(of: $0) != .global }.map(\.name))
        try await insert(rows, into: database)
        try await database.run(script: Probe.schema)
        return SeededStore(store: store, database: database, shapes: shapes, rows: rows, values: generator)
    }

    private static func insert(_ rows: [RowGenerator.Row], into database: Database) async throws {
        do {
            try await database.run(script: rows.map(\.insertion).joined(separator: ";"))
        } catch {
            // One by one, to say which it was.
            for row in rows {
                do { try await database.query(SQL(raw: row.insertion)) } catch {
                    throw RowGenerator.Unknown(
                        description:
                            "no row can be made for \(row.table), which needs a hint: \(error)\n\(row.insertion)")
                }
            }
            throw error
        }
    }

    /// A copy of its own, changed before there are rows, and dropped afterwards.
    static func with<Value>(
        change: String? = nil, _ body: (SeededStore) async throws -> Value
    ) async throws -> Value {
        let seeded = try await make(change: change)
        do {
            let value = try await body(seeded)
            try await seeded.store.close()
            return value
        } catch {
            try? await seeded.store.close()
            throw error
        }
    }

    private init(
        store: TestDatabase, database: Database, shapes: [TableShape], rows: [RowGenerator.Row], values: RowGenerator
    ) {
        (self.store, self.database, self.shapes, self.rows) = (store, database, shapes, rows)
        self.values = values
    }

    /// The tables that hold a tenant's data.
    var tenantTables: [TableShape] { shapes.filter { TenantRules.kind(of: $0) != .global } }

    func rows(of table: String, _ tenant: Tenant) -> [RowGenerator.Row] {
        rows.filter { $0.table == table && $0.tenant == tenant }
    }

    /// Text with `{schema.table.column.number}` replaced by the literal in that row of the first organization, and
    /// `{b:…}` by that of the second; `{fresh}` by a new id.
    func filled(_ text: String) throws -> String {
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}") else { break }
            let inside = rest[rest.index(after: open)..<close]
            let isOther = inside.hasPrefix("b:")
            let parts = (isOther ? inside.dropFirst(2) : inside).split(separator: ".").map(String.init)
            if parts.count == 4, let number = Int(parts[3]) {
                var values = values
                let tenant = isOther ? Tenant.b : Tenant.a
                result += try values.value("\(parts[0]).\(parts[1])", parts[2], tenant, number) ?? "DEFAULT"
            } else if inside == "fresh" {
                result += "'\(UniqueID.v7())'"
            } else {
                result += "{\(inside)}"
            }
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
