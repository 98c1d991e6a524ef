// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// From which base backup, and with which files of the log, a cluster comes back as it was at one time.
package struct RecoveryPlan: Sendable {
    /// Where from.
    package let history: ArchiveHistory
    /// The copy to begin with.
    package let base: BaseBackup
    /// The time wanted; nil: as late as can be.
    package let target: Timestamp?
    /// Until when the log is there without a gap.
    package let latest: Timestamp
    /// The log from the base backup on, without a gap.
    let log: [Segment]

    /// Looks for the way to `target`, or to the latest time there is when that is nil; in the newest history that has
    /// one, from the newest base backup. Nothing is changed.
    ///
    /// - Throws: `noBaseBackup`, `outsideWindow`, `logMissing`, `archiveDamaged`, `notADirectory`.
    package init(to target: Timestamp?, in archive: WALArchive) throws(EmbeddedServerError) {
        var windows: [Window] = []
        for history in try archive.histories() {
            windows += try Window.all(of: history)
        }
        guard !windows.isEmpty else { throw .noBaseBackup(archive: archive.path) }
        let fitting = windows.first { window in
            target.map { window.base.finished <= $0 && $0 <= window.latest } ?? true
        }
        guard let found = fitting else { throw Self.refusal(target, windows) }
        // As late as can be is not as late as was archived: that is for somebody to decide, by naming a time.
        if target == nil, let obstacle = found.obstacle { throw obstacle }
        history = found.history
        base = found.base
        latest = found.latest
        log = found.log
        self.target = target
    }

    private static func refusal(_ target: Timestamp?, _ windows: [Window]) -> EmbeddedServerError {
        let earliest = windows.map(\.base.finished).min() ?? .now()
        let latest = windows.map(\.latest).max() ?? .now()
        let target = target ?? latest
        let stopped = windows.first { $0.base.finished <= target && $0.obstacle != nil }
        return stopped?.obstacle ?? .outsideWindow(target: target, earliest: earliest, latest: latest)
    }
}

extension ArchiveHistory {
    /// Whether a file of the log is missing since a base backup, as after a time without archiving.
    package func hasGap(after base: BaseBackup) -> Bool {
        let segments = segments()
        let reached = Window.contiguous(from: base.first, in: Set(segments)).last
        return segments.last.map { last in reached.map { $0 < last } ?? true } ?? false
    }
}

/// The times that one base backup can bring back.
package struct Window: Sendable {
    let history: ArchiveHistory
    /// The base backup; the window begins when it was done.
    package let base: BaseBackup
    /// When the last file of the log was finished that can be reached without a gap.
    package let latest: Timestamp
    let log: [Segment]
    /// Why it does not go on to the end of the log: a file is missing or damaged.
    let obstacle: EmbeddedServerError?

    /// Of every usable base backup, the newest first.
    ///
    /// - Throws: `archiveDamaged`.
    package static func all(of history: ArchiveHistory) throws(EmbeddedServerError) -> [Window] {
        let segments = history.segments()
        let present = Set(segments)
        var windows: [Window] = []
        for base in history.bases().reversed() {
            let log = contiguous(from: base.first, in: present)
            guard let last = log.last, last >= base.last else { continue }
            let (readable, latest, damage) = try cut(log, after: base, in: history)
            var obstacle = damage
            if segments.contains(where: { $0.timeline == last.timeline && $0 > last }) {
                obstacle = .logMissing(
                    path: history.logFile(last.next.name), earliest: base.finished, latest: latest)
            }
            windows.append(
                Window(history: history, base: base, latest: latest, log: readable, obstacle: obstacle))
        }
        return windows
    }

    /// Leaves out damaged files at the end; those in the middle are found when they are read in full.
    ///
    /// - Throws: `archiveDamaged` when not even the base backup's own log can be read, as with another key.
    private static func cut(
        _ log: [Segment], after base: BaseBackup, in history: ArchiveHistory
    ) throws(EmbeddedServerError) -> (log: [Segment], latest: Timestamp, damage: EmbeddedServerError?) {
        var log = log
        var first: EmbeddedServerError?
        while let last = log.last, last >= base.last {
            do throws(EmbeddedServerError) {
                let latest = try history.closed(last)
                guard case .archiveDamaged(let path, let reason) = first else { return (log, latest, nil) }
                return (log, latest, .logDamaged(path: path, reason: reason, latest: latest))
            } catch {
                first = error
                log.removeLast()
            }
        }
        throw first ?? .noBaseBackup(archive: history.path)
    }

    static func contiguous(from first: Segment, in present: Set<Segment>) -> [Segment] {
        var log: [Segment] = []
        var next = first
        while present.contains(next) {
            log.append(next)
            next = next.next
        }
        return log
    }
}
