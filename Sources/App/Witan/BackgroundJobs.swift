// SPDX-License-Identifier: Apache-2.0
import Arguments
import Audit
import EmbeddedServers
import EventLoop
import Glibc
import Lifecycle
import Migrator
import Operations
import Postgres
import SwiftExtensions

/// What the installation does by the clock, on one node at a time.
struct BackgroundJobs: Sendable {
    let configuration: Configuration
    let stores: Stores
    let database: Database
    let keys: ArchiveKeys
    let loop: EventLoop

    var all: [Job] {
        [
            Job(name: "partitions", every: .seconds(3600)) { _ in
                let created = try await PartitionStore.ensure(in: database)
                return created == 0 ? "all months are there" : "made \(created) partition\(created == 1 ? "" : "s")"
            },
            Job(name: "retention", every: .seconds(86_400)) { lease in
                try await asOwner { owner in
                    try await RetentionWorker(owner: owner, app: database, directory: try directory(), keys: keys)
                        .run(under: lease)
                }
            },
            Job(name: "seals", every: .seconds(3600)) { _ in
                try await asOwner { owner in try await RowSealWorker(owner: owner, app: database).run() }
            },
            cleanUp("idempotency", "SELECT ops.forget_idempotency_keys() AS forgotten", of: "expired keys"),
            cleanUp(
                "single sign-on", "SELECT auth.forget_sso_logins() AS forgotten", of: "returns of more than a day ago"),
            cleanUp("sessions", "SELECT auth.forget_sessions() AS forgotten", of: "rows of expired sessions"),
            Job(name: "schema", every: .seconds(86_400)) { _ in try await verifySchema() },
            Job(name: "archives", every: .seconds(86_400)) { _ in try await checkArchives() },
        ]
    }

    /// Has the database delete what is over, once an hour.
    private func cleanUp(_ name: String, _ statement: SQL, of what: String) -> Job {
        Job(name: name, every: .seconds(3600)) { _ in
            let forgotten: Int64 = try (try await database.query(statement).first)?["forgotten"] ?? 0
            return "\(forgotten) \(what) forgotten"
        }
    }

    /// What a retention run would do with each partition that is over.
    func plan() async throws -> [(partition: String, decision: PartitionDecision)] {
        try await asOwner { owner in
            try await RetentionPlanStore.plan(now: .now(), in: owner).map { ($0.partition.name, $0.decision) }
        }
    }

    /// Compares the catalog with what the migrations made; fails with the first things that differ.
    private func verifySchema() async throws -> String {
        Allocator.spareMemory()
        defer { Allocator.spareTime(on: [loop]) }
        let found = try await stores.withMigrator(loop: loop, observe: { _ in }) { try await $0.verify() }
        let findings = found.brokenHistory + found.differences.map { String(describing: $0) }
        guard findings.isEmpty else {
            throw CommandFailure(
                .drift,
                "the schema is not as the migrations made it, see 'witan migrate verify': "
                    + findings.prefix(3).joined(separator: "; "))
        }
        return found.notes.first ?? "as the migrations made it"
    }

    /// Reads each archive back once a week.
    private func checkArchives() async throws -> String {
        try await asOwner { owner in
            let worker = PartitionArchiveWorker(owner: owner, app: database, directory: try directory(), keys: keys)
            let (checked, problems) = try await worker.checkFiles(notReadFor: .seconds(7 * 86_400))
            guard problems.isEmpty else { throw ArchivesDamaged(problems: problems) }
            return "\(checked) archives read back, all whole"
        }
    }

    /// Connections as the owner of the tables, for as long as `body` runs.
    private func asOwner<Value: Sendable>(_ body: (Database) async throws -> Value) async throws -> Value {
        var settings = configuration.postgres(stores.directURL, role: "witan_owner")
        settings.connectionsPerLoop = 2
        settings.statementTimeout = .seconds(3600)
        settings.queryTimeout = .seconds(3700)
        let owner = Database(configuration: settings, loops: [loop], observe: { _ in })
        do {
            let value = try await body(owner)
            await owner.close()
            return value
        } catch {
            await owner.close()
            throw error
        }
    }

    /// The directory of archives, made when it is not there.
    private func directory() throws -> String {
        let path = configuration["WITAN_ARCHIVE_DIR"] ?? "\(stores.directory.path)/archives"
        guard mkdir(path, 0o700) == 0 || errno == EEXIST, access(path, W_OK) == 0 else {
            throw CommandFailure(
                .failed,
                "The archive directory \(path) cannot be written: \(String(cString: strerror(errno))). "
                    + "Make it, or name another with WITAN_ARCHIVE_DIR.")
        }
        return path
    }

    /// Host name and process id.
    static var node: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(host) (process \(getpid()))"
    }
}

/// Some archives are not what was signed for.
struct ArchivesDamaged: Error, CustomStringConvertible {
    let problems: [String]

    var description: String { problems.joined(separator: "; ") }
}

/// A service on a loop of its own, where it may block without holding up requests.
struct LoopService: Service {
    let name: String
    let loop: EventLoop
    let service: any Service

    init(_ service: any Service, on loop: EventLoop) {
        name = service.name
        self.loop = loop
        self.service = service
    }

    func run(until shutdown: ShutdownSignal) async throws {
        try await loop.run { try await service.run(until: shutdown) }
    }
}
