// SPDX-License-Identifier: Apache-2.0
import Arguments
import Cryptography
import EmbeddedServers
import EventLoop
import Glibc
import Migrator
import Observability
import Postgres
import SwiftExtensions

/// The data directory and the stores in it or behind the URLs, as far as they run before the program proper.
struct Stores: Sendable {
    let directory: DataDirectory
    let postgres: PrivatePostgres?
    let redis: PrivateRedis?
    /// For the program.
    let databaseURL: Secret<String>
    /// For migrations.
    let directURL: Secret<String>
    let redisURL: Secret<String>?
    let elasticsearchURL: Secret<String>?
    /// Of the private cluster; nil without `WITAN_WAL_ARCHIVE`.
    let archive: ClusterArchive?
    let disk: DiskWatch

    /// Opens the directory and starts the private servers that are needed.
    static func open(_ configuration: Configuration, logger: Logger) throws -> Stores {
        do throws(EmbeddedServerError) {
            let directory = try DataDirectory.open(configuration.text("WITAN_DATA_DIR"))
            let archive = try archive(configuration, directory, logger)
            var postgres: PrivatePostgres?
            if configuration["DATABASE_URL"] == nil {
                postgres = try PrivatePostgres.start(in: directory, settings: configuration.privatePostgres) {
                    log($0, to: logger)
                }
            }
            var redis: PrivateRedis?
            if configuration["REDIS_URL"] == nil {
                do throws(EmbeddedServerError) {
                    redis = try PrivateRedis.start(in: directory) { log($0, to: logger) }
                } catch {
                    // Redis only accelerates: without it the program runs, and says so.
                    logger.warning("no private redis", [("error", LogValue(error))])
                }
            }
            let url = configuration["DATABASE_URL"] ?? postgres?.connectionString() ?? ""
            let direct =
                configuration["DIRECT_URL"] ?? configuration["DATABASE_URL"]
                ?? postgres?.connectionString(role: PrivatePostgres.superuser) ?? ""
            let redisURL = configuration["REDIS_URL"] ?? redis.map { "unix://\($0.socketPath)" }
            return Stores(
                directory: directory, postgres: postgres, redis: redis, databaseURL: Secret(url),
                directURL: Secret(direct), redisURL: redisURL.map { Secret($0) },
                elasticsearchURL: configuration["ELASTICSEARCH_URL"].map { Secret($0) }, archive: archive,
                disk: DiskWatch(data: directory.path, archive: archive?.archive.path, logger: logger))
        } catch {
            throw CommandFailure(.failed, error.description)
        }
    }

    /// Before the cluster starts: what cannot be archived is better known then.
    private static func archive(
        _ configuration: Configuration, _ directory: DataDirectory, _ logger: Logger
    ) throws(EmbeddedServerError) -> ClusterArchive? {
        guard let path = configuration["WITAN_WAL_ARCHIVE"] else { return nil }
        let key: MasterKey
        do throws(MasterKeyError) {
            key = try MasterKey.loadOrCreate(path: configuration.masterKeyFile)
        } catch {
            throw .archiveNotWritable(path: path, reason: error.description)
        }
        return try ClusterArchive(
            WALArchive(path: path, masterKey: key), of: directory, configuration: configuration, logger: logger)
    }

    /// Brings the schema up to date and says what was applied.
    func migrate(loops: [EventLoop], logger: Logger) async throws -> [AppliedMigration] {
        try await withMigrator(loop: loops[0], observe: { $0.log(to: logger) }) { try await Self.up($0) }
    }

    /// Brings a schema up to date, and no store beside it.
    static func migrate(
        _ url: Secret<String>, loops: [EventLoop], logger: Logger
    ) async throws -> [AppliedMigration] {
        let database = Database(configuration: migratorConfiguration(url), loops: loops, observe: { _ in })
        let migrator = Migrator(
            database: database, programVersion: Version.current, actor: Account.current,
            observe: { $0.log(to: logger) })
        do {
            let applied = try await up(migrator)
            await database.close()
            return applied
        } catch {
            await database.close()
            throw error
        }
    }

