// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// What a backup says of itself: `manifest.json`, the last object written, so that a backup without one is none.
///
/// It can be read without a key, and is believed only when its authentication (HMAC-SHA-256 over its canonical form,
/// under a key that the backup's own gives) is right.
package struct BackupManifest: Sendable, Equatable {
    /// The form this program writes and reads.
    static let format: Int64 = 1
    /// Largest manifest that is read.
    static let bytesMaximum = 64 << 20

    /// A table, whole.
    package struct Table: Sendable, Equatable {
        /// The schema it is in.
        package var schema: String
        /// Its name in there.
        package var name: String
        /// Names and types, in the order of the data.
        package var columns: [Column]
        /// How many rows it had.
        package var rows: Int64
        /// Its data.
        package var part: Part
        /// Whether a restore loads it; the record of migrations belongs to its own database.
        package var isRestored: Bool

        /// `schema.name`.
        package var qualifiedName: String { "\(schema).\(name)" }
    }

    /// A column as the server names it.
    package struct Column: Sendable, Equatable {
        /// Its name.
        package var name: String
        /// As `format_type` writes it.
        package var type: String
    }

    /// A sealed object of the backup.
    package struct Part: Sendable, Equatable {
        /// Its name beside the manifest.
        package var object: String
        /// Of the plaintext, as PostgreSQL wrote it.
        package var bytes: Int64
        /// SHA-256 of the plaintext.
        package var sha256: Digest
        /// Of the object as it is stored.
        package var sealedBytes: Int64
        /// SHA-256 of the object as it is stored.
        package var sealedSHA256: Digest
    }

    /// A partition with data's place: made again before the data is loaded.
    package struct Partition: Sendable, Equatable {
        /// The parent's schema.
        package var schema: String
        /// The parent's name.
        package var parent: String
        /// Its own schema.
        package var partitionSchema: String
        /// Its own name.
        package var name: String
        /// As `pg_get_expr` writes it.
        package var bounds: String
    }

    /// Where a sequence stood.
    package struct Sequence: Sendable, Equatable {
        /// The schema it is in.
        package var schema: String
        /// Its name in there.
        package var name: String
        /// Its last value.
        package var position: Int64
        /// Whether that value was given out.
        package var isCalled: Bool
    }

    /// A step of the schema.
    package struct Migration: Sendable, Equatable {
        /// Its number.
        package var id: Int64
        /// Its file's name without the ending.
        package var name: String
        /// Of the file that made it; empty when the program that took the backup did not have that file.
        package var checksum: String

        /// A step that was applied.
        package init(id: Int64, name: String, checksum: String) {
            self.id = id
            self.name = name
            self.checksum = checksum
        }
    }

    /// The end of a chain of hashes that the database holds.
    package struct Head: Sendable, Equatable {
        /// Whose chain it is.
        package var subject: String
        /// The number of its last link.
        package var sequence: Int64
        /// The hash of that link.
        package var hash: String
    }

    /// The name it was made under.
    package var name: String
    /// When its snapshot was taken, by the server's clock: the recovery point.
    package var createdAt: Timestamp
    /// Of the program that took it.
    package var programVersion: String
    /// As `SHOW server_version` says.
    package var serverVersion: String
    /// Such as 15.
    package var serverMajor: Int64
    /// The snapshot (`pg_current_snapshot`): what transactions it saw.
    package var snapshot: String
    /// The steps that made the schema, by number.
    package var migrations: [Migration]
    /// Of the whole catalog, for servers of the same version.
    package var fingerprint: String
    /// Of what is comparable between versions.
    package var portableFingerprint: String
    /// Every table, by name.
    package var tables: [Table]
    /// Every partition by range, by its parent's name and its own.
    package var partitions: [Partition]
    /// Every sequence, by name.
    package var sequences: [Sequence]
    /// The ends of the chains of hashes.
    package var heads: [Head]
    /// The catalog, and what else was taken along, by purpose.
    package var extras: [String: Part]
    /// Sentences and facts for people, such as what is not in it and why.
    package var notes: [String: String]
    /// How its key is kept.
    package var key: WrappedKey

    /// Rows of all tables.
    package var rows: Int64 { tables.reduce(0) { $0 + $1.rows } }
    /// Bytes of all objects but the manifest.
    package var sealedBytes: Int64 { parts.reduce(0) { $0 + $1.sealedBytes } }
    /// Every object but the manifest.
    package var parts: [Part] { tables.map(\.part) + extras.sorted { $0.key < $1.key }.map(\.value) }
}

/// How a backup's own key is kept.
package struct WrappedKey: Sendable, Equatable {
    /// What opens it.
    package enum Holder: Sendable, Equatable {
        /// Argon2id over a passphrase.
        case passphrase(salt: [UInt8], cost: Argon2idCost)
        /// A subkey of the master key with this id.
        case masterKey(id: String, salt: [UInt8])
    }

    /// What opens it.
    package let holder: Holder
    /// AES-256-GCM of 32 bytes.
    package let wrapped: [UInt8]
}
