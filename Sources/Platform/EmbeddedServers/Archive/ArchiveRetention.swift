// SPDX-License-Identifier: Apache-2.0
import Glibc
package import SwiftExtensions

/// What an archive may let go of: base backups and the log they begin, together.
struct ArchiveRetention {
    /// How far back it must be able to go.
    let keep: Duration

    /// To go back to the beginning of the time kept takes the last base backup before it, so that one stays, and with
    /// it all that came after. The last whole one therefore always stays.
    ///
    /// - Parameter bases: The oldest first.
    /// - Returns: What goes, and the first file of the log that stays; nil when all of the log stays.
    func decide(_ bases: [BaseBackup], now: Timestamp) -> (remove: [BaseBackup], firstKept: Segment?) {
        let kept = bases.lastIndex { $0.finished <= now - keep } ?? bases.startIndex
        return (Array(bases[..<kept]), bases[kept...].map(\.first).min())
    }
}

extension ArchiveHistory {
    /// Removes what is not needed to go back to any time within `keep`; the log and the base backups that begin it go
    /// together, and the newest whole base backup never goes.
    ///
    /// - Returns: The names of base backups removed, and how many files of the log.
    /// - Throws: `archiveNotWritable`; what was not removed goes the next time.
    package func prune(
        keeping keep: Duration, now: Timestamp = .now()
    ) throws(EmbeddedServerError) -> (bases: [String], logFiles: Int) {
        let (remove, firstKept) = ArchiveRetention(keep: keep).decide(bases(), now: now)
        for backup in remove {
            // The description first: what is not described is not whole.
            try unlinkFile("\(basePath)/\(backup.name).json")
            try unlinkFile("\(basePath)/\(backup.fileName)")
        }
        var count = 0
        if let firstKept {
            // PostgreSQL's notes on base backups begin with the name of a file of the log, and go with it.
            for name in fileNames(in: logPath) ?? [] {
                guard let segment = Segment(name: String(name.prefix(24))), segment < firstKept else { continue }
                try unlinkFile(logFile(name))
                if name == segment.name { count += 1 }
            }
        }
        return (remove.map(\.name), count)
    }

    private func unlinkFile(_ path: String) throws(EmbeddedServerError) {
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .archiveNotWritable(path: path, reason: FileSystem.Failure.last.reason)
        }
    }
}

extension WALArchive {
    /// Removes histories of other data directories that ended before the time kept, once `current` reaches back that
    /// far itself.
    ///
    /// - Returns: The ids of those removed.
    package func prune(
        keeping keep: Duration, current: ArchiveHistory, now: Timestamp = .now()
    ) throws(EmbeddedServerError) -> [UniqueID] {
        guard let oldest = current.bases().first, oldest.finished <= now - keep else { return [] }
        var removed: [UniqueID] = []
        for history in try histories() where history.id != current.id {
            guard try history.lastChange() < now - keep else { continue }
            do {
                try FileSystem.removeTree(history.path)
            } catch {
                throw .archiveNotWritable(path: history.path, reason: error.reason)
            }
            removed.append(history.id)
        }
        return removed
    }
}

extension ArchiveHistory {
    /// When the last of its log was finished, or the history began.
    fileprivate func lastChange() throws(EmbeddedServerError) -> Timestamp {
        guard let last = segments().last else { return bases().last?.finished ?? id.time }
        return try closed(last)
    }
}
