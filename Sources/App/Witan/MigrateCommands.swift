// SPDX-License-Identifier: Apache-2.0
import Arguments
import EventLoop
import JSON
import Migrator
import Observability
import Postgres

/// `witan migrate`: needs no running server.
enum MigrateCommands {
    private static let options: [any Parameter] = [Commands.dataDirectory, Commands.configFile, Commands.json]

    static let command = Command(
        name: "migrate", summary: "The schema", example: "witan migrate up",
        subcommands: [
            Command(
                name: "up", summary: "Bring the schema up to date", example: "witan migrate up", options: options
            ) { arguments in
                try await withStores(arguments) { stores, loop in
                    let applied = try await stores.migrate(loops: [loop], logger: Logger(.standardError))
                    let items: [JSONValue] = applied.map {
                        [
                            "id": .number(JSONNumber(Int64($0.id))), "name": .string($0.name),
                            "duration_ms": .number(JSONNumber(Int64($0.duration / .milliseconds(1)))),
                        ]
                    }
                    if items.isEmpty, !arguments[Commands.json] {
                        arguments.terminal.write("Nothing to do: the schema is up to date.\n")
                        return .done
                    }
                    arguments.show(
                        items, columns: [("ID", "id"), ("MIGRATION", "name"), ("MS", "duration_ms")],
                        all: ["applied": .array(items)])
                    return .done
                }
            },
            Command(
                name: "status", summary: "What is applied; exit 3 when something is pending, 5 when a file was changed",
                example: "witan migrate status", options: options
            ) { arguments in
                try await withStores(arguments) { stores, loop in try await status(arguments, stores, loop) }
            },
        ])

    private static func status(
        _ arguments: ParsedArguments, _ stores: Stores, _ loop: EventLoop
    ) async throws -> ExitCode {
        let database = Database(
            configuration: Stores.migratorConfiguration(stores.directURL), loops: [loop], observe: { _ in })
        let found: [MigrationStatus]
        do {
            found = try await Migrator(database: database, programVersion: Version.current).status()
        } catch {
            await database.close()
            throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
        }
        await database.close()
        let items: [JSONValue] = found.map {
            [
                "id": .number(JSONNumber(Int64($0.id))), "name": .string($0.name), "state": .string($0.state.rawValue),
            ]
        }
        arguments.show(
            items, columns: [("ID", "id"), ("MIGRATION", "name"), ("STATE", "state")],
            all: ["migrations": .array(items)])
        if found.contains(where: { $0.state == .unknownToProgram }) { return .databaseNewer }
        if found.contains(where: { $0.state == .changed }) { return .checksumMismatch }
        return found.contains { $0.state == .pending } ? .pending : .done
    }

    /// Runs `body` with the stores up, and leaves them as they were.
    private static func withStores(
        _ arguments: ParsedArguments, _ body: (Stores, EventLoop) async throws -> ExitCode
    ) async throws -> ExitCode {
        let configuration = try Configuration.load(
            file: arguments[Commands.configFile], overrides: Commands.overrides(arguments))
        LogOutput.standardError.level = max(configuration.logLevel, .warning)
        let logger = Logger(.standardError)
        let stores = try Stores.open(configuration, logger: logger)
        let loop = EventLoop(name: "migrate")
        do {
            let code = try await body(stores, loop)
            loop.stop()
            stores.stop(logger: logger)
            return code
        } catch {
            loop.stop()
            stores.stop(logger: logger)
            throw error
        }
    }
}
