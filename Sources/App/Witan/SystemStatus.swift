// SPDX-License-Identifier: Apache-2.0
import EmbeddedServers
import EventLoop
import Identity
import JSON
import Migrator
import Operations
import Postgres
import Redis
import SwiftExtensions

/// What `witan status` shows: what this node knows from memory, and what PostgreSQL says when it is asked.
struct SystemStatus: Sendable {
    let stores: Stores
    let database: Database
    let sealerDatabase: Database
    let writer: BatchWriter
    let redis: Redis?
    let identity: IdentityMonitor
    let readiness: Readiness
    let upkeep: Upkeep
    let slowQueries: SlowQueries

    /// What is not as it should be, each with its reason; from memory, so that readiness can show it.
    var degraded: [String] {
        var degraded: [String] = []
        if !database.isConnected { degraded.append("postgresql is not reachable") }
        if !writer.isReady { degraded.append("calls cannot be recorded and are refused") }
        if let redis, case .degraded(let reason) = redis.state { degraded.append("redis: \(reason)") }
        if redis == nil { degraded.append("redis is not there; changes on other nodes are seen by polling") }
        degraded += stores.disk.degraded + (stores.archive?.degraded ?? [])
        return degraded + upkeep.partitions.problems + upkeep.schema.problems
    }

    /// Everything; what PostgreSQL does not answer within a few seconds is left out and named as degraded.
    func report() async -> JSONValue {
        var problems = degraded
        var members = facts
        do {
            let found = try await DatabaseStatusStore.read(from: database)
            problems += found.problems
            members.append(JSONMember("database", found.view))
            members.append(JSONMember("slow_queries", .array(slow(found))))
            let age = try await DatabaseStatusStore.oldestUnsealed(in: sealerDatabase)
            if let problem = SealingRule.problem(oldestUnsealed: age) { problems.append(problem) }
            members.append(
                JSONMember("audit", ["oldest_unsealed_seconds": .whole(age?.components.seconds ?? 0)]))
            let jobs = try await JobStore.list(in: database)
            problems += jobs.compactMap(\.problem)
            members.append(JSONMember("jobs", .array(jobs.map(\.view))))
            let archives = try await ArchiveStore.list(in: database)
            problems += archives.compactMap(\.statusProblem)
            members.append(JSONMember("retention", Self.retention(archives)))
        } catch {
            if database.isConnected { problems.append("postgresql does not answer: \(error)") }
        }
        members.append(JSONMember("degraded", .array(problems.map(JSONValue.string))))
        return .object(members)
    }

    private var facts: [JSONMember] {
        let pool = database.statistics
        let months: [JSONValue] = upkeep.partitions.sets.map {
            ["table": .string($0.table), "months_ahead": .whole(Int64($0.ahead(of: .now())))]
        }
        return [
            JSONMember("version", .string(Version.current)), JSONMember("ready", .bool(readiness.isReady)),
            JSONMember(
                "stores",
                [
                    "postgresql": .string(
                        stores.postgres.map { "private, version \($0.majorVersion)" } ?? "by DATABASE_URL"),
                    "redis": .string(stores.redis != nil ? "private" : redis == nil ? "none" : "by REDIS_URL"),
                    "search": "postgresql",
                ]),
            JSONMember("archive", stores.archive?.view ?? .null),
            JSONMember("schema", upkeep.schema.view),
            JSONMember(
                "pool",
                [
                    "open": .whole(Int64(pool.open)), "idle": .whole(Int64(pool.idle)),
                    "waiting": .whole(Int64(pool.waiting)),
                ]),
            JSONMember("keys", .whole(Int64(identity.count))), JSONMember("partitions", .array(months)),
        ]
    }

    private func slow(_ found: DatabaseStatus) -> [JSONValue] {
        if let statements = found.statements {
            return statements.map {
                [
                    "query": .string($0.text), "count": .whole($0.calls),
                    "mean_ms": JSONNumber(($0.meanMilliseconds * 1000).rounded() / 1000).map(JSONValue.number) ?? .null,
                    "source": "pg_stat_statements",
                ]
            }
        }
        return slowQueries.top(5).map {
            [
                "query": .string($0.text), "count": .whole(Int64($0.count)),
                "longest_ms": .whole(Int64($0.longest / .milliseconds(1))), "source": "this node",
            ]
        }
    }

