// SPDX-License-Identifier: Apache-2.0

/// A table that a `BatchWriter` adds rows to. It needs a unique key, so that rows can be sent twice when the outcome
/// of a commit is unknown.
package struct BatchTable: Sendable {
    /// `schema.table`.
    package let name: String
    /// In the order in which values are appended. Types: bool, bytea, int4, int8, text, numeric, timestamptz, uuid,
    /// json, jsonb (text for varchar).
    package let columns: [(name: String, type: PostgresType)]

    package init(name: String, columns: [(name: String, type: PostgresType)]) {
        self.name = name
        self.columns = columns
    }

    var insert: String {
        let table = name.split(separator: ".").map { quoted(String($0)) }.joined(separator: ".")
        let names = columns.map { quoted($0.name) }.joined(separator: ", ")
        let arrays = columns.indices.map { "$\($0 + 1)::\(columns[$0].type)[]" }.joined(separator: ", ")
        return "INSERT INTO \(table) (\(names)) SELECT * FROM unnest(\(arrays))"
    }
}

/// Bounds of a `BatchWriter`.
package struct BatchLimits: Sendable {
    /// Rows of one statement batch, over all tables.
    package var maximumBatchRows = 2_000
    /// What may wait in memory; then `isReady` is false and appending throws `.overloaded`.
    package var maximumPendingBytes = 64 << 20
    /// How long `append` waits before it throws `.timeout`; the rows stay queued.
    package var answerWithin: Duration = .seconds(5)
    /// How long `stop` waits for what is queued.
    package var stopWithin: Duration = .seconds(10)

    package init() {}
}

/// The columns of all tables of a writer, in one row after the other.
final class BatchSchema: Sendable {
    let tables: [BatchTable]
    /// Where the columns of each table begin, and the end.
    let offsets: [Int]
    let types: [PostgresType]
    /// The parameters' types of each table's statement.
    let arrayTypes: [[UInt32]]
    private let inserts: [BatchStatement]
    private let repeats: [BatchStatement]

    init(_ tables: [BatchTable]) {
        self.tables = tables
        offsets = tables.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.columns.count) }
        types = tables.flatMap { $0.columns.map(\.type) }
        arrayTypes = tables.map { $0.columns.map(\.type.array.oid) }
        inserts = tables.enumerated().map { BatchStatement(name: "insert\($0)", text: $1.insert) }
        repeats = tables.enumerated().map {
            BatchStatement(name: "repeat\($0)", text: $1.insert + " ON CONFLICT DO NOTHING")
        }
    }

    /// The statement of a table; one form ignores rows that are there already.
    func statement(_ table: Int, ignoringExisting: Bool) -> BatchStatement {
        ignoringExisting ? repeats[table] : inserts[table]
    }
}

/// A statement and the name it is prepared by.
struct BatchStatement: Sendable {
    let name: String
    let text: String
}
