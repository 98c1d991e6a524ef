// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The operating system's user that runs the servers: this program's own, or another one when this program is root.
struct Account: Sendable, Equatable {
    let name: String
    let userID: uid_t
    let groupID: gid_t

    /// Whether servers run as another user than this program.
    var isOther: Bool { userID != geteuid() }

    /// This program's user.
    ///
    /// - Throws: `unknownUser` when the user id has no entry; `initdb` and peer authentication need one.
    static func current() throws(EmbeddedServerError) -> Account {
        guard let entry = getpwuid(geteuid()) else { throw .unknownUser(name: "\(geteuid())") }
        return Account(entry.pointee)
    }

    /// The user to run servers as: this program's own, but `fallback` when that is root.
    ///
    /// - Throws: `unknownUser` when `fallback` is needed and is not there, or is root again.
    static func forServers(insteadOfRoot fallback: String) throws(EmbeddedServerError) -> Account {
        guard geteuid() == 0 else { return try current() }
        guard let entry = getpwnam(fallback), entry.pointee.pw_uid != 0 else { throw .unknownUser(name: fallback) }
        return Account(entry.pointee)
    }

    private init(_ entry: passwd) {
        name = String(cString: entry.pw_name)
        userID = entry.pw_uid
        groupID = entry.pw_gid
    }

    /// The first directory from the root down to `path` that this user may not pass through; nil when all is well.
    /// Judged by mode bits: an access control list that gives more is not seen.
    func firstClosedDirectory(onTheWayTo path: String) -> String? {
        guard isOther, let resolved = FileSystem.resolve(path) else { return nil }
        var current = ""
        for part in resolved.split(separator: "/") {
            if !mayEnter(current.isEmpty ? "/" : current) { return current.isEmpty ? "/" : current }
            current += "/" + part
        }
        return mayEnter(current) ? nil : current
    }

    private func mayEnter(_ directory: String) -> Bool {
        guard let status = FileSystem.status(directory) else { return false }
        if status.st_uid == userID { return status.st_mode & 0o100 != 0 }
        if status.st_gid == groupID { return status.st_mode & 0o010 != 0 }
        return status.st_mode & 0o001 != 0
    }

    /// Makes a directory of this user with mode 0700, or checks that it is one.
    func makeDirectory(_ path: String) throws(EmbeddedServerError) {
        if mkdir(path, 0o700) == 0 {
            guard !isOther || lchown(path, userID, groupID) == 0 else {
                throw .notWritable(path: path, reason: FileSystem.Failure.last.reason)
            }
            return
        }
        let failure = FileSystem.Failure.last
        guard failure.code == EEXIST, let status = FileSystem.status(path) else {
            throw .notWritable(path: path, reason: failure.reason)
        }
        guard FileSystem.isDirectory(status) else { throw .notADirectory(path: path) }
        guard status.st_uid == userID else {
            throw .wrongOwner(path: path, owner: status.st_uid, expected: name)
        }
    }
}
