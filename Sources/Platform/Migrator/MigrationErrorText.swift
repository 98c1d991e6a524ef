// SPDX-License-Identifier: Apache-2.0
import Inventory
import Postgres

extension MigrationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .changed, .outOfOrder, .databaseIsNewer, .brokenHistory, .drift, .refused: fitting
        case .locked, .tableLocked, .pooler, .lockLost: waiting
        case .failed, .endedTransaction, .unnamedIndex, .store: running
        case .foreignHistory, .foreignSchemas, .readOnly, .serverTooOld, .missingPrivilege: unsuitable
        case .database(let error): "The database's state is not known: \(error)"
        case .inventory(let error): "The catalog's state is not known: \(error)"
        }
    }

    /// Of program and database that do not fit together.
    private var fitting: String {
        switch self {
        case .changed(let file, let id, let applied, let found):
            "\(file) does not say what the one that was applied said (SHA-256 \(found.prefix(12))…, then "
                + "\(applied.prefix(12))…). Restore it, and put the change into a new file; or accept it as it is: "
                + "migrate repair --accept \(id) --reason TEXT."
        case .outOfOrder(let files, let after):
            "\(files.joined(separator: ", ")) never ran, and the later \(after) did. "
                + "Give \(files.count == 1 ? "it a number" : "them numbers") after that."
        case .databaseIsNewer(let unknown):
            "The database is newer than this program: it has \(unknown.joined(separator: ", ")). Run a newer program."
        case .brokenHistory(let findings):
            "The history of migrations was tampered with: \(findings.joined(separator: "; ")). "
                + "Find out by whom; a backup has it as it was."
        case .drift(let action, let differences):
            "\(action): " + differences.prefix(20).map(\.description).joined(separator: "; ")
                + (differences.count > 20 ? "; and \(differences.count - 20) more" : "") + "."
        case .refused(let sentence): sentence
        default: ""
        }
    }

    private var waiting: String {
        switch self {
        case .locked(let processID, let application, let after):
            "Another migration held the lock for \(after) (session \(processID), “\(application)”). "
                + "Wait for it, or end that session."
        case .tableLocked(let file, let blockers, let tries):
            "\(file) needs a lock that others hold, and gave up after \(tries) tries"
                + (blockers.isEmpty ? "" : ": " + blockers.map(\.description).joined(separator: "; "))
                + ". Nothing of it was kept. End those sessions (SELECT pg_terminate_backend(…)), or try again later."
        case .pooler(let evidence):
            "There is a transaction pooler between this program and PostgreSQL (\(evidence)), and session locks do not "
                + "work through one. Set DIRECT_URL to the address of the server itself."
        case .lockLost(let file):
            "The session that held the migration lock ended before \(file). What was applied stays; run it again."
        default: ""
        }
    }

    private var running: String {
        switch self {
        case .failed(let file, let line, let error):
            "\(file) failed\(line.map { " at line \($0)" } ?? ""): \(error)"
                + (error.sqlState == "42501" ? ". Migrate with an account that owns the schema or may create it." : "")
        case .endedTransaction(let file):
            "\(file) ends its transaction itself. Remove the COMMIT or ROLLBACK, and see what it left behind."
        case .unnamedIndex(let file, let line):
            "\(file) builds an index without a name at line \(line). Name it: an interrupted build must be found again."
        case .store(let file, let reason): "\(file) was not applied: \(reason)"
        default: ""
        }
    }

    /// Of servers and databases that are not for this.
    private var unsuitable: String {
        switch self {
        case .foreignHistory:
            "The table ops._migration_history exists and is not this program's. Use another database, or rename the "
                + "schema: ALTER SCHEMA ops RENAME TO …."
        case .foreignSchemas(let names):
            "\(names.count == 1 ? "The schema" : "The schemas") \(names.joined(separator: ", ")) "
                + "\(names.count == 1 ? "exists" : "exist") in this database, and this program did not make "
                + "\(names.count == 1 ? "it" : "them"); nothing was changed. Use a database of its own (CREATE "
                + "DATABASE …), rename (ALTER SCHEMA \(names[0]) RENAME TO …), or adopt a copy of this program's own: "
                + "migrate baseline."
        case .readOnly(let reason):
            "The server takes no changes: \(reason). Give the address of the primary."
        case .serverTooOld(let version):
            "PostgreSQL \(version / 10_000) is too old; 15 is the oldest that works. Upgrade the server."
        case .missingPrivilege(let role, let database, let privilege):
            "The role \(role) may not create schemas in this database. As its owner, run: GRANT \(privilege) ON "
                + "DATABASE \(database) TO \(role);"
        default: ""
        }
    }
}
