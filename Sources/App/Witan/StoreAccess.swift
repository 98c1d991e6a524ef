// SPDX-License-Identifier: Apache-2.0
import Arguments
import EmbeddedServers
import EventLoop
import Migrator
import Observability
import Postgres
import SwiftExtensions

/// The stores for a command that needs no running server: given by URL, private and started for the command, or
/// private and running already because a server has them.
struct StoreAccess: Sendable {
    let configuration: Configuration
    /// For the program.
    let databaseURL: Secret<String>
    /// For migrations and for the owner.
    let directURL: Secret<String>
    let redisURL: Secret<String>?
    let isPrivate: Bool
    let loop: EventLoop
    /// Nil for what runs without this command.
    private let stores: Stores?

    /// Runs `body` with the stores up, and leaves them as they were.
    ///
    /// - Parameter beside: Whether a server may run on the data directory meanwhile.
    static func with(
        _ arguments: ParsedArguments, beside: Bool, _ body: (StoreAccess) async throws -> ExitCode
    ) async throws -> ExitCode {
        let configuration = try Configuration.load(
            file: arguments[Commands.configFile], overrides: Commands.overrides(arguments))
        LogOutput.standardError.level = max(configuration.logLevel, .warning)
        let access = try open(configuration, beside: beside)
        do {
            let code = try await body(access)
            access.close()
            return code
        } catch {
            access.close()
            throw error is UsageError ? error : Commands.failure(error)
        }
    }

    /// Opens what `configuration` names; end it with `close`.
    static func open(_ configuration: Configuration, beside: Bool) throws -> StoreAccess {
        if let url = configuration["DATABASE_URL"] ?? configuration["DIRECT_URL"] {
            // No private PostgreSQL: nothing of the data directory is needed.
            return StoreAccess(
                configuration, database: url, direct: configuration["DIRECT_URL"] ?? url,
                redis: configuration["REDIS_URL"], isPrivate: false)
        }
        if beside, let running = try running(configuration) { return running }
        let stores = try Stores.open(configuration, logger: Logger(.standardError))
        return StoreAccess(
            configuration, database: stores.databaseURL.reveal(), direct: stores.directURL.reveal(),
            redis: stores.redisURL?.reveal(), isPrivate: true, stores: stores)
    }

    /// The private servers that another program has started; nil when none holds the directory.
    private static func running(_ configuration: Configuration) throws -> StoreAccess? {
        let path = configuration.text("WITAN_DATA_DIR")
        do throws(EmbeddedServerError) {
            _ = try DataDirectory.open(path)
            return nil
        } catch {
            guard case .inUse = error else { return nil }
        }
        guard let program = PrivatePostgres.runningConnectionString(in: path),
            let owner = PrivatePostgres.runningConnectionString(in: path, role: PrivatePostgres.superuser)
        else {
            throw CommandFailure(
                .unreachable, "\(path) is in use by a program whose database does not run yet; try again soon.")
        }
        return StoreAccess(
            configuration, database: program, direct: owner,
            redis: configuration["REDIS_URL"] ?? PrivateRedis.runningSocket(in: path).map { "unix://\($0)" },
            isPrivate: true)
    }

    private init(
        _ configuration: Configuration, database: String, direct: String, redis: String?, isPrivate: Bool,
        stores: Stores? = nil
    ) {
        self.configuration = configuration
        databaseURL = Secret(database)
        directURL = Secret(direct)
        redisURL = redis.map { Secret($0) }
        self.isPrivate = isPrivate
        self.stores = stores
        loop = EventLoop(name: "command")
    }

    /// Stops what was started for the command.
    func close() {
        loop.stop()
        stores?.stop(logger: Logger(.standardError))
    }

    /// Lends a migrator for the schema and the stores beside it.
    func withMigrator<Value>(
        observe: @escaping @Sendable (MigrationEvent) -> Void, _ body: (Migrator) async throws -> Value
    ) async throws -> Value {
        try await Stores.withMigrator(
            directURL, redis: redisURL, elasticsearch: configuration["ELASTICSEARCH_URL"].map { Secret($0) },
            loop: loop, observe: observe, body)
    }

    /// Connections as the owner of the tables, or as who migrates when `role` is nil; closed afterwards.
    func withDatabase<Value: Sendable>(
        _ url: Secret<String>, role: String? = nil, prepares: Bool = true, _ body: (Database) async throws -> Value
    ) async throws -> Value {
        var settings = Stores.migratorConfiguration(url)
        settings.applicationName = "witan command"
        settings.role = role
        settings.preparedStatements = prepares
        let database = Database(configuration: settings, loops: [loop], observe: { _ in })
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }

    /// Brings the schema and what belongs to it in the stores beside it up to date; the names of what was applied.
    func migrate() async throws -> [String] {
        let logger = Logger(.standardError)
        return try await withMigrator(observe: { $0.log(to: logger) }) { migrator in
            do throws(MigrationError) {
                return try await migrator.up().map(\.name)
            } catch {
                throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
            }
        }
    }
}
