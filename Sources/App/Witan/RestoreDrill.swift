// SPDX-License-Identifier: Apache-2.0
import Arguments
import Audit
import Backup
import EmbeddedServers
import Glibc
import JSON
import Observability
import Postgres
import SwiftExtensions

/// `witan backup drill`: a backup that was never restored is a hope. Restores into a cluster of its own, which goes
/// afterwards, and compares everything.
enum RestoreDrill {
    @Sendable static func run(_ arguments: ParsedArguments) async throws -> ExitCode {
        let parts = try BackupParts(arguments)
        do {
            let backup = try await parts.library().open(arguments[BackupCommands.wanted], by: try parts.holder())
            let path = try scratch()
            let directory: DataDirectory
            do throws(EmbeddedServerError) { directory = try DataDirectory.open(path) } catch {
                throw CommandFailure(.failed, error.description)
            }
            defer { try? directory.destroy() }
            return try await rehearse(backup, directory, parts, arguments)
        } catch {
            throw BackupParts.failure(error)
        }
    }

    private static func rehearse(
        _ backup: OpenBackup, _ directory: DataDirectory, _ parts: BackupParts, _ arguments: ParsedArguments
    ) async throws -> ExitCode {
        let age = Timestamp.now() - backup.manifest.createdAt
        let progress = BackupProgress("restore", arguments.terminal)
        defer { progress.finish() }
        let began = ContinuousClock.now
        let postgres: PrivatePostgres
        do throws(EmbeddedServerError) {
            var settings = PrivatePostgres.Settings()
            settings.programs = parts.configuration["WITAN_POSTGRES_PROGRAMS"]
            postgres = try PrivatePostgres.start(in: directory, settings: settings)
        } catch {
            throw CommandFailure(.failed, error.description)
        }
        defer { try? postgres.stop() }
        let url = Secret(postgres.connectionString(role: PrivatePostgres.superuser))
        let database = parts.database(url)
        return try await BackupCommands.closing(database) {
            _ = try await BackupRestorer(
                database: database, profile: BackupParts.profile, observe: { progress.show($0) }
            ).restore(backup)
            let took = ContinuousClock.now - began
            progress.finish()
            var findings = try await BackupComparison.differences(
                of: database, from: backup, profile: BackupParts.profile)
            let chains = try await AuditInvariants(url: url, parts: parts).findings(backup, &findings)
            report(backup, age: age, took: took, chains: chains, findings: findings, arguments)
            return findings.isEmpty ? .done : .drift
        }
    }

    private static func report(
        _ backup: OpenBackup, age: Duration, took: Duration, chains: Int, findings: [String],
        _ arguments: ParsedArguments
    ) {
        let bytes = backup.manifest.tables.reduce(0) { $0 + $1.part.bytes }
        let rate = Double(bytes) / 1e6 / max(0.001, took / .seconds(1))
        arguments.show([
            "backup": .string(backup.name), "recovery_point": .string(backup.manifest.createdAt.description),
            "recovery_point_age_seconds": .number(age), "recovery_time_seconds": .number(took),
            "rows": .number(JSONNumber(backup.manifest.rows)), "bytes": .number(JSONNumber(bytes)),
            "megabytes_per_second": .number(JSONNumber(rate.rounded()) ?? JSONNumber(0)),
            "tables_compared": .number(JSONNumber(Int64(backup.manifest.tables.count { $0.isRestored }))),
            "chains_verified": .number(JSONNumber(Int64(chains))),
            "differences_count": .number(JSONNumber(Int64(findings.count))),
            // The first ones say what is wrong.
            "differences": .array(findings.prefix(10).map { .string($0) }),
        ])
    }

    private static func scratch() throws -> String {
        var template = Array("\(Terminal.environment("TMPDIR") ?? "/tmp")/witan-drill.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(.failed, "No scratch directory can be made; set TMPDIR to a place with room.")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// What must hold in a restored database: every chain verifies, and sealing goes on where it stopped.
struct AuditInvariants: Sendable {
    let url: Secret<String>
    let parts: BackupParts

    /// The number of chains that were checked; what is wrong is added to `findings`.
    func findings(_ backup: OpenBackup, _ findings: inout [String]) async throws -> Int {
        let app = database(as: "witan_app")
        let sealer = database(as: "witan_sealer")
        let owner = parts.database(url)
        return try await BackupCommands.closing(app) {
            try await BackupCommands.closing(sealer) {
                try await BackupCommands.closing(owner) {
                    _ = try await SealerWorker(database: sealer).sealPending()
                    let rows = try await owner.query("SELECT id FROM auth.organizations ORDER BY id")
                    for row in rows {
                        let organization: UniqueID = try row["id"]
                        let (verification, entries) = try await AuditService(database: app).verify(organization)
                        findings += verification.findings
                        if verification.sealed != entries {
                            findings.append("\(entries - verification.sealed) entries of \(organization) stay unsealed")
                        }
                    }
                    return rows.count
                }
            }
        }
    }

    private func database(as role: String) -> Database {
        var settings = Stores.migratorConfiguration(url)
        settings.role = role
        return Database(configuration: settings, loops: [parts.loop], observe: { _ in })
    }
}
