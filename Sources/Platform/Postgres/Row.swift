// SPDX-License-Identifier: Apache-2.0
import CLibpq

/// The columns of a result: names and types, shared by its rows.
struct Columns: Sendable {
    let names: [String]
    let types: [PostgresType]
}

/// A result of the server; the one owner of a `PGresult`.
@safe final class ResultSet: @unchecked Sendable {
    // @unchecked: libpq never changes a result once it has handed it out, and reading is thread-safe.
    private let handle: OpaquePointer
    let columns: Columns
    let count: Int

    /// Takes the result over.
    init(_ handle: OpaquePointer) {
        unsafe self.handle = unsafe handle
        count = Int(unsafe PQntuples(handle))
        let fields = count == 0 ? 0 : unsafe PQnfields(handle)
        columns = Columns(
            names: (0..<fields).map { unsafe String(cString: PQfname(handle, $0)) },
            types: (0..<fields).map { unsafe PostgresType(oid: PQftype(handle, $0)) })
    }

    deinit { unsafe PQclear(handle) }

    enum Status { case rows, done, error, skipped, synchronized, copying, unexpected }

    var status: Status {
        switch unsafe PQresultStatus(handle) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE: .rows
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE: .error
        case PGRES_PIPELINE_ABORTED: .skipped
        case PGRES_PIPELINE_SYNC: .synchronized
        case PGRES_COPY_OUT, PGRES_COPY_IN: .copying
        default: .unexpected
        }
    }

    /// Rows that an INSERT, UPDATE, DELETE, MERGE or SELECT touched; 0 for other commands.
    var affected: Int { unsafe Int(String(cString: PQcmdTuples(handle))) ?? 0 }

    /// The command's tag, such as `COMMIT`.
    var command: String { unsafe String(cString: PQcmdStatus(handle)) }

    /// The error report; without a code when libpq itself noticed the error.
    var error: ServerError {
        ServerError(
            sqlState: field("C") ?? "", message: field("M") ?? "lost", detail: field("D"), hint: field("H"),
            schema: field("s"), table: field("t"), column: field("c"), constraint: field("n"),
            position: field("P").flatMap { Int($0) })
    }

    private func field(_ code: Unicode.Scalar) -> String? {
        guard let text = unsafe PQresultErrorField(handle, Int32(code.value)) else { return nil }
        return unsafe String(cString: text)
    }

    func withValue<Result>(
        row: Int, column: Int, _ body: (PostgresValue) throws(PostgresMismatch) -> Result
    ) throws(PostgresMismatch) -> Result {
        let (row, field) = (Int32(row), Int32(column))
        let type = columns.types[column]
        guard unsafe PQgetisnull(handle, row, field) == 0 else {
            return unsafe try body(PostgresValue(type: type, bytes: nil))
        }
        let bytes = unsafe UnsafeRawBufferPointer(
            start: PQgetvalue(handle, row, field), count: Int(PQgetlength(handle, row, field)))
        return unsafe try body(PostgresValue(type: type, bytes: bytes))
    }
}

/// One row of a result. Holds on to its whole result.
package struct Row: Sendable {
    let result: ResultSet
    let index: Int

    /// Reads a column by name; the error names the column and says what is wrong.
    package subscript<Value: PostgresDecodable>(_ column: String) -> Value {
        get throws(PostgresError) {
            guard let position = result.columns.names.firstIndex(of: column) else {
                throw .decoding(column: column, reason: "is not in the result")
            }
            do {
                return try result.withValue(row: index, column: position) { value throws(PostgresMismatch) in
                    try Value(value)
                }
            } catch {
                throw .decoding(column: column, reason: error.reason)
            }
        }
    }
}

extension ResultSet {
    var rows: [Row] { (0..<count).map { Row(result: self, index: $0) } }
}
