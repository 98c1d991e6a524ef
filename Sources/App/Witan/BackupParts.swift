// SPDX-License-Identifier: Apache-2.0
import Arguments
import Backup
import Cryptography
import EmbeddedServers
import EventLoop
import Glibc
import HTTPClient
import Migrator
import ObjectStore
import Observability
import Postgres
import SwiftExtensions

/// What the backup commands share: where the database is, where the backups are, who opens them.
struct BackupParts: Sendable {
    static let place = Option<String?>.optional(
        "place", "directory or s3://bucket/prefix of the backups, in place of WITAN_BACKUP_PLACE", placeholder: "PLACE")
    static let passphraseFile = Option<String?>.optional(
        "passphrase-file", "file of the passphrase that seals, in place of the master key", placeholder: "FILE")
    static let options: [any Parameter] = [
        place, passphraseFile, Commands.dataDirectory, Commands.configFile, Commands.json,
    ]

    let configuration: Configuration
    let arguments: ParsedArguments
    let loop: EventLoop

    init(_ arguments: ParsedArguments, overrides: [String: String]? = nil) throws {
        configuration = try Configuration.load(
            file: arguments[Commands.configFile], overrides: overrides ?? Commands.overrides(arguments))
        LogOutput.standardError.level = max(configuration.logLevel, .warning)
        self.arguments = arguments
        loop = EventLoop(name: "backup")
    }

    // MARK: Where backups are

    func library() throws -> BackupLibrary { BackupLibrary(try storage()) }

    func storage() throws -> any ObjectStorage {
        let place =
            arguments[Self.place] ?? configuration["WITAN_BACKUP_PLACE"]
            ?? configuration.text("WITAN_DATA_DIR") + "/backups"
        guard place.hasPrefix("s3://") else { return DirectoryStorage(path: place) }
        guard let id = configuration["AWS_ACCESS_KEY_ID"], let secret = configuration["AWS_SECRET_ACCESS_KEY"] else {
            throw CommandFailure(.usage, "\(place) needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; set both.")
        }
        let credentials = S3Credentials(
            accessKeyID: id, secretAccessKey: Secret(secret),
            sessionToken: configuration["AWS_SESSION_TOKEN"].map { Secret($0) })
        let client = HTTPClient(
            configuration: HTTPClientConfiguration(
                caFile: configuration["WITAN_UPSTREAM_CA_FILE"], userAgent: "witan/\(Version.current)",
                isProxied: Proxies.areNamed), loops: [loop])
        return try S3Storage(
            place,
            configuration: .init(
                endpoint: configuration["AWS_ENDPOINT_URL"], region: configuration.text("AWS_REGION"),
                credentials: credentials), client: client)
    }

    // MARK: Who opens them

    /// The passphrase when a file of one is named, else the master key when there is one.
    func holder() throws -> BackupKeyHolder? {
        if let passphrase = try passphrase() { return .passphrase(passphrase) }
        do throws(MasterKeyError) {
            return .masterKey(try MasterKey.load(path: masterKeyPath))
        } catch {
            if case .missing = error { return nil }
            throw CommandFailure(.failed, error.description)
        }
    }

    var masterKeyPath: String {
        configuration["WITAN_MASTER_KEY_FILE"] ?? configuration.text("WITAN_DATA_DIR") + "/master.key"
    }

    private func passphrase() throws -> Secret<String>? {
        guard let path = arguments[Self.passphraseFile] else { return nil }
        let text = TextFile.read(path, limit: 4096)?.split(whereSeparator: \.isNewline).first
        guard let text, text.utf8.count >= 12 else {
            throw CommandFailure(
                .usage, "The first line of \(path) is no passphrase: it takes 12 bytes or more in a file you can read.")
        }
        return Secret(String(text))
    }

    // MARK: The database

    /// What is particular to this program's tables.
    static var profile: BackupProfile {
        var profile = BackupProfile(
            programVersion: Version.current, markerSchema: "witan_restoring", lockKey: 0x77_6974_616e_02)
        profile.actor = Account.current
        profile.readerRole = "witan_backup"
        // The record of migrations tells of its own database; the restoring program writes the new one's.
        profile.isRestored = { !$0.hasPrefix("ops._migration") }
        // Numbers of transactions mean nothing on another server. 0: sealed; 1: not yet, and the sealer begins there.
        profile.expressions = [
            "audits.audit_log": [
                "transaction_id": """
                CASE WHEN transaction_id < (SELECT next_transaction_id FROM audits.seal_position) THEN 0 ELSE 1 END
                """
            ],
            "audits.seal_position": ["next_transaction_id": "1"],
        ]
        profile.headsQuery = """
            SELECT DISTINCT ON (org_id) org_id::text AS subject, sequence, encode(hash, 'hex') AS hash
            FROM audits.chain ORDER BY org_id, sequence DESC
            """
        return profile
    }

    func database(_ url: Secret<String>) -> Database {
        var settings = Stores.migratorConfiguration(url)
        settings.applicationName = "witan backup"
        return Database(configuration: settings, loops: [loop], observe: { _ in })
    }

    /// A command's error, with the exit code of what went wrong.
    static func failure(_ error: any Error) -> any Error {
        switch error {
        case let error as BackupError:
            CommandFailure(ExitCode(rawValue: error.exitCode) ?? .failed, error.description)
        case let error as ObjectStoreError:
            CommandFailure(
                ExitCode(rawValue: BackupError.storage(error).exitCode) ?? .failed, error.description)
        default: Commands.failure(error)
        }
    }
}

/// Progress of a backup or restore, on a terminal.
final class BackupProgress: Sendable {
    private let bar: Locked<(bar: ProgressBar?, done: Int64)>
    private let label: String
    private let terminal: Terminal

    init(_ label: String, _ terminal: Terminal) {
        self.label = label
        self.terminal = terminal
        bar = Locked((nil, 0))
    }

    /// Megabytes make the bar move.
    func show(_ event: BackupEvent) {
        guard case .progress(let bytes, let total) = event else { return }
        bar.withLock { state in
            var bar = state.bar ?? ProgressBar(label, total: max(1, Int(total >> 20)), terminal: terminal)
            let step = Int(bytes >> 20) - Int(state.done >> 20)
            if step > 0 || state.bar == nil { bar.advance(by: step) }
            state = (bar, bytes)
        }
    }

    func finish() { bar.withLock { $0.bar?.finish() } }
}
