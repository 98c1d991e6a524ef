// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Where the servers' sockets are: a directory that only their user (and root) can enter.
///
/// The path of a Unix socket holds at most 107 bytes (`sun_path`); PostgreSQL only warns about a longer one and then
/// has no socket. A data directory with a long path therefore has its sockets elsewhere.
enum SocketDirectory {
    static let longestPath = 107
    /// The longer one of the names that go into it.
    private static let longestName = ".s.PGSQL.5432"

    /// `run` in the data directory; else `/run/user/<uid>/witan-<hash>`; else `/tmp/witan-<uid>-<hash>`.
    ///
    /// - Throws: `noSocketDirectory` when the place is taken by somebody else.
    static func make(for data: DataDirectory, account: Account) throws(EmbeddedServerError) -> String {
        let inside = data.path + "/run"
        if fits(inside) {
            try account.makeDirectory(inside)
            return inside
        }
        let path = outside(data.path, account: account)
        do {
            try account.makeDirectory(path)
        } catch {
            throw .noSocketDirectory(path: path, reason: "is not a directory of \(account.name)")
        }
        guard let status = FileSystem.status(path), status.st_mode & 0o077 == 0 else {
            throw .noSocketDirectory(path: path, reason: "is open to others")
        }
        return path
    }

    static func fits(_ directory: String) -> Bool {
        directory.utf8.count + 1 + longestName.utf8.count <= longestPath
    }

    private static func outside(_ path: String, account: Account) -> String {
        let hash = String(fnv1a(path), radix: 16)
        let session = "/run/user/\(account.userID)"
        if let status = FileSystem.status(session), FileSystem.isDirectory(status), status.st_uid == account.userID {
            return "\(session)/witan-\(hash)"
        }
        return "/tmp/witan-\(account.userID)-\(hash)"
    }

    /// FNV-1a, 64 bits: the same name for the same path at every start; it protects nothing (owner and mode do).
    private static func fnv1a(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
