// SPDX-License-Identifier: Apache-2.0
package import Cryptography
package import SwiftExtensions

/// A partition on its way out of the database, or gone: written, read back, signed for, detached, dropped.
package struct Archive: Sendable, Equatable {
    /// The last step that is done.
    package enum State: String, Sendable, CaseIterable {
        /// The file is being written; nothing else has changed.
        case writing
        /// The file was read back and holds what the partition holds.
        case verified
        /// Each organization's log says so, signed.
        case signed
        /// The partition is a table of its own.
        case detached
        /// It is gone from the database.
        case dropped
        /// Given up; nothing was taken away.
        case abandoned
    }

    /// What was written and found again by reading back.
    package struct Content: Sendable, Equatable {
        /// Rows in the file.
        package let rows: Int64
        /// Over the rows as they were sent by the server.
        package let digest: Digest
        /// The file's name in the archive directory.
        package let file: String
        /// Its size.
        package let fileBytes: Int64
        /// Over the file as it lies there.
        package let fileDigest: Digest

        package init(rows: Int64, digest: Digest, file: String, fileBytes: Int64, fileDigest: Digest) {
            self.rows = rows
            self.digest = digest
            self.file = file
            self.fileBytes = fileBytes
            self.fileDigest = fileDigest
        }
    }

    /// UUIDv7.
    package let id: UniqueID
    /// The partitioned table, with its schema.
    package let table: String
    /// Name and bounds.
    package let partition: TablePartition
    /// The last step that is done.
    package let state: State
    /// Nil until it is verified.
    package let content: Content?
    /// The master key it was written under.
    package let masterKeyID: String
    /// When it was begun.
    package let startedAt: Timestamp
    /// When its file was last read back and found whole.
    package let checkedAt: Timestamp?
    /// Why it was given up, or what the last check found.
    package let problem: String?

    /// The file's name, which tells what is in it.
    var fileName: String { "\(partition.name)-\(id).archive" }
}

/// What happens to an archive, for logs, and for tests that interrupt it there.
package enum ArchiveStep: String, Sendable, CaseIterable {
    case began, fileWritten, verified, signed, detached, detachmentNoted, compared, dropped
}
