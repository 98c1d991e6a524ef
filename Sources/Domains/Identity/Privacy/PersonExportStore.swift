// SPDX-License-Identifier: Apache-2.0
import Audit
import Postgres
import SwiftExtensions

/// Reads what there is about a person, a few rows at a time, in one transaction whose setting `app.person` names them.
enum PersonExportStore {
    /// So many bytes of rows are asked for at once, as far as earlier rows tell.
    private static let bytesPerFetch = 1 << 20

    static func begin(for person: UniqueID, in transaction: borrowing Transaction) async throws {
        try await transaction.query("SELECT set_config('app.person', \(person.description), true)")
    }

    /// The table's rows about the person as JSON objects, without what is left out.
    static func rows(
        of table: PersonalTable, in transaction: borrowing Transaction,
        _ take: (String) async throws -> Void
    ) async throws {
        let leftOut = table.leftOut.map { "'\($0)'" }.joined(separator: ", ")
        try await each(
            "rows",
            """
            SELECT (to_jsonb(t) - ARRAY[\(raw: leftOut)]::text[])::text AS line FROM \(raw: table.name) t
            WHERE \(raw: table.condition)
            """, in: transaction
        ) { row in
            let line: String = try row["line"]
            try await take(line)
            return line.utf8.count
        }
    }

    /// Entries of the log that the person or the person's keys made, or that are about the person.
    static func entries(
        in transaction: borrowing Transaction, _ take: (AuditEntry) async throws -> Void
    ) async throws {
        let person = PersonalTable.person
        try await each(
            "entries",
            """
            SELECT org_id, id, category, action, outcome, actor, entity, payload::text AS payload
            FROM audits.audit_log t
            WHERE actor = 'user:' || \(raw: person) OR entity = 'user:' || \(raw: person)
                OR actor IN (SELECT 'key:' || k.id FROM auth.api_keys k WHERE k.user_id = \(raw: person))
                OR payload ->> 'personal' LIKE '%' || \(raw: person) || '%'
            """, in: transaction
        ) { row in
            let entry = try AuditEntry(row: row)
            try await take(entry)
            return entry.payload.utf8.count
        }
    }

    /// Goes through the rows of a statement; `take` says how many bytes one has. A cursor's name always stands for the
    /// same columns, since its FETCH is prepared once.
    private static func each(
        _ cursor: String, _ statement: SQL, in transaction: borrowing Transaction,
        _ take: (Row) async throws -> Int
    ) async throws {
        try await transaction.execute("DECLARE \(identifier: cursor) NO SCROLL CURSOR FOR " + statement)
        var count = 10
        while true {
            let rows = try await transaction.query("FETCH \(raw: String(count)) FROM \(identifier: cursor)")
            var bytes = 0
            for row in rows { bytes += try await take(row) }
            if rows.count < count { break }
            count = min(1000, max(1, bytesPerFetch * count / max(1, bytes)))
        }
        try await transaction.execute("CLOSE \(identifier: cursor)")
    }
}
