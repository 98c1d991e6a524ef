// SPDX-License-Identifier: Apache-2.0

/// Why the database did not do what was asked, and what to do about it.
package enum PostgresError: Error, Sendable {
    /// The server refused; see `ServerError.sqlState`.
    case server(ServerError)
    /// There is no connection, or it was lost; when it was lost after a statement was sent, whether the statement took
    /// effect is unknown.
    case connection(String)
    /// The deadline passed; the statement was asked to stop (rows of a batch stay queued).
    case timeout
    /// The calling task was cancelled, and the statement was asked to stop.
    case cancelled
    /// A column is missing or does not hold what was asked for.
    case decoding(column: String, reason: String)
    /// A value cannot be written; nothing was sent.
    case encoding(String)
    /// The pool or writer was closed.
    case closed
    /// No connection became free in time, or a queue reached its bound.
    case overloaded
}

/// An error report of the server (protocol §55.8, "Error and Notice Message Fields").
package struct ServerError: Sendable {
    /// Five characters of PostgreSQL's Appendix A, such as `23505`.
    package var sqlState: String
    /// The primary message, one line, in the server's language.
    package var message: String
    /// More of what happened; may quote values, so it is not for callers.
    package var detail: String?
    /// What the server suggests to do.
    package var hint: String?
    /// The schema of the object at fault, where the server names one.
    package var schema: String?
    /// The table at fault.
    package var table: String?
    /// The column at fault.
    package var column: String?
    /// The constraint that was violated, an index included.
    package var constraint: String?
    /// Where in the statement, counted in characters from 1.
    package var position: Int?
}

extension PostgresError {
    /// The five-character code when the server answered; nil otherwise.
    package var sqlState: String? {
        if case .server(let error) = self { error.sqlState } else { nil }
    }

    /// A unique key already has this value (23505).
    package var isUniqueViolation: Bool { sqlState == "23505" }

    /// The transaction lost against a concurrent one and may be run again (40001, 40P01).
    package var isSerializationFailure: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// The server is away, going away or full, rather than unwilling (08*, 57P01–57P03, 53300).
    package var isConnectionProblem: Bool {
        switch self {
        case .connection: true
        case .server(let error):
            error.sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "53300"].contains(error.sqlState)
        default: false
        }
    }

    /// A prepared statement that the server no longer has or that no longer fits its tables: prepare again.
    var isStaleStatement: Bool {
        guard case .server(let error) = self else { return false }
        return error.sqlState == "26000" || (error.sqlState == "0A000" && error.message.contains("cached plan"))
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .server(let error): error.description
        case .connection(let reason): "no connection to PostgreSQL: \(reason); check that the server runs and try again"
        case .timeout: "PostgreSQL did not answer in time; try again, or look for slow statements and locks"
        case .cancelled: "the statement was cancelled because its caller went away"
        case .decoding(let column, let reason): "column \"\(column)\": \(reason)"
        case .encoding(let reason): "value not written: \(reason)"
        case .closed: "the database was closed; the process is stopping"
        case .overloaded: "too much work waits for PostgreSQL; try again later or allow more connections"
        }
    }
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        var text = "\(message) (SQLSTATE \(sqlState)"
        if let table { text += ", table \(table)" }
        if let column { text += ", column \(column)" }
        if let constraint { text += ", constraint \(constraint)" }
        text += ")"
        if let detail { text += "; \(detail)" }
        if let hint { text += "; \(hint)" }
        return text
    }
}
