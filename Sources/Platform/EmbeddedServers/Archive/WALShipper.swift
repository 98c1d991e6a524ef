// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// Brings what a private cluster hands over into its archive, sealed and on disk, and then lets go of it.
///
/// The server's own part is a copy within the data directory, done as its user; this one runs as the program's, who has
/// the key and may write elsewhere. Whatever is interrupted is done again with the same result.
package struct WALShipper: Sendable {
    private let spool: String
    private let history: ArchiveHistory

    /// From a data directory to its history.
    package init(from directory: DataDirectory, to history: ArchiveHistory) {
        spool = directory.path + PostgresServer.walSpoolName
        self.history = history
    }

    /// Files that wait.
    package var waiting: [String] {
        (fileNames(in: spool) ?? []).filter { Segment.isArchived($0) }.sorted()
    }

    /// Takes every file that waits, in order. Blocks.
    ///
    /// - Returns: How many.
    /// - Throws: `archiveNotWritable`, `archiveConflict`, `archiveDamaged`; what was not taken waits on.
    @discardableResult
    package func ship() throws(EmbeddedServerError) -> Int {
        let names = waiting
        for name in names {
            let source = "\(spool)/\(name)"
            try history.keep(name, from: source)
            guard unlink(source) == 0 else { throw .notWritable(path: source, reason: FileSystem.Failure.last.reason) }
        }
        return names.count
    }
}
