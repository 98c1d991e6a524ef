// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import EventLoop
import JSON
import Lifecycle
import Observability
import Postgres
import SwiftExtensions

/// Looks after what is on disk: the space left, and the archive where there is one. On a thread of its own that may
/// block.
struct StorageService: Service {
    static let freeBytes = Gauge("witan_disk_free_bytes", "Bytes left on the disk of a directory.", labels: ["place"])

    let name = "storage"
    let stores: Stores
    let database: Database

    func run(until shutdown: ShutdownSignal) async throws {
        let loop = EventLoop(name: "storage")
        defer { loop.stop() }
        var turn = 0
        while !shutdown.isTriggered, !Task.isCancelled {
            stores.disk.look()
            if turn.isMultiple(of: 10) { await askServer() }
            turn += 1
            await loop.run { work(until: shutdown) }
            await pause(until: shutdown)
        }
    }

    private func work(until shutdown: ShutdownSignal) {
        guard let archive = stores.archive, let postgres = stores.postgres else { return }
        archive.ship()
        archive.keepBase(postgres) { shutdown.isTriggered }
    }

    /// PostgreSQL's own account of the part it does itself.
    private func askServer() async {
        guard let archive = stores.archive else { return }
        let rows = try? await database.query(
            """
            SELECT last_failed_wal AS file FROM pg_stat_archiver
            WHERE last_failed_time > coalesce(last_archived_time, '-infinity')
            """)
        guard let rows else { return }
        let file: String? = try? rows.first?["file"]
        archive.note(serverFailure: file.map { "the server could not hand over \($0); see postgres.log" })
    }

    private func pause(until shutdown: ShutdownSignal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: .seconds(1)) }
            group.addTask { await shutdown.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Notices when the disk of the data directory or of the archive runs full: PostgreSQL ends when it cannot write.
final class DiskWatch: Sendable {
    private let places: [(name: String, path: String)]
    private let logger: Logger
    private let short = Locked<[String: DiskSpace]>([:])

    init(data: String, archive: String?, logger: Logger) {
        places = [("data", data)] + (archive.map { [("archive", $0)] } ?? [])
        self.logger = logger
    }

    /// Measures; says once when a disk becomes short, and once when it is not any more.
    func look() {
        for place in places {
            guard let space = DiskSpace(at: place.path) else { continue }
            StorageService.freeBytes[place.name].set(Double(space.free))
            let wasShort = short.withLock { short in
                defer { short[place.path] = space.isShort ? space : nil }
                return short[place.path] != nil
            }
            guard space.isShort != wasShort else { continue }
            let fields: [(String, LogValue)] = [
                ("path", .string(place.path)), ("free_bytes", LogValue(space.free)),
                ("total_bytes", LogValue(space.total)),
            ]
            if space.isShort { logger.error("disk nearly full", fields) } else { logger.info("disk has room", fields) }
        }
    }

    var degraded: [String] {
        short.withLock { short in
            short.sorted { $0.key < $1.key }.map { path, space in
                "disk: \(space.free >> 20) MB of \(space.total >> 20) MB are left at \(path)"
            }
        }
    }
}
