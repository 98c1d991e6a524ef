// SPDX-License-Identifier: Apache-2.0
import Arguments
import JSON
import Operations
import Postgres
import SwiftExtensions

/// `witan init` and `witan reset`: the schema, made and made anew.
enum InstallationCommands {
    /// What a database is for; `reset` and `seed` look at it.
    enum Environment: String, ArgumentValue, CaseIterable { case production, development, testing }

    private static let environment = Option<Environment?>.optional(
        "environment", "what the database is for; reset and seed refuse one for production")
    private static let confirm = Option<Bool>.flag("confirm", "yes, everything in it is to be lost")
    private static let name = Option<String?>.optional(
        "name", "the database's name, in place of typing it", placeholder: "DATABASE")

    static let initialize = Command(
        name: "init",
        summary: "Build the schema in an empty PostgreSQL: roles, tables, grants; serves nothing, and may be repeated",
        example: "witan init --environment production",
        options: [environment, Commands.dataDirectory, Commands.configFile, Commands.json]
    ) { arguments in
        try await StoreAccess.with(arguments, beside: false) { access in
            let applied = try await access.migrate()
            var steps: [(String, String)] = [
                ("PostgreSQL", access.isPrivate ? "private, in the data directory" : "by DATABASE_URL"),
                (
                    "schema",
                    applied.isEmpty
                        ? "up to date already" : "\(applied.count) migrations applied, up to \(applied.last ?? "")"
                ),
            ]
            let login = try await access.withDatabase(access.databaseURL, prepares: false) {
                try await ConnectionCheckStore.facts(of: $0)
            }
            let missing = login.roles.filter { ConnectionRule.programRoles.contains($0.name) && !$0.mayAct }.map(\.name)
            try await access.withDatabase(access.directURL) { database in
                try await InstallationStore.grant(missing, to: login.login, in: database)
                steps.append(
                    (
                        "grants",
                        missing.isEmpty
                            ? "\(login.login) acts as the program's roles already"
                            : "\(login.login) may act as \(missing.joined(separator: ", "))"
                    ))
                if let wanted = arguments[environment] {
                    try await InstallationStore.setEnvironment(wanted.rawValue, in: database)
                }
                let kept = try await InstallationStore.environment(in: database)
                steps.append(("environment", kept ?? "not said (--environment)"))
            }
            let items: [JSONValue] = steps.map { ["step": .string($0.0), "result": .string($0.1)] }
            arguments.show(items, columns: [("STEP", "step"), ("RESULT", "result")], all: ["steps": .array(items)])
            return .done
        }
    }

    static let reset = Command(
        name: "reset",
        summary: "Drop everything of Witan in the database and build the schema anew; refuses one for production",
        example: "witan reset --confirm --name witan",
        options: [confirm, name, Commands.dataDirectory, Commands.configFile]
    ) { arguments in
        guard arguments[confirm] else {
            throw arguments.usageError("everything in the database would be lost; say so with --confirm")
        }
        return try await StoreAccess.with(arguments, beside: false) { access in
            try await access.withDatabase(access.directURL) { database in
                try await checkReset(arguments, database)
                let dropped = try await InstallationStore.dropSchemas(in: database)
                arguments.terminal.write("Dropped \(dropped.count) schemas: \(dropped.joined(separator: ", ")).\n")
            }
            let applied = try await access.migrate()
            arguments.terminal.write("Applied \(applied.count) migrations. The next start makes a new first key.\n")
            return .done
        }
    }

    private static func checkReset(_ arguments: ParsedArguments, _ database: Database) async throws {
        let actual = try await InstallationStore.databaseName(in: database)
        if try await InstallationStore.environment(in: database) == Environment.production.rawValue {
            throw CommandFailure(
                .failed,
                "The database \(actual) is marked for production and is not reset. Nothing was changed. If it is not, "
                    + "say so first: witan init --environment development.")
        }
        let others = try await InstallationStore.otherPrograms(in: database)
        guard others == 0 else {
            throw CommandFailure(
                .lockNotObtained,
                "\(others) connections of Witan are open to \(actual); stop the servers first. Nothing was changed.")
        }
        let typed =
            arguments[name]
            ?? arguments.terminal.ask("Everything in the database \(actual) will be lost. Type its name to go on:")
        guard typed == actual else {
            throw CommandFailure(
                .usage, "That is not the name of the database (--name). Nothing was changed.")
        }
    }
}
