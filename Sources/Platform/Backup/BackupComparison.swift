// SPDX-License-Identifier: Apache-2.0
import Cryptography
import Inventory
package import Postgres
import SwiftExtensions

/// A database compared with the backup it was restored from: every table's bytes, the chains and the catalog.
package enum BackupComparison {
    /// What differs, a sentence each; nothing when all is equal.
    package static func differences(
        of database: Database, from backup: OpenBackup, profile: BackupProfile,
        observe: @escaping @Sendable (BackupEvent) -> Void = { _ in }
    ) async throws(BackupError) -> [String] {
        try await BackupError.translating {
            try await database.withConnection(queryTimeout: .seconds(24 * 3600)) { connection in
                try await compare(SnapshotReader(connection, profile), backup.manifest, observe)
            }
        }
    }

    private static func compare(
        _ reader: SnapshotReader, _ manifest: BackupManifest, _ observe: (BackupEvent) -> Void
    ) async throws -> [String] {
        var found: [String] = []
        let known = Dictionary(reader.tables.map { ($0.qualifiedName, $0) }) { first, _ in first }
        let tables = manifest.tables.filter(\.isRestored)
        for (index, saved) in tables.enumerated() {
            observe(.table(saved.qualifiedName, number: index + 1, of: tables.count))
            guard let table = known[saved.qualifiedName] else {
                found.append("\(saved.qualifiedName) is missing")
                continue
            }
            let hash = RunningHash()
            let rows = try await reader.copy(table) { hash.add($0) }
            if rows != saved.rows { found.append("\(saved.qualifiedName) has \(rows) rows instead of \(saved.rows)") }
            if hash.finish() != saved.part.sha256 { found.append("\(saved.qualifiedName) has other bytes") }
        }
        if try await reader.heads() != manifest.heads { found.append("the chains end elsewhere") }
        if try await reader.partitions() != manifest.partitions { found.append("the partitions are others") }
        if try await reader.sequences() != manifest.sequences { found.append("a sequence stands elsewhere") }
        let inventory = reader.inventory
        if inventory.fingerprint != manifest.fingerprint,
            inventory.versionIndependent.fingerprint != manifest.portableFingerprint
        {
            found.append("the catalog is another one")
        }
        return found
    }
}

/// A hash that a closure can feed.
private final class RunningHash {
    private var hash: SHA256? = SHA256()

    func add(_ bytes: [UInt8]) { hash?.update(bytes) }
    func finish() -> Digest? { hash.take()?.finish() }
}
