// SPDX-License-Identifier: Apache-2.0
import Arguments
import Cryptography
import EmbeddedServers
import EventLoop
import Glibc
import JSON
import Observability
import Postgres
import SwiftExtensions

/// `witan restore --to TIME`, and what it shares with `witan backup base`.
enum RecoveryCommands {
    static let from = Option<String?>.optional(
        "from", "the archive, in place of WITAN_WAL_ARCHIVE", placeholder: "DIR")
    static let masterKey = Option<String?>.optional(
        "master-key-file", "the master key of the server that wrote the archive", placeholder: "FILE")
    static let to = Option<String?>.optional(
        "to", "the time to go back to, such as 2026-11-21T16:45:00Z, or latest", placeholder: "TIME")
    static let options: [any Parameter] = [
        Commands.dataDirectory, Commands.configFile, from, masterKey, Commands.json,
    ]

    /// What `--to` brings to `witan restore`.
    static let restoreOptions: [any Parameter] = [to, from, masterKey]

    // MARK: Shared

    static func load(_ arguments: ParsedArguments) throws -> Configuration {
        var overrides = Commands.overrides(arguments)
        if let path = arguments[from] { overrides["WITAN_WAL_ARCHIVE"] = path }
        if let path = arguments[masterKey] { overrides["WITAN_MASTER_KEY_FILE"] = path }
        let configuration = try Configuration.load(file: arguments[Commands.configFile], overrides: overrides)
        LogOutput.standardError.level = max(configuration.logLevel, .warning)
        return configuration
    }

    static func archive(_ arguments: ParsedArguments, _ configuration: Configuration) throws -> WALArchive {
        guard let path = configuration["WITAN_WAL_ARCHIVE"] else {
            throw arguments.usageError("name the archive with --from or WITAN_WAL_ARCHIVE")
        }
        do throws(MasterKeyError) {
            return WALArchive(path: path, masterKey: try MasterKey.load(path: configuration.masterKeyFile))
        } catch {
            throw CommandFailure(
                .failed, "\(error). The archive is sealed under it; --master-key-file names another place.")
        }
    }

    /// The exit code that an error of the archive means: 5 where bytes are missing or not what was written.
    static func explained(_ body: () async throws -> ExitCode) async throws -> ExitCode {
        do {
            return try await body()
        } catch let error as EmbeddedServerError {
            switch error {
            case .archiveDamaged, .logDamaged, .logMissing: throw CommandFailure(.checksumMismatch, error.description)
            case .backupRunning, .inUse: throw CommandFailure(.lockNotObtained, error.description)
            default: throw CommandFailure(.failed, error.description)
            }
        }
    }

    // MARK: witan restore --to

    /// Brings the private cluster of an archive back into a new data directory.
    static func restore(_ arguments: ParsedArguments) async throws -> ExitCode {
        try await explained { try await recover(arguments) }
    }

    private static func recover(_ arguments: ParsedArguments) async throws -> ExitCode {
        let began = ContinuousClock.now
        guard let text = arguments[to], let path = arguments[Commands.dataDirectory] else {
            throw arguments.usageError("--to needs --data-dir, a directory that does not exist yet")
        }
        let target = Timestamp(text)
        guard target != nil || text == "latest" else {
            throw arguments.usageError("--to takes a time such as 2026-11-21T16:45:00Z or latest, not '\(text)'")
        }
        let configuration = try load(arguments)
        let plan = try RecoveryPlan(to: target, in: try archive(arguments, configuration))
        let progress = RecoveryProgress(arguments.terminal)
        defer { progress.finish() }
        let recovery = try PointInTimeRecovery.run(
            plan, into: path, settings: configuration.privatePostgres, progress: progress.show)
        let reached: Timestamp?
        do {
            try copyMasterKey(arguments, configuration, to: recovery.directory.path)
            reached = try await record(plan, recovery)
        } catch {
            recovery.abandon()
            throw error
        }
        try recovery.finish()
        progress.finish()
        report(arguments, plan, recovery, path, reached, ContinuousClock.now - began)
        return .done
    }

    /// Without its master key the database's secrets stay closed, and the program would make a new one that does not
    /// fit. Where the setting names it, it stays where the administrator wants it.
    private static func copyMasterKey(
        _ arguments: ParsedArguments, _ configuration: Configuration, to directory: String
    ) throws {
        guard arguments[masterKey] != nil else { return }
        guard TextFile.copyPrivate(configuration.masterKeyFile, to: "\(directory)/master.key") else {
            throw CommandFailure(.failed, "The master key could not be copied into \(directory): check the free space.")
        }
    }

    /// Writes into the logs of the cluster that it was brought back, and to what.
    ///
    /// - Returns: The recovery point: when the last transaction was committed that was replayed.
    private static func record(_ plan: RecoveryPlan, _ recovery: PointInTimeRecovery) async throws -> Timestamp? {
        let loop = EventLoop(name: "restore")
        defer { loop.stop() }
        let url = Secret(recovery.postgres.connectionString(role: PrivatePostgres.superuser))
        let database = Database(configuration: Stores.migratorConfiguration(url), loops: [loop], observe: { _ in })
        let reached: Timestamp? = try await BackupCommands.closing(database) {
            try await database.query("SELECT pg_last_xact_replay_timestamp() AS time").first?["time"]
        }
        try await InstallationRecord.append(
            "cluster.restored", entity: "base-backup:\(plan.base.name)",
            payload: [
                "asked_for": .string(plan.target?.description ?? "latest"),
                "last_transaction": reached.map { .string($0.description) } ?? .null,
                "log_files": .number(JSONNumber(Int64(recovery.logFiles))), "program": .string(Version.current),
            ], to: url, on: loop)
        return reached
    }

    private static func report(
        _ arguments: ParsedArguments, _ plan: RecoveryPlan, _ recovery: PointInTimeRecovery, _ path: String,
        _ reached: Timestamp?, _ took: Duration
    ) {
        arguments.show([
            "data_directory": .string(path), "asked_for": .string(plan.target?.description ?? "latest"),
            "last_transaction": reached.map { .string($0.description) } ?? .null,
            "base_backup": .string(plan.base.name), "log_files": .number(JSONNumber(Int64(recovery.logFiles))),
            "took_ms": .number(JSONNumber(Int64(took / .milliseconds(1)))),
        ])
        guard !arguments[Commands.json] else { return }
        arguments.terminal.write(
            """

            Everything in it is as it was then: calls made later are not in the ledger, and keys revoked later are
            valid again. Calls that were in flight are not replayed. Start it with:

              witan serve --data-dir \(path)

            """)
    }
}

/// One progress bar for each phase of a recovery.
private final class RecoveryProgress {
    private let terminal: Terminal
    private var phase: PointInTimeRecovery.Phase?
    private var bar: ProgressBar?
    private var shown = 0

    init(_ terminal: Terminal) { self.terminal = terminal }

    func show(_ phase: PointInTimeRecovery.Phase, _ done: Int, _ total: Int) {
        let scale = phase == .copying ? 20 : 0
        if phase != self.phase {
            finish()
            self.phase = phase
            shown = 0
            bar = ProgressBar(phase.rawValue + (scale > 0 ? " (MB)" : ""), total: total >> scale, terminal: terminal)
        }
        bar?.advance(by: done >> scale - shown)
        shown = done >> scale
    }

    func finish() {
        bar?.finish()
        bar = nil
    }
}
