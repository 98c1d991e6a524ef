// SPDX-License-Identifier: Apache-2.0
package import ObjectStore
package import Postgres

/// Why a backup was not made, not believed or not restored, and what to do. A restore that fails leaves the database
/// as it was.
package enum BackupError: Error, Sendable {
    /// There is no backup of that name.
    case missing(name: String, address: String)
    /// There is something under the name of the new backup.
    case taken(name: String, address: String)
    /// The manifest, or one of its parts, is not what a backup has.
    case malformed(name: String, reason: String)
    /// It was made in a form that this program does not know.
    case unknownFormat(name: String, format: Int64)
    /// It was sealed with a passphrase, and none was given.
    case needsPassphrase(name: String)
    /// It was sealed with a master key, and none is at hand.
    case needsMasterKey(name: String, keyID: String)
    /// It was sealed with another master key; both ids.
    case wrongMasterKey(name: String, needed: String, held: String)
    /// The passphrase is another one, or the manifest was changed.
    case wrongPassphrase(name: String)
    /// An object is not the one that was written.
    case corrupted(object: String, reason: String)
    /// An object is shorter or longer than it was.
    case truncated(object: String, expected: Int64, found: Int64)
    /// The role that reads would not see every row of a table.
    case notReadable(table: String, role: String, advice: String)
    /// The database has objects already.
    case notEmpty(found: [String])
    /// Somebody else restores into this database.
    case busy
    /// The backup has steps that this program does not know.
    case newer(name: String, unknown: [String])
    /// The program's files are not those that made the backup's schema.
    case changed(name: String, migration: String)
    /// A table is not in the new schema as it is in the backup.
    case differentTable(String, reason: String)
    /// A table got another number of rows than it had.
    case countMismatch(table: String, expected: Int64, found: Int64)
    /// The restored schema is not the one that was saved; what differs, a line each.
    case differentSchema([String])
    /// The restored chains do not end where the saved ones did.
    case differentHeads
    /// A step of a migration failed.
    case migration(String, exitCode: Int32)
    /// The place of the backups.
    case storage(ObjectStoreError)
    /// The database.
    case database(PostgresError)

    /// The exit code for a command that ends with this.
    package var exitCode: Int32 {
        switch self {
        case .differentSchema, .differentHeads: 4
        case .corrupted, .truncated, .malformed, .changed, .countMismatch: 5
        case .busy: 6
        case .newer, .unknownFormat: 9
        case .storage(.unreachable): 10
        case .database(let error) where error.isConnectionProblem: 10
        case .migration(_, let code): code
        default: 1
        }
    }
}

extension BackupError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let name, let address): "There is no backup \(name) in \(address). List shows those there are."
        case .taken(let name, let address):
            "\(address) has something called \(name) already. Give another name; nothing was changed."
        case .malformed(let name, let reason): "\(name) is not a whole backup: \(reason). Take another one."
        case .unknownFormat(let name, let format):
            "\(name) has format \(format), which this program does not know. Use a newer program."
        case .needsPassphrase(let name): "\(name) was sealed with a passphrase. Give it with --passphrase-file."
        case .needsMasterKey(let name, let keyID):
            "\(name) was sealed with master key \(keyID). Name its file in the setting of the master key."
        case .wrongMasterKey(let name, let needed, let held):
            "\(name) was sealed with master key \(needed), and the one at hand is \(held). Give the file it needs."
        case .wrongPassphrase(let name):
            "The passphrase does not open \(name), or its manifest was changed. Try another passphrase or backup."
        case .corrupted(let object, let reason): "\(object) was damaged: \(reason). Take another backup."
        case .truncated(let object, let expected, let found):
            "\(object) has \(found) bytes and should have \(expected). Fetch it again, or take another backup."
        case .notReadable(let table, let role, let advice):
            "\(role) would not see every row of \(table), and the backup would lack some. \(advice)"
        case .notEmpty(let found):
            "The database is not empty: it has \(Self.list(found)). Give an empty one; nothing was changed."
        case .busy: "Another program restores into this database. Wait for it to end."
        case .newer(let name, let unknown):
            "\(name) was made by a newer program (\(Self.list(unknown))). Restore it with that one."
        case .changed(let name, let migration):
            "\(migration) in this program is not the one that made \(name). Restore it with the program that made it."
        case .differentTable(let table, let reason): "\(table) cannot be restored: \(reason). Nothing was changed."
        case .countMismatch(let table, let expected, let found):
            "\(table) has \(found) rows and should have \(expected). Take another backup; nothing was changed."
        case .differentSchema(let lines):
            "The restored schema is not the one that was saved: \(Self.list(lines)). Nothing was changed."
        case .differentHeads: "The restored chains do not end where the saved ones did. Nothing was changed."
        case .migration(let sentence, _): sentence
        case .storage(let error): error.description
        case .database(let error): error.description
        }
    }

    private static func list(_ items: [String]) -> String {
        items.prefix(5).joined(separator: ", ") + (items.count > 5 ? " and \(items.count - 5) more" : "")
    }
}

extension BackupError {
    /// The errors of `body` as this module's; those of the task's end are told as a cancellation of the database's.
    static func translating<Value>(_ body: () async throws -> Value) async throws(BackupError) -> Value {
        do {
            return try await body()
        } catch let error as BackupError {
            throw error
        } catch let error as PostgresError {
            throw .database(error)
        } catch let error as ObjectStoreError {
            throw .storage(error)
        } catch is CancellationError {
            throw .database(.cancelled)
        } catch {
            throw .database(.connection("\(error)"))
        }
    }
}
