// SPDX-License-Identifier: Apache-2.0
import Arguments
import Audit
import Backup
import Core
import Cryptography
import EmbeddedServers
import Glibc
import JSON
import Observability
import Postgres
import SwiftExtensions

/// `witan restore`.
enum RestoreCommands {
    private static let into = Option<String?>.optional(
        "into", "URL of the empty database, in place of DIRECT_URL and DATABASE_URL", placeholder: "URL")
    private static let withRedis = Option<Bool>.flag(
        "with-redis", "put back what the private Redis held too; only into a new data directory")
    private static let confirm = Option<Bool>.flag("confirm", "do it; without this, only tell what would be done")

    static let command = Command(
        name: "restore",
        summary: "Build an empty database from a backup (exit 3 without --confirm), or go back --to a time",
        example: "witan restore 20261121T161500Z --data-dir new --confirm",
        options: BackupParts.options + [into, withRedis, confirm] + RecoveryCommands.restoreOptions,
        positionals: [BackupCommands.wanted], run: run)

    @Sendable private static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        if arguments[RecoveryCommands.to] != nil {
            guard arguments[BackupCommands.wanted] == nil, arguments[into] == nil else {
                throw arguments.usageError("--to goes with an archive and a new --data-dir, without NAME and --into")
            }
            return try await RecoveryCommands.restore(arguments)
        }
        guard arguments[RecoveryCommands.from] == nil, arguments[RecoveryCommands.masterKey] == nil else {
            throw arguments.usageError("--from and --master-key-file go with --to")
        }
        // A URL given here stands for both of the settings.
        var overrides = Commands.overrides(arguments)
        if let url = arguments[into] {
            guard arguments[Commands.dataDirectory] == nil else {
                throw arguments.usageError("--into and --data-dir name two places; give one")
            }
            (overrides["DATABASE_URL"], overrides["DIRECT_URL"]) = (url, url)
        }
        let parts = try BackupParts(arguments, overrides: overrides)
        do {
            let backup = try await parts.library().open(arguments[BackupCommands.wanted], by: try parts.holder())
            let target = RestoreTarget(parts, isURL: arguments[into] != nil)
            guard arguments[confirm] else {
                arguments.show(BackupCommands.summary(backup.manifest))
                arguments.terminal.writeError("Nothing was done. Add --confirm to restore it into \(target.name).\n")
                return .pending
            }
            return try await restore(backup, target, parts, arguments)
        } catch {
            throw BackupParts.failure(error)
        }
    }

    private static func restore(
        _ backup: OpenBackup, _ target: RestoreTarget, _ parts: BackupParts, _ arguments: ParsedArguments
    ) async throws -> ExitCode {
        let began = ContinuousClock.now
        let progress = BackupProgress("restore", arguments.terminal)
        defer { progress.finish() }
        let result = try await target.open(beginningWith: arguments[withRedis] ? backup : nil) { url in
            try await restore(backup, into: url, parts) { progress.show($0) }
        }
        progress.finish()
        if let key = try await backup.extra("master-key", limit: 32) { try target.keep(masterKey: key) }
        arguments.show([
            "restored": .string(backup.name), "into": .string(target.name),
            "recovery_point": .string(backup.manifest.createdAt.description),
            "rows": .number(JSONNumber(backup.manifest.rows)),
            "seconds": .number(ContinuousClock.now - began),
            "newer_migrations": .array(result.migrated.map { .string($0) }),
            "master_key": .string(target.remark(on: result.masterKeyID)),
        ])
        return .done
    }

    /// Restores into the database at `url`, and writes into its logs that this was done.
    static func restore(
        _ backup: OpenBackup, into url: Secret<String>, _ parts: BackupParts,
        observe: @escaping @Sendable (BackupEvent) -> Void
    ) async throws -> (migrated: [String], masterKeyID: String?) {
        let database = parts.database(url)
        return try await BackupCommands.closing(database) {
            let migrated = try await BackupRestorer(
                database: database, profile: BackupParts.profile, observe: observe
            ).restore(backup)
            try await InstallationRecord.append(
                "backup.restored", entity: "backup:\(backup.name)",
                payload: [
                    "recovery_point": .string(backup.manifest.createdAt.description),
                    "program": .string(Version.current),
                ], to: url, on: parts.loop)
            let rows = try await database.query("SELECT value FROM ops.settings WHERE name = 'master_key_id'")
            return (migrated, try rows.first?["value"])
        }
    }
}

