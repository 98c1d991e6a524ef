// SPDX-License-Identifier: Apache-2.0
package import Postgres

/// What a program knows of its own database that the catalog does not say.
package struct BackupProfile: Sendable {
    /// Recorded in the manifest, and with the migrations of a restore.
    package var programVersion: String
    /// Recorded with the migrations of a restore, too.
    package var actor = ""
    /// Schemas that are not the program's.
    package var foreignSchemas: [String] = ["public"]
    /// The role that reads when the login is no superuser: it needs SELECT, and policies that show it every row.
    package var readerRole: String?
    /// Tables (`schema.name`) that are saved but not loaded: they tell of the database they are in.
    package var isRestored: @Sendable (String) -> Bool = { _ in true }
    /// Expressions in place of columns, by table (`schema.name`) and column: what is tied to one server, such as a
    /// transaction's number, in a form that means the same on every other. Of the column's type.
    package var expressions: [String: [String: String]] = [:]
    /// The ends of chains of hashes: `subject`, `sequence` (bigint) and `hash` (text), in a fixed order.
    package var headsQuery: SQL?
    /// A schema that marks a database into which something is being restored.
    package var markerSchema: String
    /// The session lock (`pg_advisory_lock`) of a restore.
    package var lockKey: Int64

    package init(programVersion: String, markerSchema: String, lockKey: Int64) {
        self.programVersion = programVersion
        self.markerSchema = markerSchema
        self.lockKey = lockKey
    }
}

/// How far a backup or restore is.
package enum BackupEvent: Sendable {
    /// Work on a table begins; one of how many.
    case table(String, number: Int, of: Int)
    /// More bytes of all those that are expected.
    case progress(bytes: Int64, of: Int64)
    /// A migration of a restore.
    case migrated(String)
}