    private static func retention(_ archives: [Archive]) -> JSONValue {
        let dropped = archives.filter { $0.state == .dropped }
        return [
            "archived_partitions": .whole(Int64(dropped.count)),
            "archived_rows": .whole(dropped.reduce(0) { $0 + ($1.content?.rows ?? 0) }),
            "newest": dropped.first.map { .string($0.partition.name) } ?? .null,
            "unfinished": .array(
                archives.filter { $0.state != .dropped && $0.state != .abandoned }.map {
                    .string("\($0.partition.name): \($0.state.rawValue)")
                }),
        ]
    }
}

/// Which migrations the database has, as of the last look; it may have been migrated by a newer program since.
final class SchemaMonitor: Sendable {
    private let stores: Stores
    private let loop: EventLoop
    private let known = Locked<[MigrationStatus]>([])

    init(stores: Stores, loop: EventLoop) {
        self.stores = stores
        self.loop = loop
    }

    func refresh() async throws {
        let found = try await stores.migrationStates(on: loop)
        known.withLock { $0 = found }
    }

    var problems: [String] {
        let found = known.withLock { $0 }
        // What waits for a store that is not there is no problem.
        func names(_ state: MigrationStatus.State) -> [String] {
            found.filter { $0.state == state && !$0.isDeferred }.map(\.name)
        }
        var problems: [String] = []
        if !names(.interrupted).isEmpty {
            let interrupted = names(.interrupted).joined(separator: ", ")
            problems.append("a migration was interrupted: \(interrupted); witan migrate up")
        }
        if !names(.pending).isEmpty {
            problems.append("migrations are pending: \(names(.pending).joined(separator: ", ")); witan migrate up")
        }
        if !names(.interrupted).isEmpty {
            problems.append(
                "a migration was interrupted: \(names(.interrupted).joined(separator: ", ")); witan migrate up")
        }
        if !names(.unknownToProgram).isEmpty { problems.append("the database is newer than this program; update it") }
        if !names(.changed).isEmpty {
            problems.append("applied migrations differ from the program's: witan migrate verify")
        }
        return problems
    }

    var view: JSONValue {
        let found = known.withLock { $0 }
        return [
            "applied": .whole(Int64(found.count { $0.state == .applied })),
            "pending": .whole(Int64(found.count { $0.state == .pending && !$0.isDeferred })),
            "head": found.last { $0.state == .applied }.map { .string($0.name) } ?? .null,
            "without_store": .array(found.filter(\.isDeferred).map { .string($0.name) }),
        ]
    }
}

extension JSONValue {
    /// A whole number.
    static func whole(_ value: Int64) -> JSONValue { .number(JSONNumber(value)) }
}

extension DatabaseStatus {
    var view: JSONValue {
        [
            "version": .string(version), "bytes": databaseBytes.map { .whole($0) } ?? .null,
            "connections": .whole(Int64(connections)),
            "connections_max": .whole(Int64(connectionsMax)), "standby": .bool(isStandby),
            "standbys": .array(
                standbys.map {
                    [
                        "name": $0.name.map(JSONValue.string) ?? .null,
                        "state": $0.state.map(JSONValue.string) ?? .null,
                        "sync": $0.synchronization.map(JSONValue.string) ?? .null,
                        "lag_bytes": $0.lagBytes.map { .whole($0) } ?? .null,
                    ]
                }),
        ]
    }
}

extension JobRecord {
    /// What `degraded` says of it; nil while its last run went well.
    var problem: String? {
        guard let lastResult, lastResult != .done else { return nil }
        return "the job \(name) \(lastResult.rawValue): \(lastMessage ?? "no reason known")"
    }

    var view: JSONValue {
        [
            "job": .string(name), "state": isRunning ? "running" : "waiting",
            "last_result": lastResult.map { .string($0.rawValue) } ?? .null,
            "last_finished_at": lastFinishedAt.map { .string($0.description) } ?? .null,
            "next_run_at": .string(nextRunAt.description), "message": lastMessage.map(JSONValue.string) ?? .null,
        ]
    }
}

extension Archive {
    /// What `degraded` says of its file.
    var statusProblem: String? {
        guard state != .abandoned, let problem else { return nil }
        return "the archive of \(partition.name): \(problem)"
    }
}
