// SPDX-License-Identifier: Apache-2.0
import Arguments
import Backup
import EmbeddedServers
import EventLoop
import Glibc
import Redis
import SwiftExtensions

/// What the private Redis holds, for a backup. `BGSAVE` returns before anything is written: the file is read only when
/// Redis says that the save has ended, and ended well.
struct RedisSnapshot {
    private static let longest: Duration = .seconds(300)
    private static let pieceBytes = 1 << 20

    private let file: Int32

    /// Has Redis save itself and opens the file; nil when Redis is not the private one, or does not answer.
    static func take(_ access: StoreAccess) async throws -> RedisSnapshot? {
        guard access.isPrivate, access.configuration["REDIS_URL"] == nil, let url = access.redisURL else { return nil }
        let redis = try Redis(
            configuration: RedisConfiguration(url: url, connectTimeout: .seconds(2), commandTimeout: .seconds(10)),
            loops: [access.loop])
        do {
            try await save(redis)
            await redis.close()
        } catch {
            await redis.close()
            throw CommandFailure(.failed, "Redis could not be saved: \(error)")
        }
        let path = PrivateRedis.dumpPath(in: access.configuration.text("WITAN_DATA_DIR"))
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw CommandFailure(.failed, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        return RedisSnapshot(file: file)
    }

    private static func save(_ redis: Redis) async throws {
        let before = try await state(of: redis)
        try await redis.command("BGSAVE", "SCHEDULE")
        let deadline = ContinuousClock.now + longest
        while true {
            let now = try await state(of: redis)
            if now["rdb_bgsave_in_progress"] == "0", now["rdb_saves"] != before["rdb_saves"] {
                guard now["rdb_last_bgsave_status"] == "ok" else {
                    throw CommandFailure(.failed, "its save ended with \(now["rdb_last_bgsave_status"] ?? "nothing")")
                }
                return
            }
            if now["rdb_last_bgsave_status"] == "err", now["rdb_bgsave_in_progress"] == "0" {
                throw CommandFailure(.failed, "its save failed; see redis.log in the data directory")
            }
            guard ContinuousClock.now < deadline else { throw CommandFailure(.failed, "its save took too long") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The lines of `INFO persistence`.
    private static func state(of redis: Redis) async throws -> [Substring: Substring] {
        let text = String(decoding: try await redis.command("INFO", "persistence").bytes ?? [], as: UTF8.self)
        let pairs = text.split(whereSeparator: \.isNewline).compactMap { line -> (Substring, Substring)? in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// The file for a backup, piece by piece.
    var extra: BackupWriter.Extra {
        let file = file
        return BackupWriter.Extra(purpose: "redis") {
            var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
            let count = read(file, &piece, piece.count)
            guard count >= 0 else {
                throw CommandFailure(.failed, "Redis's save cannot be read: \(String(cString: strerror(errno)))")
            }
            return count == 0 ? nil : Array(piece.prefix(count))
        }
    }

    func close() { Glibc.close(file) }
}
