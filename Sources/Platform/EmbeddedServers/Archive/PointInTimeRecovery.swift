// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A cluster brought back from an archive: replayed, running, and not in its place yet.
///
/// It is made in a directory beside the one that is wanted, which gets its name when everything is whole: whatever ends
/// in the middle leaves nothing that a server would start on.
package struct PointInTimeRecovery: Sendable {
    /// Where it is now; the program may put files of its own into it.
    package let directory: DataDirectory
    /// Running, and past the end of the replay.
    package let postgres: PrivatePostgres
    /// Files of the log that were replayed.
    package let logFiles: Int
    private let path: String

    /// What is being done, in this order.
    package enum Phase: String, Sendable {
        case copying = "base backup"
        case fetching = "write-ahead log"
        case replaying
    }

    private static let suffix = ".restoring"

    /// Brings a cluster back as the plan says. Blocks, for as long as writing and replaying it takes.
    ///
    /// - Parameters:
    ///   - path: The data directory to be; there must be nothing, or an empty directory.
    ///   - progress: Told how much of a phase is done: bytes, or files.
    /// - Throws: `alreadyThere`, `archiveDamaged`, `logDamaged`, `notWritable`, `failed`, and what opening and starting
    ///   can throw.
    package static func run(
        _ plan: RecoveryPlan, into path: String, settings: PrivatePostgres.Settings,
        observe: @escaping @Sendable (EmbeddedServerEvent) -> Void = { _ in },
        progress: (_ phase: Phase, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
    ) throws(EmbeddedServerError) -> PointInTimeRecovery {
        guard FileSystem.status(path) == nil || fileNames(in: path) == [] else {
            throw .alreadyThere(path: path)
        }
        let work = path + suffix
        try clear(work)
        let directory = try DataDirectory.open(work)
        do {
            let account = try Account.forServers(insteadOfRoot: settings.userInsteadOfRoot)
            try directory.admit(account)
            let restoration = Restoration(plan: plan, directory: directory, account: account, settings: settings)
            try restoration.extract { progress(.copying, $0, $1) }
            let count = try restoration.fetch { progress(.fetching, $0, $1) }
            progress(.replaying, 0, 1)
            let postgres = try restoration.replay(observe)
            progress(.replaying, 1, 1)
            return PointInTimeRecovery(directory: directory, postgres: postgres, logFiles: count, path: path)
        } catch {
            PostgresServer.end(in: work)
            try? directory.destroy()
            throw error
        }
    }

    /// What a restore that was killed left behind, its server included.
    private static func clear(_ work: String) throws(EmbeddedServerError) {
        guard FileSystem.status(work) != nil else { return }
        let left = try DataDirectory.open(work)
        PostgresServer.end(in: work)
        try left.destroy()
    }

    /// Stops the server and puts the directory in its place.
    ///
    /// - Throws: `timedOut`, `notWritable`.
    package func finish() throws(EmbeddedServerError) {
        let sockets = postgres.socketDirectory
        try postgres.stop()
        do {
            try FileSystem.removeTree(Restoration.logPath(in: directory))
            try FileSystem.move(directory.path, to: path)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
        // Sockets of a long path are elsewhere, under a name that nobody asks for again.
        if !sockets.hasPrefix(directory.path) { rmdir(sockets) }
    }

    /// Stops the server and removes everything.
    package func abandon() {
        try? postgres.stop()
        try? directory.destroy()
    }
}

/// The steps of a recovery.
private struct Restoration {
    let plan: RecoveryPlan
    let directory: DataDirectory
    let account: Account
    let settings: PrivatePostgres.Settings

    /// A transaction's time is taken a moment before it is in the log, so that it may be in the file after the one that
    /// was finished later than it.
    private static let overlap: Duration = .seconds(60)

    private var dataPath: String { directory.path + "/postgres" }
    private var log: String { directory.path + "/postgres.log" }
    static func logPath(in directory: DataDirectory) -> String { directory.path + "/replay" }

    /// Unpacks the base backup and compares it with its manifest: here as it passes, and, by PostgreSQL's own program
    /// where there is one that runs, as it is on disk then.
    func extract(_ progress: (_ done: Int, _ total: Int) -> Void) throws(EmbeddedServerError) {
        try account.makeDirectory(dataPath)
        let path = "\(plan.history.basePath)/\(plan.base.fileName)"
        let reader = try SealedFileReader(path, key: plan.history.key)
        var check = TarCheck()
        var done = 0
        let tar = Command(
            program: "/bin/tar", arguments: ["--extract", "--file=-", "--directory=\(dataPath)"], account: account)
        try tar.feed(log: log) { () throws(EmbeddedServerError) in
            guard let piece = try reader.next() else { return nil }
            piece.withUnsafeBytes { check.feed($0) }
            done += piece.count
            progress(done, plan.base.bytes)
            return piece
        }
        _ = try check.finish(path: path)
        try verify()
        unlink(dataPath + "/backup_manifest")
    }

    private func verify() throws(EmbeddedServerError) {
        let installation = try PostgresInstallation.find(
            folder: settings.programs, dataMajor: plan.base.postgresMajor, dataPath: plan.base.name)
        let program = installation.folder + "/pg_verifybackup"
        let probe = Command(program: program, arguments: ["--version"], account: account)
        guard (try? probe.run(log: "/dev/null")) != nil else { return }
        let command = Command(program: program, arguments: ["--no-parse-wal", "--quiet", dataPath], account: account)
        try command.run(log: log)
    }

    /// Opens the files of the log that the target needs.
    ///
    /// - Returns: How many.
    func fetch(_ progress: (_ done: Int, _ total: Int) -> Void) throws(EmbeddedServerError) -> Int {
        let folder = Self.logPath(in: directory)
        try account.makeDirectory(folder)
        var reached: Timestamp?
        var count = 0
        for segment in plan.log {
            let file: (bytes: [UInt8], closed: Timestamp)
            do throws(EmbeddedServerError) {
                file = try plan.history.log(segment.name)
            } catch {
                guard case .archiveDamaged(let path, let reason) = error, let reached, segment > plan.base.last else {
                    throw error
                }
                throw .logDamaged(path: path, reason: reason, latest: reached)
            }
            try write(file.bytes, to: "\(folder)/\(segment.name)")
            reached = file.closed
            count += 1
            progress(count, plan.log.count)
            if let target = plan.target, segment >= plan.base.last, file.closed > target + Self.overlap { break }
        }
        progress(plan.log.count, plan.log.count)
        return count
    }

    /// With a hole for the zeros at the end: many files are nearly empty.
    private func write(_ bytes: [UInt8], to path: String) throws(EmbeddedServerError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .notWritable(path: path, reason: FileSystem.Failure.last.reason) }
        defer { close(descriptor) }
        let used = Array(bytes[..<FileSystem.lengthWithoutZeros(bytes)])
        guard !account.isOther || fchown(descriptor, account.userID, account.groupID) == 0,
            FileSystem.write(used, to: descriptor), ftruncate(descriptor, bytes.count) == 0
        else { throw .notWritable(path: path, reason: FileSystem.Failure.last.reason) }
    }

    func replay(
        _ observe: @escaping @Sendable (EmbeddedServerEvent) -> Void
    ) throws(EmbeddedServerError) -> PrivatePostgres {
        do {
            try FileSystem.replace(dataPath + "/recovery.signal", with: "", owner: account)
        } catch {
            throw .notWritable(path: dataPath, reason: error.reason)
        }
        var settings = settings
        settings.archiveTimeout = nil
        settings.startTimeout = .seconds(24 * 3600)
        settings.replay = .init(directory: Self.logPath(in: directory), target: plan.target)
        do throws(EmbeddedServerError) {
            return try PrivatePostgres.start(in: directory, settings: settings, observe: observe)
        } catch {
            // PostgreSQL knows a time only by a commit after it. Without one in all that was written until then, the
            // end of it is what was asked for.
            guard case .failed(_, let output) = error,
                output.contains("recovery ended before configured recovery target was reached")
            else { throw error }
            settings.replay = .init(directory: Self.logPath(in: directory), target: nil)
            return try PrivatePostgres.start(in: directory, settings: settings, observe: observe)
        }
    }
}
