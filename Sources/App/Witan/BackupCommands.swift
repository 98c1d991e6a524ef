// SPDX-License-Identifier: Apache-2.0
import Arguments
import Backup
import Cryptography
import JSON
import Migrator
import ObjectStore
import Postgres
import SwiftExtensions

/// `witan backup`: needs no running server, and works beside one.
enum BackupCommands {
    static let name = Option<String?>.optional("name", "name of the backup; the time unless given")
    static let includeMasterKey = Option<Bool>.flag(
        "include-master-key", "put the master key in too; needs --passphrase-file")
    static let wanted = Positional<String?>.optional(
        "name", "the backup, as the list shows it; the newest unless given")

    static let command = Command(
        name: "backup", summary: "Consistent, sealed copies of everything", example: "witan backup create",
        subcommands: [
            Command(
                name: "create", summary: "Take a backup of one instant, sealed, into a directory or bucket",
                example: "witan backup create --place s3://bucket/witan --passphrase-file backup.pass",
                options: BackupParts.options + [name, includeMasterKey], run: create),
            Command(
                name: "list", summary: "The backups there are", example: "witan backup list --place backups",
                options: BackupParts.options, run: list),
            Command(
                name: "verify",
                summary: "Read a whole backup and compare every byte with its manifest; exit 5 when one differs",
                example: "witan backup verify", options: BackupParts.options, positionals: [wanted], run: verify),
            Command(
                name: "drill",
                summary: "Restore into a scratch cluster, compare everything, print recovery point and time",
                example: "witan backup drill", options: BackupParts.options, positionals: [wanted],
                run: RestoreDrill.run),
            BackupPrune.command, BaseBackupCommands.command,
        ])

    // MARK: create

    @Sendable private static func create(_ arguments: ParsedArguments) async throws -> ExitCode {
        let parts = try BackupParts(arguments)
        let began = ContinuousClock.now
        guard let holder = try parts.holder() else {
            throw CommandFailure(
                .failed,
                "There is no master key at \(parts.masterKeyPath) to seal with; "
                    + "start the program once, or give --passphrase-file.")
        }
        var extras: [BackupWriter.Extra] = []
        if arguments[includeMasterKey] {
            guard case .passphrase = holder else {
                throw arguments.usageError("--include-master-key needs --passphrase-file: a key cannot seal itself")
            }
            extras.append(.init(purpose: "master-key", bytes: try MasterKeyFile.read(parts.masterKeyPath)))
        }
        let storage = try parts.storage()
        let progress = BackupProgress("backup", arguments.terminal)
        defer { progress.finish() }
        do {
            let reached = try StoreAccess.open(parts.configuration, beside: true)
            defer { reached.close() }
            let redis = try await RedisSnapshot.take(reached)
            defer { redis?.close() }
            if let redis { extras.append(redis.extra) }
            let database = parts.database(reached.directURL)
            let manifest = try await closing(database) {
                let migrations = try await applied(database)
                return try await BackupWriter(
                    database: database, storage: storage, profile: BackupParts.profile,
                    observe: { progress.show($0) }
                ).create(
                    arguments[name] ?? standardName(.now()), for: holder, migrations: migrations, extras: extras,
                    notes: notes(hasRedis: redis != nil))
            }
            progress.finish()
            var summary = Self.summary(manifest).members ?? []
            summary.append(JSONMember("place", .string(storage.address)))
            summary.append(JSONMember("seconds", .number(ContinuousClock.now - began)))
            arguments.show(.object(summary))
            return .done
        } catch {
            throw BackupParts.failure(error)
        }
    }

    /// What a backup says of the other stores.
    private static func notes(hasRedis: Bool) -> [String: String] {
        [
            "redis": hasRedis
                ? "Saved after the snapshot; put back only with --with-redis: all of it is rebuilt from PostgreSQL."
                : "Not saved: this is no private Redis. What is in it is rebuilt from PostgreSQL.",
            "search": "Not saved: the search indices are rebuilt from PostgreSQL.",
        ]
    }