    private static func up(_ migrator: Migrator) async throws(CommandFailure) -> [AppliedMigration] {
        do throws(MigrationError) {
            return try await migrator.up()
        } catch {
            throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
        }
    }

    /// Lends a migrator for the schema and the stores beside it.
    func withMigrator<Value>(
        loop: EventLoop, observe: @escaping @Sendable (MigrationEvent) -> Void,
        _ body: (Migrator) async throws -> Value
    ) async throws -> Value {
        try await Self.withMigrator(
            directURL, redis: redisURL, elasticsearch: elasticsearchURL, loop: loop, observe: observe, body)
    }

    /// The same for stores that are only known by their addresses.
    static func withMigrator<Value>(
        _ url: Secret<String>, redis: Secret<String>?, elasticsearch: Secret<String>?, loop: EventLoop,
        observe: @escaping @Sendable (MigrationEvent) -> Void, _ body: (Migrator) async throws -> Value
    ) async throws -> Value {
        let database = Database(configuration: migratorConfiguration(url), loops: [loop], observe: { _ in })
        let others = try OtherStores(redis: redis, elasticsearch: elasticsearch, loop: loop)
        let migrator = Migrator(
            database: database, programVersion: Version.current, actor: Account.current, stores: others.states,
            observe: observe)
        do {
            let value = try await body(migrator)
            await others.close()
            await database.close()
            return value
        } catch {
            await others.close()
            await database.close()
            throw error
        }
    }

    /// How the program's migrations and the database's compare.
    func migrationStates(on loop: EventLoop) async throws -> [MigrationStatus] {
        try await withMigrator(loop: loop, observe: { _ in }) { migrator in
            do throws(MigrationError) {
                return try await migrator.status()
            } catch {
                throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
            }
        }
    }

    /// Migrations may take their time, and need no more than one connection.
    static func migratorConfiguration(_ url: Secret<String>) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connectionString: url)
        configuration.applicationName = "witan migrate"
        configuration.connectionsPerLoop = 2
        configuration.statementTimeout = .seconds(3600)
        configuration.queryTimeout = .seconds(3700)
        return configuration
    }

    /// An address, but of another database of the same server.
    static func url(_ url: Secret<String>, toDatabase name: String) -> Secret<String> {
        let url = url.reveal()
        // Of parameters given twice the last one counts, for libpq.
        guard url.hasPrefix("postgres") && url.contains("://") else { return Secret("\(url) dbname=\(name)") }
        return Secret("\(url)\(url.contains("?") ? "&" : "?")dbname=\(name)")
    }

    /// Stops what was started, in order.
    func stop(logger: Logger) {
        do {
            try redis?.stop()
            try postgres?.stop()
            // The last file of the log is handed over at the stop.
            archive?.ship()
        } catch {
            logger.error("a private server did not stop", [("error", LogValue(error))])
        }
    }

    private static func log(_ event: EmbeddedServerEvent, to logger: Logger) {
        switch event {
        case .initializing(let server, let path):
            logger.info("making the data files", [("server", .string(server.rawValue)), ("path", .string(path))])
        case .started(let server, let processID, _):
            logger.debug("started", [("server", .string(server.rawValue)), ("process_id", LogValue(processID))])
        case .adopted(let server, let processID):
            logger.info("adopted", [("server", .string(server.rawValue)), ("process_id", LogValue(processID))])
        case .died(let server, let processID, _):
            logger.error("ended unasked", [("server", .string(server.rawValue)), ("process_id", LogValue(processID))])
        case .restartFailed(let server, let error, _):
            logger.error("restart failed", [("server", .string(server.rawValue)), ("error", LogValue(error))])
        case .stopped(let server, let processID, _):
            logger.debug("stopped", [("server", .string(server.rawValue)), ("process_id", LogValue(processID))])
        }
    }
}
