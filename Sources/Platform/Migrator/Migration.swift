// SPDX-License-Identifier: Apache-2.0
import CAssets
import Cryptography

/// One file of SQL that takes the database a step forward. Files are never changed once they are released, and there
/// is no way back but the next file.
///
/// A file runs as one transaction, unless its first line is `-- migrate: no-transaction` (for what PostgreSQL refuses
/// in one, such as `CREATE INDEX CONCURRENTLY`). Such a file runs statement by statement, and again from its start
/// after an interruption: write it so that this does no harm (`DROP INDEX CONCURRENTLY IF EXISTS …` first).
package struct Migration: Sendable, Equatable {
    /// Where it stands in the order, from 1; the digits the file's name begins with.
    package let id: Int
    /// The file's name without `.sql`, such as `0001_foundation`.
    package let name: String
    /// The whole file.
    package let text: String
    /// SHA-256 of the file, 64 hexadecimal digits.
    package let checksum: String

    /// Nil unless the name is digits above zero, `_`, a word, and `.sql` or nothing.
    package init?(file: String, text: String) {
        let name = file.hasSuffix(".sql") ? String(file.dropLast(4)) : file
        let parts = name.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].allSatisfy(\.isNumber), let id = Int(parts[0]), id > 0 else { return nil }
        self.id = id
        self.name = name
        self.text = text
        checksum = SHA256.hash(Array(text.utf8)).hex
    }

    /// Whether it runs as one transaction.
    package var isTransactional: Bool {
        let first = text.prefix { !$0.isNewline }
        return first.split(separator: " ").joined(separator: " ") != "-- migrate: no-transaction"
    }

    /// The files that travel in the program, in order.
    package static var embedded: [Migration] {
        (0..<cassets_migration_count).map { index in
            let file = cassets_migration(index).pointee
            let bytes = UnsafeBufferPointer(start: file.bytes, count: file.count)
            let name = String(cString: file.name)
            guard let migration = Migration(file: name, text: String(decoding: bytes, as: UTF8.self)) else {
                preconditionFailure("\(name) is not a migration's name")
            }
            return migration
        }
    }
}

/// What is known of one migration, in the program or in the database.
package struct MigrationStatus: Sendable, Equatable {
    /// How the program's file and the database's record compare.
    package enum State: String, Sendable {
        /// In both, and the same.
        case applied
        /// In the program only.
        case pending
        /// In both, but the file is another one than the one that was applied.
        case changed
        /// In the database only: a newer program was here.
        case unknownToProgram
    }

    /// The digits the file's name begins with.
    package let id: Int
    /// The file's name without `.sql`.
    package let name: String
    /// Whether it has run, is to run, or does not fit.
    package let state: State
}

/// A migration that was just applied.
package struct AppliedMigration: Sendable, Equatable {
    /// The digits the file's name begins with.
    package let id: Int
    /// The file's name without `.sql`.
    package let name: String
    /// Wall time of the whole file.
    package let duration: Duration
}

/// What a migration run does, for the log and for progress.
package enum MigrationEvent: Sendable {
    /// Another program is migrating; told once a wait. Zero and an empty name when it is not to be seen.
    case waiting(processID: Int, application: String)
    case applying(name: String)
    case applied(AppliedMigration)
}