    /// The steps that made the schema, with the checksums of this program's files.
    private static func applied(_ database: Database) async throws -> [BackupManifest.Migration] {
        let checksums = Dictionary(Migration.embedded.map { ($0.id, $0.checksum) }) { first, _ in first }
        do {
            let steps = try await Migrator(database: database, programVersion: Version.current).status()
            if let step = steps.first(where: { $0.state == .interrupted }) {
                throw CommandFailure(
                    .interrupted,
                    "\(step.name) was interrupted, and no restore could make a schema in between. "
                        + "Finish it first: witan migrate up")
            }
            return steps.filter { $0.state != .pending }
                .map { step in
                    // A file that was changed since is not the one that made this schema.
                    let checksum = step.state == .applied ? checksums[step.id] : nil
                    return BackupManifest.Migration(id: Int64(step.id), name: step.name, checksum: checksum ?? "")
                }
        } catch let error as MigrationError {
            throw CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
        }
    }

    /// `20261121T161500Z`: names in the order of time.
    private static func standardName(_ time: Timestamp) -> String {
        String(time.description.prefix { $0 != "." }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }

    // MARK: list, verify

    @Sendable private static func list(_ arguments: ParsedArguments) async throws -> ExitCode {
        let parts = try BackupParts(arguments)
        do {
            let found = try await parts.library().list()
            let items = found.backups.map(summary)
            arguments.show(
                items,
                columns: [
                    ("NAME", "name"), ("TIME", "created_at"), ("ROWS", "rows"), ("BYTES", "bytes"),
                    ("SCHEMA", "schema"), ("SEALED WITH", "sealed_with"),
                ], all: ["data": .array(items), "broken": .array(found.broken.map { .string($0) })])
            if !found.broken.isEmpty {
                arguments.terminal.writeError(
                    "Left out, because not whole: \(found.broken.joined(separator: ", ")). "
                        + "Remove them: witan backup prune --keep 14 --incomplete\n"
                )
            }
            return .done
        } catch {
            throw BackupParts.failure(error)
        }
    }

    @Sendable private static func verify(_ arguments: ParsedArguments) async throws -> ExitCode {
        let parts = try BackupParts(arguments)
        let progress = BackupProgress("verify", arguments.terminal)
        defer { progress.finish() }
        do {
            let backup = try await parts.library().open(arguments[wanted], by: try parts.holder())
            try await backup.verify { progress.show($0) }
            progress.finish()
            var summary = Self.summary(backup.manifest).members ?? []
            summary.append(JSONMember("intact", true))
            arguments.show(.object(summary))
            return .done
        } catch {
            throw BackupParts.failure(error)
        }
    }

    static func summary(_ manifest: BackupManifest) -> JSONValue {
        let sealed: String =
            switch manifest.key.holder {
            case .passphrase: "passphrase"
            case .masterKey(let id, _): "key \(id)"
            }
        return [
            "name": .string(manifest.name), "created_at": .string(manifest.createdAt.description),
            "tables": .number(JSONNumber(Int64(manifest.tables.count))),
            "rows": .number(JSONNumber(manifest.rows)), "bytes": .number(JSONNumber(manifest.sealedBytes)),
            "schema": .string(manifest.migrations.last?.name ?? ""),
            "postgresql": .string(manifest.serverVersion), "program": .string(manifest.programVersion),
            "fingerprint": .string(manifest.fingerprint), "sealed_with": .string(sealed),
            "master_key": .string(manifest.extras["master-key"] == nil ? "not included" : "included"),
        ]
    }

    /// Runs `body` and closes the connections, whatever became of it.
    static func closing<Value>(_ database: Database, _ body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}

extension JSONValue {
    /// Seconds with three decimals.
    static func number(_ duration: Duration) -> JSONValue {
        let milliseconds = duration / .milliseconds(1)
        return .number(JSONNumber((milliseconds).rounded() / 1000) ?? JSONNumber(0))
    }
}
