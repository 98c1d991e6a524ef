// SPDX-License-Identifier: Apache-2.0
package import Inventory
package import Postgres

/// Why the database was not brought to where it should be, and what to do. What was applied before stays applied.
package enum MigrationError: Error, Sendable {
    /// A file says something else than the one that was applied under its name.
    case changed(file: String, id: Int, applied: String, found: String)
    /// Files that were never applied stand before one that was.
    case outOfOrder(files: [String], after: String)
    /// The database has steps that this program does not know.
    case databaseIsNewer(unknown: [String])
    /// Another session held the lock for all of the time allowed; zero and an empty name when it is not to be seen.
    case locked(processID: Int, application: String, after: Duration)
    /// Somebody held a table that a file needs, over all of its tries.
    case tableLocked(file: String, by: [Blocker], tries: Int)
    /// There is a pooler in front of the server that gives each transaction another session.
    case pooler(evidence: String)
    /// The lock was lost in the middle: its session ended.
    case lockLost(file: String)
    /// A statement failed; the line in the file where that is known. A transactional file has left nothing behind.
    case failed(file: String, line: Int?, error: PostgresError)
    /// The file holds a COMMIT or ROLLBACK of its own.
    case endedTransaction(file: String)
    /// A file builds an index outside of transactions and does not name it.
    case unnamedIndex(file: String, line: Int)
    /// There is a table of the history's name that is none.
    case foreignHistory
    /// There are schemas that the files would create and that this program did not make.
    case foreignSchemas([String])
    /// The server takes no changes.
    case readOnly(reason: String)
    /// The server's version is older than the oldest that works.
    case serverTooOld(version: Int)
    /// The account may not do what the files need.
    case missingPrivilege(role: String, database: String, privilege: String)
    /// The history does not hold together; what is wrong with it, a sentence each.
    case brokenHistory([String])
    /// The catalog is not what it should be.
    case drift(action: String, [SchemaDifference])
    /// Somebody asked for what cannot be done to a file; one sentence.
    case refused(String)
    /// Another store did not take a file.
    case store(file: String, reason: String)
    /// The database could not be asked.
    case database(PostgresError)
    case inventory(InventoryError)

    /// The exit code for a command that ends with this.
    package var exitCode: Int32 {
        switch self {
        case .changed, .outOfOrder, .brokenHistory: 5
        case .drift: 4
        case .locked, .tableLocked, .pooler, .lockLost: 6
        case .databaseIsNewer: 9
        case .failed(_, _, let error), .database(let error): error.isConnectionProblem ? 10 : 1
        case .inventory(.database(let error)): error.isConnectionProblem ? 10 : 1
        default: 1
        }
    }
}
