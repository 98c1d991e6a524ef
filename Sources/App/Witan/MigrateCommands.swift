// SPDX-License-Identifier: Apache-2.0
import Arguments
import EventLoop
import Inventory
import JSON
import Migrator
import Observability
import Postgres
import SwiftExtensions

/// `witan migrate`: needs no running server.
enum MigrateCommands {
    static let options: [any Parameter] = [Commands.dataDirectory, Commands.configFile, Commands.json]
    private static let id = Positional<Int>.required("ID", "the number of a migration, such as 14")
    private static let reason = Option<String>.required(
        "reason", "why, for the history", placeholder: "TEXT")
    private static let accept = Option<Int?>.optional(
        "accept", "take the file of this number for the one that was applied", placeholder: "ID")
    private static let acceptDrift = Option<Bool>.flag("accept-drift", "take the schema as it is")
    private static let files = Positional<[String]>.repeated("FILE", "files to check, in place of the program's own")

    static let command = Command(
        name: "migrate", summary: "The schema of the stores", example: "witan migrate up",
        subcommands: [
            Command(
                name: "up", summary: "Apply what is pending; exit 6 when somebody holds a lock too long",
                example: "witan migrate up", options: options, run: up),
            Command(
                name: "status",
                summary: "What is applied; exit 3 pending, 5 a file was changed, 8 interrupted, 9 newer",
                example: "witan migrate status", options: options, run: status),
            Command(
                name: "history", summary: "Every event in the life of the schema, its chain checked; exit 5 tampered",
                example: "witan migrate history --json", options: options, run: history),
            Command(
                name: "plan", summary: "Try what is pending and take it back: locks, rewrites, time; exit 3 if any",
                example: "witan migrate plan", options: options, run: plan),
            Command(
                name: "verify", summary: "Compare schema, history and files; exit 4 drift, 5 tampered or changed",
                example: "witan migrate verify", options: options, run: verify),
            Command(
                name: "rollback", summary: "Take back the last migration by its proven way back",
                example: "witan migrate rollback 13", options: options, positionals: [id], run: rollback),
            Command(
                name: "baseline", summary: "Adopt a schema without a history; exit 4 when it is another one",
                example: "witan migrate baseline 13", options: options + [acceptDrift], positionals: [id],
                run: baseline),
            Command(
                name: "repair", summary: "Accept a changed file, or the schema as it is, with a reason",
                example: "witan migrate repair --accept 13 --reason 'a comment was mended'",
                options: options + [accept, acceptDrift, reason], run: repair),
            Command(
                name: "lint",
                summary: "Check migrations for what locks, leaks or hurts; exit 7 when there is something",
                example: "witan migrate lint Migrations/0014_operations.sql", options: [Commands.json],
                positionals: [files], run: lint),
        ])

    // MARK: Commands

    @Sendable private static func up(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let applied = try await migrator.up()
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
    }

