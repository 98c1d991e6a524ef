// SPDX-License-Identifier: Apache-2.0
package import SwiftExtensions

/// Why a private server, or the directory it lives in, cannot be used. Every description is one sentence that says
/// what happened and one that says what to do.
package enum EmbeddedServerError: Error, Equatable, CustomStringConvertible {
    /// The path is a file, a socket or anything else that is not a directory.
    case notADirectory(path: String)
    /// The directory holds something, and our marker file is not among it.
    case foreignContent(path: String)
    /// The directory, or a file in it, cannot be made or written; `reason` is the system's word for it.
    case notWritable(path: String, reason: String)
    /// Another running program holds the directory; its process id, 0 when that is not known.
    case inUse(path: String, processID: Int32)
    /// The marker file is damaged, or of a format newer than this program.
    case unknownFormat(path: String, found: String)
    /// A folder of the directory belongs to another user than the one the server would run as.
    case wrongOwner(path: String, owner: UInt32, expected: String)
    /// The server's user may not pass through a directory on the way.
    case notEnterable(path: String, user: String)
    /// No directory for sockets with a short enough path that is ours alone.
    case noSocketDirectory(path: String, reason: String)
    /// The operating system has no such user (root only: the servers never run as root).
    case unknownUser(name: String)
    /// No PostgreSQL server program in the places named.
    case postgresMissing(searched: [String])
    /// A program that is needed is not installed.
    case programMissing(path: String, package: String)
    /// The data were written by another major version than that of the programs.
    case wrongMajorVersion(path: String, data: String, programs: Int, folder: String)
    /// Older than the first major version that is supported.
    case unsupportedVersion(folder: String, found: String)
    /// The system refused to start a program.
    case launchFailed(program: String, reason: String)
    /// A program ended with a failure; `output` is the end of what it wrote.
    case failed(program: String, output: String)
    /// A server did not become ready, or did not end, in time.
    case timedOut(server: EmbeddedServer, doing: String, after: Duration)
    /// The archive, or a file in it, cannot be written.
    case archiveNotWritable(path: String, reason: String)
    /// A file of the archive is not what was written, or the key is not the one it was sealed with.
    case archiveDamaged(path: String, reason: String)
    /// The archive has another file of the same name: two servers write to it.
    case archiveConflict(path: String)
    /// The archive holds no base backup that is whole.
    case noBaseBackup(archive: String)
    /// The archive cannot bring the data back as they were then; it can for the times between the two, if given.
    case outsideWindow(target: Timestamp, earliest: Timestamp, latest: Timestamp)
    /// A file of the log is not in the archive although later ones are.
    case logMissing(path: String, earliest: Timestamp, latest: Timestamp)
    /// A file of the log is not what was written; up to `latest` the archive is whole.
    case logDamaged(path: String, reason: String, latest: Timestamp)
    /// A base backup was told to stop before it was done.
    case stopped(what: String)
    /// Another base backup of the same cluster is under way.
    case backupRunning(path: String)
    /// A data directory is there already.
    case alreadyThere(path: String)

    package var description: String {
        switch self {
        case .notADirectory(let path):
            "\(path) is not a directory. Choose another data directory."
        case .foreignContent(let path):
            "\(path) holds files that this program did not write. Choose an empty or a new data directory."
        case .notWritable(let path, let reason):
            "\(path) cannot be written (\(reason)). Give its user the right to, or choose another data directory."
        case .inUse(let path, let processID):
            "\(path) is in use by process \(processID). Stop that process, or choose another data directory."
        case .unknownFormat(let path, let found):
            "\(path) says “\(found)”, which this version does not know. Run the version that wrote it, or a newer one."
        case .wrongOwner(let path, let owner, let expected):
            "\(path) belongs to user id \(owner), and the server runs as \(expected). Run as the same user as before."
        case .notEnterable(let path, let user):
            "User \(user), as whom the server runs, may not enter \(path). Choose a data directory outside of it."
        case .noSocketDirectory(let path, let reason):
            "No directory for the server's socket: \(path) \(reason). Choose a data directory with a shorter path."
        case .unknownUser(let name):
            "Servers do not run as root, and no other user is called “\(name)”. Name one, or do not run as root."
        case .postgresMissing(let searched):
            "No PostgreSQL server found in \(searched.joined(separator: ", ")). Install it: apt install postgresql"
        case .programMissing(let path, let package):
            "\(path) is missing. Install it: apt install \(package)"
        case .wrongMajorVersion(let path, let data, let programs, let folder):
            "\(path) was written by PostgreSQL \(data), and \(folder) has \(programs). Install postgresql-\(data), or "
                + "name its programs (WITAN_POSTGRES_PROGRAMS). To move on, back up with it and restore elsewhere."
        case .unsupportedVersion(let folder, let found):
            "\(folder) has PostgreSQL \(found). Install PostgreSQL \(PostgresInstallation.oldestMajor) or newer."
        case .launchFailed(let program, let reason):
            "\(program) could not be started (\(reason)). Check that it may be executed and that resources are left."
        case .failed(let program, let output):
            "\(program) failed. The end of what it wrote: \(output)"
        case .archiveNotWritable(let path, let reason):
            "\(path) cannot be written (\(reason)). Free space there, or give this program's user the right to."
        case .archiveDamaged(let path, let reason):
            "\(path) \(reason). Put a good copy of it back, or check that the master key is the one of that time."
        case .archiveConflict(let path):
            "\(path) is there with other content, so two servers write to one archive. Give each its own."
        case .noBaseBackup(let archive):
            "\(archive) holds no whole base backup. Check the directory, or make one: witan backup base create"
        case .outsideWindow(let target, let earliest, let latest):
            "The archive cannot go to \(target). It can go to any time from \(earliest) to \(latest)."
        case .logMissing(let path, let earliest, let latest):
            "\(path) is missing. Put it back, or choose a time from \(earliest) to \(latest)."
        case .logDamaged(let path, let reason, let latest):
            "\(path) \(reason). Put a good copy of it back, or choose a time until \(latest)."
        case .stopped(let what):
            "\(what) was stopped before it was done and left nothing. Start it again."
        case .backupRunning(let path):
            "Another base backup into \(path) is under way. Wait for its end."
        case .alreadyThere(let path):
            "\(path) exists. Name a directory that does not, so that nothing is overwritten."
        case .timedOut(let server, let doing, let after):
            "\(server.rawValue) was not done \(doing) after \(after). See its log in the data directory."
        }
    }
}

/// The servers that this module runs.
package enum EmbeddedServer: String, Sendable {
    case postgres = "PostgreSQL"
    case redis = "Redis"
}

/// What happens to a private server, for the log.
package enum EmbeddedServerEvent: Sendable {
    /// The first start makes the data files; about a second.
    case initializing(server: EmbeddedServer, path: String)
    /// Started and ready.
    case started(server: EmbeddedServer, processID: Int32, after: Duration)
    /// Was running already, left by a program that did not stop it; ready.
    case adopted(server: EmbeddedServer, processID: Int32)
    /// Ended without having been told to; it will be started again after the wait.
    case died(server: EmbeddedServer, processID: Int32, restartAfter: Duration)
    /// Could not be started again; the next try is after the wait.
    case restartFailed(server: EmbeddedServer, error: EmbeddedServerError, retryAfter: Duration)
    /// Ended as told.
    case stopped(server: EmbeddedServer, processID: Int32, after: Duration)
}
