// SPDX-License-Identifier: Apache-2.0
package import Postgres

/// Why the database was not brought up to date, and what to do. What was applied before stays applied.
package enum MigrationError: Error, Sendable {
    /// A file differs from the one that was applied under its name.
    case changed(name: String, applied: String, found: String)
    /// A file that was never applied stands before one that was.
    case outOfOrder(name: String, after: String)
    /// The database has steps that this program does not know.
    case databaseIsNewer(unknown: [String])
    /// Another session held the lock for all of the time allowed; zero and an empty name when it is not to be seen.
    case locked(processID: Int, application: String, after: Duration)
    /// Two sessions got the same lock: a transaction pooler, or a server that only pretends to have such locks.
    case lockIneffective
    /// A statement failed; the line in the file where that is known. A transactional file has left nothing behind.
    case failed(name: String, line: Int?, error: PostgresError)
    /// The file holds a COMMIT or ROLLBACK of its own.
    case endedTransaction(name: String)
    /// The database could not be asked.
    case database(PostgresError)

    /// The exit code for a command that ends with this.
    package var exitCode: Int32 {
        switch self {
        case .changed, .outOfOrder: 5
        case .locked, .lockIneffective: 6
        case .databaseIsNewer: 9
        case .failed(_, _, let error), .database(let error): error.isConnectionProblem ? 10 : 1
        case .endedTransaction: 1
        }
    }
}

extension MigrationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .changed(let name, let applied, let found):
            "\(name).sql is not the file that was applied (SHA-256 \(found.prefix(12))…, then \(applied.prefix(12))…). "
                + "Restore it, and put the change into a new file."
        case .outOfOrder(let name, let after):
            "\(name).sql was never applied, and the later \(after) was. Give it a number after that."
        case .databaseIsNewer(let unknown):
            "The database is newer than this program: it has \(unknown.joined(separator: ", ")). Run a newer program."
        case .locked(let processID, let application, let after):
            "Another migration held the lock for \(after) (session \(processID), “\(application)”). "
                + "Wait for it, or end that session."
        case .lockIneffective:
            "Session locks do not work over this connection. Give the address of the server itself, not of a pooler."
        case .failed(let name, let line, let error):
            "\(name).sql failed\(line.map { " at line \($0)" } ?? ""): \(error)"
        case .endedTransaction(let name):
            "\(name).sql ends its transaction itself. Remove the COMMIT or ROLLBACK, and see what it left behind."
        case .database(let error):
            "The database's state is not known: \(error)"
        }
    }
}
