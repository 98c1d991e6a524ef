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
    /// Nil beside a running server.
    let stores: Stores?
    let loop: EventLoop

    /// Runs `body` with the stores up, and leaves them as they were.
    ///
    /// - Parameter beside: Whether a server may run on the data directory meanwhile.
    static func with(
        _ arguments: ParsedArguments, beside: Bool, _ body: (StoreAccess) async throws -> ExitCode
    ) async throws -> ExitCode {
        let configuration = try Configuration.load(
            file: arguments[Commands.configFile], overrides: Commands.overrides(arguments))
        LogOutput.standardError.level = max(configuration.logLevel, .warning)
        let logger = Logger(.standardError)
        let access = try open(configuration, beside: beside, logger: logger)
        do {
            let code = try await body(access)
            access.loop.stop()
            access.stores?.stop(logger: logger)
            return code
        } catch {
            access.loop.stop()
            access.stores?.stop(logger: logger)
            throw error is UsageError ? error : Commands.failure(error)
        }
    }

    private static func open(_ configuration: Configuration, beside: Bool, logger: Logger) throws -> StoreAccess {
        let loop = EventLoop(name: "command")
        if let url = configuration["DATABASE_URL"] {
            // No private PostgreSQL: nothing of the data directory is needed.
            return StoreAccess(
                configuration: configuration, databaseURL: Secret(url),
                directURL: Secret(configuration["DIRECT_URL"] ?? url),
                redisURL: configuration["REDIS_URL"].map { Secret($0) }, isPrivate: false, stores: nil, loop: loop)
        }
        if beside, let running = running(configuration, loop) { return running }
        let stores = try Stores.open(configuration, logger: logger)
        return StoreAccess(
            configuration: configuration, databaseURL: stores.databaseURL, directURL: stores.directURL,
            redisURL: stores.redisURL, isPrivate: true, stores: stores, loop: loop)
    }

    private static func running(_ configuration: Configuration, _ loop: EventLoop) -> StoreAccess? {
        let path = configuration.text("WITAN_DATA_DIR")
        do throws(EmbeddedServerError) {
            _ = try DataDirectory.open(path)
            return nil
        } catch {
            guard case .inUse = error else { return nil }
        }
        guard let program = PrivatePostgres.runningConnectionString(in: path),
            let owner = PrivatePostgres.runningConnectionString(in: path, role: PrivatePostgres.superuser)
        else { return nil }
        return StoreAccess(
            configuration: configuration, databaseURL: Secret(program), directURL: Secret(owner),
            redisURL: configuration["REDIS_URL"].map { Secret($0) }, isPrivate: true, stores: nil, loop: loop)
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

    /// Brings the schema up to date and says what was applied.
    func migrate() async throws -> [String] {
        let logger = Logger(.standardError)
        return try await Stores.migrate(directURL, loops: [loop], logger: logger).map(\.name)
    }
}
