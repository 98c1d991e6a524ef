// SPDX-License-Identifier: Apache-2.0
import Arguments
import EmbeddedServers
import JSON
import Observability
import SwiftExtensions

/// `witan backup base`: works with a running server and without one.
enum BaseBackupCommands {
    private static let name = Positional<String?>.optional("name", "as the list shows it; the newest unless given")

    static let command = Command(
        name: "base", summary: "Base backups of the private PostgreSQL, from which its archived log leads on",
        example: "witan backup base create",
        subcommands: [
            Command(
                name: "create", summary: "Make one now", example: "witan backup base create",
                options: RecoveryCommands.options
            ) { arguments in try await RecoveryCommands.explained { try create(arguments) } },
            Command(
                name: "list", summary: "Base backups, and the times that each can bring back",
                example: "witan backup base list", options: RecoveryCommands.options
            ) { arguments in try await RecoveryCommands.explained { try list(arguments) } },
            Command(
                name: "verify", summary: "Read one again and compare it with its manifest; exit 5 on a difference",
                example: "witan backup base verify", options: RecoveryCommands.options, positionals: [name]
            ) { arguments in try await RecoveryCommands.explained { try verify(arguments) } },
            Command(
                name: "prune", summary: "Remove what WITAN_WAL_ARCHIVE_KEEP does not need; never the last one",
                example: "witan backup base prune", options: RecoveryCommands.options
            ) { arguments in try await RecoveryCommands.explained { try prune(arguments) } },
        ])

    private static func create(_ arguments: ParsedArguments) throws -> ExitCode {
        let configuration = try RecoveryCommands.load(arguments)
        let path = configuration.text("WITAN_DATA_DIR")
        let progress = ByteProgress("base backup", arguments.terminal)
        defer { progress.finish() }
        let backup: BaseBackup
        if let source = try PrivatePostgres.runningSource(in: path, settings: configuration.privatePostgres) {
            let archive = try RecoveryCommands.archive(arguments, configuration)
            guard let history = archive.history(ofRunning: path) else {
                throw CommandFailure(
                    .failed,
                    "The server of \(path) does not archive into \(archive.path). Start it with WITAN_WAL_ARCHIVE.")
            }
            // The server that runs brings in the log.
            backup = try history.backUp(source, progress: { progress.show($0, of: $1) }, ship: {})
        } else {
            guard TextFile.read("\(path)/postgres/PG_VERSION", limit: 100) != nil else {
                throw CommandFailure(
                    .failed, "\(path) holds no private PostgreSQL. Name its data directory with --data-dir.")
            }
            _ = try RecoveryCommands.archive(arguments, configuration)
            let logger = Logger(.standardError)
            let stores = try Stores.open(configuration, logger: logger)
            defer { stores.stop(logger: logger) }
            guard let archive = stores.archive, let postgres = stores.postgres else { return .failed }
            backup = try archive.backUp(postgres) { progress.show($0, of: $1) }
        }
        arguments.show(view(backup))
        return .done
    }

    private static func list(_ arguments: ParsedArguments) throws -> ExitCode {
        let archive = try RecoveryCommands.archive(arguments, try RecoveryCommands.load(arguments))
        var items: [JSONValue] = []
        for history in try archive.histories() {
            let windows = try Window.all(of: history)
            for backup in history.bases().reversed() {
                let window = windows.first { $0.base == backup }
                items.append(view(backup, until: window?.latest, in: history))
            }
        }
        arguments.show(
            items,
            columns: [
                ("NAME", "name"), ("FROM", "from"), ("UNTIL", "until"), ("MB", "megabytes"), ("PG", "postgresql"),
            ], all: ["data": .array(items)])
        return .done
    }

    private static func verify(_ arguments: ParsedArguments) throws -> ExitCode {
        let archive = try RecoveryCommands.archive(arguments, try RecoveryCommands.load(arguments))
        let wanted = arguments[name]
        for history in try archive.histories() {
            guard let backup = history.bases().last(where: { wanted == nil || $0.name == wanted }) else { continue }
            let progress = ByteProgress("verify", arguments.terminal)
            defer { progress.finish() }
            try history.verify(backup) { progress.show($0, of: $1) }
            arguments.show(view(backup))
            return .done
        }
        throw CommandFailure(
            .failed, "\(archive.path) holds no whole base backup\(wanted.map { " called \($0)" } ?? ""); see the list.")
    }

    private static func prune(_ arguments: ParsedArguments) throws -> ExitCode {
        let configuration = try RecoveryCommands.load(arguments)
        let archive = try RecoveryCommands.archive(arguments, configuration)
        let path = configuration.text("WITAN_DATA_DIR")
        guard let history = archive.history(ofRunning: path) else {
            throw CommandFailure(
                .failed, "\(path) has nothing in \(archive.path). Name its data directory with --data-dir.")
        }
        let keep = configuration.duration("WITAN_WAL_ARCHIVE_KEEP")
        let (bases, files) = try history.prune(keeping: keep)
        let histories = try archive.prune(keeping: keep, current: history)
        arguments.show([
            "base_backups": .array(bases.map { .string($0) }), "log_files": .number(JSONNumber(Int64(files))),
            "histories": .array(histories.map { .string($0.description) }),
        ])
        return .done
    }

    private static func view(_ backup: BaseBackup) -> JSONValue {
        [
            "name": .string(backup.name), "finished_at": .string(backup.finished.description),
            "duration_ms": .number(JSONNumber(Int64(backup.duration / .milliseconds(1)))),
            "files": .number(JSONNumber(Int64(backup.files))), "bytes": .number(JSONNumber(Int64(backup.bytes))),
            "postgresql": .number(JSONNumber(Int64(backup.postgresMajor))),
        ]
    }

    private static func view(_ backup: BaseBackup, until: Timestamp?, in history: ArchiveHistory) -> JSONValue {
        [
            "name": .string(backup.name), "from": .string(backup.finished.description),
            "until": until.map { .string($0.description) } ?? "no log",
            "megabytes": .number(JSONNumber(Int64(backup.sealedBytes >> 20))),
            "postgresql": .number(JSONNumber(Int64(backup.postgresMajor))), "history": .string(history.id.description),
        ]
    }
}

/// A progress bar in megabytes, whose total is known when the work begins.
final class ByteProgress {
    private let label: String
    private let terminal: Terminal
    private var bar: ProgressBar?
    private var shown = 0

    init(_ label: String, _ terminal: Terminal) {
        self.label = label
        self.terminal = terminal
    }

    func show(_ done: Int, of total: Int) {
        if bar == nil { bar = ProgressBar("\(label) (MB)", total: total >> 20, terminal: terminal) }
        bar?.advance(by: done >> 20 - shown)
        shown = done >> 20
    }

    func finish() { bar?.finish() }
}
