// SPDX-License-Identifier: Apache-2.0
import Arguments
import Elasticsearch
import EventLoop
import Glibc
import HTTPClient
import Migrator
import Observability
import Redis
import SwiftExtensions

/// The stores beside PostgreSQL, as the migrator sees them.
struct OtherStores {
    private let redis: Redis?
    private let http: HTTPClient?
    let states: [Migration.Kind: MigrationStoreState]

    /// Those that have an address.
    init(redis: Secret<String>?, elasticsearch: Secret<String>?, loop: EventLoop) throws {
        var states: [Migration.Kind: MigrationStoreState] = [:]
        let redis = try redis.map { url in
            try Redis(
                configuration: RedisConfiguration(url: url, connectTimeout: .seconds(2), commandTimeout: .seconds(2)),
                loops: [loop])
        }
        self.redis = redis
        if let redis { states[.redis] = .present(RedisSteps(redis: redis)) }
        if let url = elasticsearch {
            let client = HTTPClient(
                configuration: HTTPClientConfiguration(
                    userAgent: "witan/\(Version.current)", isProxied: Proxies.areNamed), loops: [loop])
            http = client
            do throws(ElasticsearchError) {
                let client = try ElasticsearchClient(url: url, client: client)
                states[.elasticsearch] = .present(ElasticsearchSteps(client: client))
            } catch {
                throw CommandFailure(.usage, error.description)
            }
        } else {
            http = nil
        }
        self.states = states
    }

    func close() async {
        await redis?.close()
        http?.close()
    }
}

/// Applies steps to Redis.
struct RedisSteps: MigrationStore {
    let redis: Redis

    func apply(_ migration: Migration) async throws(MigrationStoreError) {
        try await asking { () async throws(RedisError) in
            try await RedisSchema(json: Array(migration.text.utf8)).apply(to: redis)
        }
    }

    func holds(_ migration: Migration) async throws(MigrationStoreError) -> Bool {
        try await asking { () async throws(RedisError) in
            try await RedisSchema(json: Array(migration.text.utf8)).isHeld(by: redis)
        }
    }

    func outline(of migration: Migration) throws(MigrationStoreError) -> [String] {
        do throws(RedisError) {
            let schema = try RedisSchema(json: Array(migration.text.utf8))
            return schema.scripts.map { "SCRIPT LOAD \($0.name)" } + ["HSET \(schema.key) version \(schema.version)"]
        } catch {
            throw MigrationStoreError(error.description, isAbsence: false)
        }
    }

    private func asking<Value>(
        _ body: () async throws(RedisError) -> Value
    ) async throws(MigrationStoreError) -> Value {
        do throws(RedisError) {
            return try await body()
        } catch {
            switch error {
            case .server, .schema, .invalidURL: throw MigrationStoreError(error.description, isAbsence: false)
            default: throw MigrationStoreError(error.description, isAbsence: true)
            }
        }
    }
}

/// Applies steps to Elasticsearch.
struct ElasticsearchSteps: MigrationStore {
    let client: ElasticsearchClient

    func apply(_ migration: Migration) async throws(MigrationStoreError) {
        try await asking { () async throws(ElasticsearchError) in
            try await ElasticsearchSchema(json: Array(migration.text.utf8)).apply(to: client)
        }
    }

    func holds(_ migration: Migration) async throws(MigrationStoreError) -> Bool {
        try await asking { () async throws(ElasticsearchError) in
            try await ElasticsearchSchema(json: Array(migration.text.utf8)).isHeld(by: client)
        }
    }

    func outline(of migration: Migration) throws(MigrationStoreError) -> [String] {
        do throws(ElasticsearchError) {
            return try ElasticsearchSchema(json: Array(migration.text.utf8)).requests.map { request in
                "PUT \(request.path)" + (request.isMadeOnce ? " (where it is missing)" : "")
            }
        } catch {
            throw MigrationStoreError(error.description, isAbsence: false)
        }
    }

    private func asking<Value>(
        _ body: () async throws(ElasticsearchError) -> Value
    ) async throws(MigrationStoreError) -> Value {
        do throws(ElasticsearchError) {
            return try await body()
        } catch {
            var isAbsence = false
            if case .unavailable = error { isAbsence = true }
            throw MigrationStoreError(error.description, isAbsence: isAbsence)
        }
    }
}

/// Who runs the program, as `user@host`.
enum Account {
    static var current: String {
        let user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
        var name = utsname()
        uname(&name)
        let host = withUnsafeBytes(of: name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "\(user)@\(host)"
    }
}

extension MigrationEvent {
    /// One line for the log of a server that starts.
    func log(to logger: Logger) {
        switch self {
        case .waiting(let processID, let application):
            logger.info(
                "waiting for another migration",
                [("process_id", LogValue(processID)), ("application", .string(application))])
        case .blocked(let name, let blockers):
            logger.warning(
                "a migration waits for a lock",
                [
                    ("migration", .string(name)),
                    ("blocked_by", .string(blockers.map(\.description).joined(separator: "; "))),
                ])
        case .retrying(let name, let attempt, let pause):
            logger.warning(
                "a migration is tried again",
                [
                    ("migration", .string(name)), ("attempt", LogValue(attempt)),
                    ("after", .string("\(pause)")),
                ])
        case .resuming(let name, let statement):
            logger.info(
                "a migration goes on where it was interrupted",
                [("migration", .string(name)), ("statement", LogValue(statement))])
        case .rebuilding(let index):
            logger.warning("an index is built again", [("index", .string(index))])
        case .deferred(let name, let reason):
            logger.info("a step waits for its store", [("step", .string(name)), ("reason", .string(reason))])
        case .restored(let name):
            logger.info("a store had lost a step and has it again", [("step", .string(name))])
        case .cosmetic(let name):
            logger.warning("a migration looks different and says the same", [("migration", .string(name))])
        case .applying, .applied, .statement: return
        }
    }

    /// One line for somebody who waits at a terminal; nil for what needs none.
    var line: String? {
        switch self {
        case .waiting(let processID, let application): "waiting for session \(processID) “\(application)”"
        case .blocked(let name, let blockers):
            "\(name) waits for " + blockers.map(\.description).joined(separator: "; ")
        case .retrying(let name, let attempt, let pause): "\(name): try \(attempt) got no lock, again in \(pause)"
        case .resuming(let name, let statement): "\(name) goes on with statement \(statement)"
        case .rebuilding(let index): "\(index) was left unusable and is built again"
        // A store that nobody wants is nothing to tell each time; migrate status does.
        case .deferred(_, let reason) where reason.hasSuffix("is not configured"): nil
        case .deferred(let name, let reason): "\(name) waits: \(reason)"
        case .restored(let name): "\(name) was lost by its store and is there again"
        case .cosmetic(let name): "\(name) looks different from the file that was applied, and says the same"
        case .applying, .applied, .statement: nil
        }
    }
}
