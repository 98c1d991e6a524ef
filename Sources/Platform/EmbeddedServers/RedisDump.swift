// SPDX-License-Identifier: Apache-2.0
import Glibc

extension PrivateRedis {
    /// Where `BGSAVE` leaves what the Redis of a data directory holds.
    package static func dumpPath(in directory: String) -> String { directory + "/redis/dump.rdb" }

    /// Makes a dump what the Redis of this directory begins with; it must never have run there.
    ///
    /// A Redis with an append-only file does not look at `dump.rdb`, but the base of that file has the same format
    /// (Redis 7, "Multi Part AOF"). The list of its parts comes last: until then the dump is not there.
    ///
    /// - Parameter next: The dump, piece by piece; nil after the last one.
    /// - Throws: `foreignContent` when there is an append-only file, `notWritable`, and what `next` throws.
    package static func begin(
        in directory: DataDirectory, settings: Settings = Settings(), with next: () async throws -> [UInt8]?
    ) async throws {
        let account = try Account.forServers(insteadOfRoot: settings.userInsteadOfRoot)
        try directory.admit(account)
        let folder = directory.path + "/redis/appendonlydir"
        guard FileSystem.status(folder) == nil else { throw EmbeddedServerError.foreignContent(path: folder) }
        try account.makeDirectory(directory.path + "/redis")
        try account.makeDirectory(folder)
        let base = folder + "/appendonly.aof.1.base.rdb"
        do throws(FileSystem.Failure) {
            try FileSystem.replace(base, with: "", owner: account)
        } catch {
            throw EmbeddedServerError.notWritable(path: base, reason: error.reason)
        }
        let file = open(base, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        defer { close(file) }
        while let piece = try await next() {
            var rest = piece[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                guard written > 0 else {
                    throw EmbeddedServerError.notWritable(path: base, reason: FileSystem.Failure.last.reason)
                }
                rest = rest.dropFirst(written)
            }
        }
        do throws(FileSystem.Failure) {
            guard fsync(file) == 0 else { throw .last }
            try FileSystem.replace(
                folder + "/appendonly.aof.manifest", with: "file appendonly.aof.1.base.rdb seq 1 type b\n",
                owner: account)
        } catch {
            throw EmbeddedServerError.notWritable(path: folder, reason: error.reason)
        }
    }
}
