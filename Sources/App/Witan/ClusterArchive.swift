// SPDX-License-Identifier: Apache-2.0
import Cryptography
import EmbeddedServers
import JSON
import Observability
import SwiftExtensions

/// The private cluster's archive as the server keeps it: the log brought in every second, a base backup by the clock,
/// what is too old removed. Its calls block.
final class ClusterArchive: Sendable {
    static let waitingFiles = Gauge("witan_wal_archive_waiting_files", "Files of the log that are not archived yet.")
    static let failures = Counter("witan_wal_archive_failures_total", "Times that the archive could not be written.")
    static let lastBase = Gauge("witan_base_backup_timestamp_seconds", "When the newest base backup was done.")

    let archive: WALArchive
    let history: ArchiveHistory
    private let shipper: WALShipper
    private let keep: Duration
    private let every: Duration
    private let logger: Logger
    private let state = Locked(State())

    private struct State: Sendable {
        var failure: String?
        var baseFailure: String?
        /// What the server says of its own part.
        var serverFailure: String?
        /// When to see again whether a base backup is due.
        var nextLook: Timestamp?
        var newestBase: BaseBackup?
        var newestLog: (name: String, closed: Timestamp)?
    }

    init(
        _ archive: WALArchive, of directory: DataDirectory, configuration: Configuration, logger: Logger
    ) throws(EmbeddedServerError) {
        self.archive = archive
        history = try archive.history(of: directory)
        shipper = WALShipper(from: directory, to: history)
        keep = configuration.duration("WITAN_WAL_ARCHIVE_KEEP")
        every = configuration.duration("WITAN_BASE_BACKUP_EVERY")
        self.logger = logger
    }

    /// Brings in what waits; says once when that begins to fail, and once when it goes on.
    func ship() {
        let (before, isFirst) = state.withLock { ($0.failure, $0.newestLog == nil) }
        do throws(EmbeddedServerError) {
            let count = try shipper.ship()
            let newest = count > 0 || isFirst ? try history.newestLog() : nil
            state.withLock { state in
                state.failure = nil
                if let newest { state.newestLog = newest }
            }
            if before != nil { logger.info("the log is archived again") }
        } catch {
            Self.failures.increment()
            state.withLock { $0.failure = error.description }
            if before == nil {
                let waiting = LogValue(shipper.waiting.count)
                logger.error("the log is not archived", [("error", LogValue(error)), ("waiting", waiting)])
            }
        }
        Self.waitingFiles.set(Double(shipper.waiting.count))
    }

    /// What PostgreSQL says of its own part, the copy within the data directory.
    func note(serverFailure: String?) {
        let before = state.withLock { state in
            defer { state.serverFailure = serverFailure }
            return state.serverFailure
        }
        guard let serverFailure, before == nil else { return }
        logger.error("the log is not handed over", [("reason", .string(serverFailure))])
    }

    // MARK: Base backups

    /// Makes a base backup when the last one is too old or the log since has a gap, and removes what is too old.
    func keepBase(_ postgres: PrivatePostgres, shouldStop: () -> Bool) {
        let now = Timestamp.now()
        let isTime = state.withLock { state in
            if let next = state.nextLook, now < next { return false }
            state.nextLook = now + .seconds(60)
            return true
        }
        guard isTime, isBaseDue(now: now) else { return }
        do throws(EmbeddedServerError) {
            logger.info("base backup begins")
            let backup = try history.backUp(postgres.backupSource, shouldStop: shouldStop) {
                () throws(EmbeddedServerError) in _ = try shipper.ship()
            }
            state.withLock { ($0.baseFailure, $0.newestBase) = (nil, backup) }
            logger.info(
                "base backup done",
                [
                    ("name", .string(backup.name)), ("bytes", LogValue(backup.bytes)),
                    ("duration", .string("\(backup.duration)")),
                ])
            try prune()
        } catch {
            // Told to stop, or a command makes one just now.
            switch error {
            case .stopped, .backupRunning: return
            default: break
            }
            state.withLock { ($0.baseFailure, $0.nextLook) = (error.description, .now() + .seconds(600)) }
            logger.error("base backup failed", [("error", LogValue(error))])
        }
    }

    /// Makes a base backup now, as a command asks for it.
    func backUp(
        _ postgres: PrivatePostgres, progress: (_ done: Int, _ total: Int) -> Void
    ) throws(EmbeddedServerError) -> BaseBackup {
        try history.backUp(postgres.backupSource, progress: progress) { () throws(EmbeddedServerError) in
            _ = try shipper.ship()
        }
    }

    private func isBaseDue(now: Timestamp) -> Bool {
        let newest = history.bases().last
        state.withLock { $0.newestBase = newest }
        guard let last = newest else { return true }
        Self.lastBase.set(Double(last.finished.microseconds) / 1_000_000)
        return last.finished + every <= now || history.hasGap(after: last)
    }

    /// Removes what is not needed to go back as far as `WITAN_WAL_ARCHIVE_KEEP`.
    func prune() throws(EmbeddedServerError) {
        let (bases, files) = try history.prune(keeping: keep)
        let histories = try archive.prune(keeping: keep, current: history)
        guard !bases.isEmpty || files > 0 || !histories.isEmpty else { return }
        logger.info(
            "archive pruned",
            [
                ("base_backups", LogValue(bases.count)), ("log_files", LogValue(files)),
                ("histories", LogValue(histories.count)),
            ])
    }

    // MARK: Status

    /// Why one could not go back to now, if so.
    var degraded: [String] {
        state.withLock { state in
            var reasons: [String] = []
            if let failure = state.failure { reasons.append("wal archive: \(failure)") }
            if let failure = state.serverFailure { reasons.append("wal archive: \(failure)") }
            if let failure = state.baseFailure { reasons.append("base backup: \(failure)") }
            if state.newestBase == nil { reasons.append("base backup: there is none yet") }
            return reasons
        }
    }

    var view: JSONValue {
        let state = state.withLock { $0 }
        let (last, newest) = (state.newestBase, state.newestLog)
        let isFailing = (state.failure ?? state.serverFailure) != nil
        return [
            "directory": .string(archive.path), "state": isFailing ? "failing" : "ok",
            "waiting_files": .number(JSONNumber(Int64(shipper.waiting.count))),
            "last_file": newest.map { .string($0.name) } ?? .null,
            "last_file_finished_at": newest.map { .string($0.closed.description) } ?? .null,
            "base_backup": last.map { .string($0.name) } ?? .null,
            "base_backup_finished_at": last.map { .string($0.finished.description) } ?? .null,
            "next_base_backup_at": last.map { .string(($0.finished + every).description) } ?? .null,
        ]
    }
}
