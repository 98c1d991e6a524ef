// SPDX-License-Identifier: Apache-2.0
import Arguments
import Cryptography
import HTTPServer
import Journal
import Lifecycle
import Postgres
import SwiftExtensions
import Synchronization

/// Whether requests are welcome: after the start, until the drain begins.
final class Readiness: Sendable {
    private let ready = Atomic<Bool>(false)

    var isReady: Bool {
        get { ready.load(ordering: .relaxed) }
        set { ready.store(newValue, ordering: .relaxed) }
    }
}

/// The HTTP server's life: ready while it runs, drained at the signal. It listens already when this begins.
struct FrontDoor: Service {
    let name = "http"
    let http: HTTPServer
    let readiness: Readiness
    let drainWithin: Duration

    func run(until shutdown: ShutdownSignal) async throws {
        readiness.isReady = true
        await shutdown.wait()
        readiness.isReady = false
        await http.drain(within: drainWithin)
    }
}

/// The record's life: it is the first to start and the last to stop, so that every answer has its row.
struct RecordService: Service {
    let name = "record"
    let writer: BatchWriter
    let journal: SlotJournal

    func run(until shutdown: ShutdownSignal) async throws {
        await shutdown.wait()
        await writer.stop()
        journal.shutdown()
    }
}

/// The database remembers which master key seals it, so that another one is noticed before it does harm.
enum MasterKeyCheck {
    static func run(_ key: MasterKey, in database: Database) async throws {
        try await database.execute(
            "INSERT INTO ops.settings (name, value) VALUES ('master_key_id', \(key.id)) ON CONFLICT DO NOTHING")
        let rows = try await database.query("SELECT value FROM ops.settings WHERE name = 'master_key_id'")
        guard let known: String = try rows.first?["value"], known != key.id else { return }
        throw CommandFailure(
            .failed,
            "The master key file holds the key \(key.id), but this database is sealed with \(known). "
                + "Put the right key file back, or name it with WITAN_MASTER_KEY_FILE.")
    }
}

/// Sessions act as roles that keep organizations apart. A pooler that drops the role would undo that without a sign, so
/// the program looks, and does not start then.
enum RoleCheck {
    static func run(_ databases: [(role: String, database: Database)]) async throws {
        for (role, database) in databases {
            let rows = try await database.query("SELECT current_user::text AS role")
            let actual: String = try rows.first?["role"] ?? ""
            guard actual != role else { continue }
            throw CommandFailure(
                .failed,
                "Sessions to DATABASE_URL act as \(actual) where the program asked for \(role): a pooler drops the "
                    + "start option, and organizations would not be kept apart. Name the server's own address.")
        }
    }
}
