// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// The one directory where a program keeps what it must not lose, held by one running program at a time.
///
/// It is recognized by the marker file `witan-data`, which records the format and the major version of the database
/// in it. While this object lives the directory is locked (`flock` on the file `lock`); the system lets go of the
/// lock when the process ends, however it ends.
package final class DataDirectory: Sendable {
    /// The real path, without links.
    package let path: String
    private let lock: Int32
    private let state: Locked<State>

    /// Lines of the marker file.
    private struct State: Sendable {
        static let format = 1
        var postgresMajor: Int?
        /// Names the directory in an archive.
        var archiveID: UniqueID?

        var text: String {
            "This directory belongs to witan. Do not change anything in it by hand.\nformat \(Self.format)\n"
                + (postgresMajor.map { "postgresql \($0)\n" } ?? "") + (archiveID.map { "archive \($0)\n" } ?? "")
        }

        init() {}

        init?(text: String) {
            var format: Int?
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, words[0] == "archive" { archiveID = UniqueID(String(words[1])) }
                guard words.count == 2, let value = Int(words[1]) else { continue }
                if words[0] == "format" { format = value }
                if words[0] == "postgresql" { postgresMajor = value }
            }
            guard format == Self.format else { return nil }
        }
    }

    private static let marker = "witan-data"
    private static let lockName = "lock"

    /// Opens the directory and locks it; makes it (mode 0700) when only it is missing.
    ///
    /// - Throws: `notADirectory`, `foreignContent`, `notWritable`, `inUse` or `unknownFormat`.
    package static func open(_ path: String) throws(EmbeddedServerError) -> DataDirectory {
        try DataDirectory(path)
    }

    private init(_ given: String) throws(EmbeddedServerError) {
        if mkdir(given, 0o700) != 0, errno != EEXIST {
            throw .notWritable(path: given, reason: FileSystem.Failure.last.reason)
        }
        guard let path = FileSystem.resolve(given), let status = FileSystem.status(path),
            FileSystem.isDirectory(status)
        else { throw .notADirectory(path: given) }
        guard let names = fileNames(in: path) else {
            throw .notWritable(path: path, reason: FileSystem.Failure.last.reason)
        }
        // `lost+found` is in the root of a fresh volume; a lone `lock` is one that another start is just making.
        guard names.contains(Self.marker) || names.allSatisfy({ [Self.lockName, "lost+found"].contains($0) }) else {
            throw .foreignContent(path: path)
        }
        self.path = path
        lock = try Self.lock(path)
        do {
            state = Locked(try Self.readState(path))
        } catch {
            close(lock)
            throw error
        }
    }

    /// Unlocked by name: a child that another thread is just forking has a copy of the descriptor until its `exec`.
    deinit {
        flock(lock, LOCK_UN)
        close(lock)
    }

    private static func lock(_ path: String) throws(EmbeddedServerError) -> Int32 {
        let file = path + "/" + lockName
        let descriptor = Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .notWritable(path: path, reason: FileSystem.Failure.last.reason) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let holder = FileSystem.read(file, limit: 16)?.split(separator: "\n").first.flatMap { Int32($0) }
            throw .inUse(path: path, processID: holder ?? 0)
        }
        let mine = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, Glibc.write(descriptor, mine, mine.count) == mine.count else {
            let failure = FileSystem.Failure.last
            close(descriptor)
            throw .notWritable(path: path, reason: failure.reason)
        }
        return descriptor
    }

    private static func readState(_ path: String) throws(EmbeddedServerError) -> State {
        let file = path + "/" + marker
        guard let text = FileSystem.read(file) else {
            let state = State()
            try write(state, to: path)
            return state
        }
        guard let state = State(text: text) else {
            throw .unknownFormat(path: file, found: String(text.split(separator: "\n").dropFirst().first ?? ""))
        }
        return state
    }

    private static func write(_ state: State, to path: String) throws(EmbeddedServerError) {
        do {
            try FileSystem.replace(path + "/" + marker, with: state.text)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    /// Major version of the database in here; nil before there is one.
    package var postgresMajor: Int? { state.withLock { $0.postgresMajor } }

    /// Records the major version, to be found again at the next start.
    func record(postgresMajor: Int) throws(EmbeddedServerError) {
        guard self.postgresMajor != postgresMajor else { return }
        let changed = state.withLock { state in
            state.postgresMajor = postgresMajor
            return state
        }
        try Self.write(changed, to: path)
    }

    /// The id of this directory's history in an archive; made when it is first asked for.
    func archiveID() throws(EmbeddedServerError) -> UniqueID {
        if let known = state.withLock({ $0.archiveID }) { return known }
        let changed = state.withLock { state in
            state.archiveID = .v7()
            return state
        }
        try Self.write(changed, to: path)
        return changed.archiveID ?? .v7()
    }

    /// The id that a data directory has in an archive, also while another program holds it; nil when it has none.
    static func archiveID(at path: String) -> UniqueID? {
        FileSystem.read(path + "/" + marker).flatMap { State(text: $0)?.archiveID }
    }

    /// Removes the directory with all that is in it. Stop the servers in it first.
    package func destroy() throws(EmbeddedServerError) {
        do {
            try FileSystem.removeTree(path)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    /// Lets the servers' user pass through (0710, its group), and nobody else; alone with it: 0700.
    ///
    /// - Throws: `notEnterable` when a directory above does not let it through, `notWritable`.
    func admit(_ account: Account) throws(EmbeddedServerError) {
        let allowed =
            account.isOther
            ? chown(path, geteuid(), account.groupID) == 0 && chmod(path, 0o710) == 0
            : chmod(path, 0o700) == 0
        guard allowed else { throw .notWritable(path: path, reason: FileSystem.Failure.last.reason) }
        if let closed = account.firstClosedDirectory(onTheWayTo: path) {
            throw .notEnterable(path: closed, user: account.name)
        }
    }
}