/// Where a restore goes: a database by URL, or the private one of a data directory, made for it when there is none.
struct RestoreTarget: Sendable {
    private let parts: BackupParts
    private let isURL: Bool
    private let wasThere: Bool

    init(_ parts: BackupParts, isURL: Bool) {
        self.parts = parts
        self.isURL = isURL
        wasThere = access(parts.configuration.text("WITAN_DATA_DIR"), F_OK) == 0
    }

    private var isPrivate: Bool {
        parts.configuration["DATABASE_URL"] == nil && parts.configuration["DIRECT_URL"] == nil
    }
    private var directory: String { parts.configuration.text("WITAN_DATA_DIR") }

    /// Without the password.
    var name: String { isPrivate ? directory : isURL ? "the database of --into" : "the database of the settings" }

    /// A data directory that was made for this goes when `body` fails.
    ///
    /// - Parameter redis: The backup whose Redis is put back first.
    func open<Value>(
        beginningWith redis: OpenBackup? = nil, _ body: (Secret<String>) async throws -> Value
    ) async throws -> Value {
        do {
            if let redis { try await putBackRedis(of: redis) }
            let reached = try StoreAccess.open(parts.configuration, beside: true)
            defer { reached.close() }
            return try await body(reached.directURL)
        } catch {
            if isPrivate, !wasThere { try? DataDirectory.open(directory).destroy() }
            throw error
        }
    }

    private func putBackRedis(of backup: OpenBackup) async throws {
        guard isPrivate, !wasThere else {
            throw CommandFailure(.usage, "--with-redis needs a new data directory: name one with --data-dir.")
        }
        guard let next = try await backup.pieces(of: "redis") else {
            throw CommandFailure(.failed, "\(backup.name) holds nothing of Redis; leave --with-redis away.")
        }
        try await PrivateRedis.begin(in: try DataDirectory.open(directory), with: next)
    }

    /// Puts the backup's master key where the program looks for it; one that is there stays.
    func keep(masterKey: [UInt8]) throws {
        guard isPrivate, access(parts.masterKeyPath, F_OK) != 0 else { return }
        try MasterKeyFile.write(masterKey, to: parts.masterKeyPath)
    }

    /// Whether what is sealed in the database can be opened here.
    func remark(on needed: String?) -> String {
        guard let needed else { return "none is needed" }
        do throws(MasterKeyError) {
            let held = try MasterKey.load(path: parts.masterKeyPath).id
            return held == needed
                ? "\(needed), which is at \(parts.masterKeyPath)"
                : "\(needed) is needed, but \(parts.masterKeyPath) holds \(held): put the right file there"
        } catch {
            return "\(needed) is needed: put its file at \(parts.masterKeyPath) before the start"
        }
    }
}

/// The file of the master key as bytes, to be taken along and put back.
enum MasterKeyFile {
    static func read(_ path: String) throws -> [UInt8] {
        do throws(MasterKeyError) { _ = try MasterKey.load(path: path) } catch {
            throw CommandFailure(.failed, error.description)
        }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 32)
        guard file >= 0, Glibc.read(file, &bytes, 32) == 32 else {
            throw CommandFailure(.failed, "The master key \(path) cannot be read.")
        }
        return bytes
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard file >= 0, Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            throw CommandFailure(.failed, "The master key cannot be written to \(path); the database is restored.")
        }
    }
}