    @Sendable private static func status(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let found = try await migrator.status()
            let items = found.map(MigrateOutput.item)
            arguments.show(items, columns: MigrateOutput.statusColumns, all: ["migrations": .array(items)])
            return MigrateOutput.exitCode(found)
        }
    }

    @Sendable private static func plan(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let plan = try await migrator.plan()
            if arguments[Commands.json] {
                arguments.terminal.write(MigrateOutput.json(plan).description + "\n")
            } else {
                arguments.terminal.write(MigrateOutput.text(plan))
            }
            guard plan.isSound else { return .failed }
            return plan.steps.contains { $0.deferredBecause == nil } ? .pending : .done
        }
    }

    @Sendable private static func verify(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let found = try await migrator.verify()
            if arguments[Commands.json] {
                arguments.terminal.write(MigrateOutput.json(found).description + "\n")
            } else {
                arguments.terminal.write(MigrateOutput.text(found))
            }
            return ExitCode(rawValue: found.exitCode) ?? .failed
        }
    }

    @Sendable private static func history(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let (rows, broken) = try await migrator.history()
            let items = rows.map(MigrateOutput.item)
            arguments.show(
                items, columns: MigrateOutput.historyColumns,
                all: [
                    "data": .array(items), "intact": .bool(broken.isEmpty),
                    "broken": .array(broken.map { .string($0) }),
                ])
            guard !broken.isEmpty else { return .done }
            if !arguments[Commands.json] {
                for finding in broken { arguments.terminal.writeError("\(finding)\n") }
            }
            return .checksumMismatch
        }
    }

    @Sendable private static func rollback(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, _ in
            let done = try await migrator.rollback(arguments[id])
            arguments.show([
                "taken_back": .string(done.name),
                "duration_ms": .number(JSONNumber(Int64(done.duration / .milliseconds(1)))),
            ])
            return .done
        }
    }

    @Sendable private static func baseline(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await withMigrator(arguments) { migrator, access in
            let differences = try await migrator.baseline(
                arguments[id], acceptingDrift: arguments[acceptDrift]
            ) { name in
                Database(
                    configuration: Stores.migratorConfiguration(Stores.url(access.directURL, toDatabase: name)),
                    loops: [access.loop], observe: { _ in })
            }
            arguments.show([
                "adopted_up_to": .number(JSONNumber(Int64(arguments[id]))),
                "compared": .bool(differences != nil),
                "differences": .array((differences ?? []).map { .string($0.description) }),
            ])
            return .done
        }
    }

    @Sendable private static func repair(_ arguments: ParsedArguments) async throws -> ExitCode {
        let reason = arguments[reason].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard !reason.isEmpty else { throw arguments.usageError("--reason is empty") }
        guard (arguments[accept] != nil) != arguments[acceptDrift] else {
            throw arguments.usageError("give either --accept ID or --accept-drift")
        }
        return try await withMigrator(arguments) { migrator, _ in
            if let id = arguments[accept] {
                try await migrator.accept(id, reason: reason)
                arguments.show(["accepted": .number(JSONNumber(Int64(id))), "reason": .string(reason)])
            } else {
                let differences = try await migrator.acceptDrift(reason: reason)
                arguments.show([
                    "accepted": .array(differences.map { .string($0.description) }), "reason": .string(reason),
                ])
            }
            return .done
        }
    }

    @Sendable private static func lint(_ arguments: ParsedArguments) async throws -> ExitCode {
        var texts = Migration.embedded.filter { $0.kind == .sql }.map { (name: $0.file, text: $0.text) }
        if !arguments[files].isEmpty {
            texts = try arguments[files].map { path in
                guard let text = TextFile.read(path, limit: 16 << 20) else {
                    throw CommandFailure(.usage, "\(path) cannot be read; check its path and owner.")
                }
                return (path, text)
            }
        }
        let findings = MigrationLint.findings(in: texts)
        let items: [JSONValue] = findings.map {
            [
                "file": $0.file.map(JSONValue.string) ?? .null,
                "line": $0.line.map { .number(JSONNumber(Int64($0))) } ?? .null,
                "rule": .string($0.rule.rawValue), "subject": .string($0.subject),
                "sentence": .string($0.rule.sentence),
                "fix": .string($0.rule.fix),
            ]
        }
        if arguments[Commands.json] {
            let all: JSONValue = ["findings": .array(items)]
            arguments.terminal.write(all.description + "\n")
        } else if findings.isEmpty {
            arguments.terminal.write("\(texts.count) files, nothing found.\n")
        } else {
            for finding in findings { arguments.terminal.write("\(finding)\n") }
        }
        return findings.isEmpty ? .done : .lint
    }

    // MARK: The stores

    /// Runs `body` with the stores up, and leaves them as they were.
    private static func withMigrator(
        _ arguments: ParsedArguments, _ body: (Migrator, StoreAccess) async throws -> ExitCode
    ) async throws -> ExitCode {
        let terminal = arguments.terminal
        return try await StoreAccess.with(arguments, beside: true) { access in
            try await access.withMigrator(
                observe: { event in
                    // A Redis of our own forgets its scripts each time it is stopped, which is nothing to tell.
                    if case .restored = event, access.isPrivate { return }
                    if let line = event.line { terminal.writeError(line + "\n") }
                }
            ) { migrator in
                do {
                    return try await body(migrator, access)
                } catch let error as MigrationError {
                    throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
                }
            }
        }
    }
}
